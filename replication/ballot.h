// Ballot: names one attempt of one proposer to change one register. Greater ballots win.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

/// Ordered by stamp, then node, then run. No two attempts ever have the same ballot: a proposer's stamps grow while it runs, and
/// `run` goes up, durably, at each of its starts, so that uniqueness does not rest on the clock of a restarted machine.
struct Ballot {
  Hlc stamp;
  NodeId node;
  std::uint32_t run = 0;

  friend auto operator<=>(const Ballot&, const Ballot&) = default;
  /// False for the ballot below all others, which stands for "none".
  explicit operator bool() const { return *this != Ballot(); }
};

inline constexpr std::size_t kBallotBytes = 20;

/// Fixed width, part of the disk format (docs/formats.md).
void put_ballot(Bytes& out, const Ballot& ballot);
/// Precondition: kBallotBytes at `data`.
Ballot get_ballot(const char* data);
/// "stamp/node/run", for messages.
std::string to_string(const Ballot& ballot);

/// Makes the ballots of one proposer. Loop thread only.
class BallotSource {
 public:
  BallotSource(NodeId node, std::uint32_t run) : node_(node), run_(run) {}

  /// Above every ballot made or seen so far, and no lower than the wall clock.
  Ballot next(std::uint64_t wall_ms);
  /// Later ballots will be above this one.
  void saw(const Ballot& ballot);

 private:
  NodeId node_;
  std::uint32_t run_;
  Hlc last_;
};

}  // namespace latium
