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

/// Ordered by stamp, then node, then attempt. No two attempts ever have the same ballot: `attempt` counts those of one node, its
/// upper half the node's starts (durably, before the first of a start), its lower half those within one. So uniqueness does not
/// rest on any clock, and a node whose clock is set back goes on with lower stamps.
struct Ballot {
  Hlc stamp;
  NodeId node;
  std::uint64_t attempt = 0;

  friend auto operator<=>(const Ballot&, const Ballot&) = default;
  /// False for the ballot below all others, which stands for "none".
  explicit operator bool() const { return *this != Ballot(); }
};

inline constexpr std::size_t kBallotBytes = 24;

/// Fixed width, part of the disk format (docs/formats.md).
void put_ballot(Bytes& out, const Ballot& ballot);
/// Precondition: kBallotBytes at `data`.
Ballot get_ballot(const char* data);
/// "stamp/node/attempt", for messages.
std::string to_string(const Ballot& ballot);

/// Makes the ballots of one proposer. Loop thread only.
class BallotSource {
 public:
  /// `start`: goes up with each start of the node.
  BallotSource(NodeId node, std::uint32_t start) : node_(node), attempt_(std::uint64_t{start} << 32) {}

  /// A new ballot above `above`, and no lower than the wall clock.
  Ballot next(std::uint64_t wall_ms, const Ballot& above);

 private:
  NodeId node_;
  std::uint64_t attempt_;
};

}  // namespace latium
