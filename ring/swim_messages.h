// What SWIM's nodes tell each other: values, and their bytes (proto/gossip.proto).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace latium {

enum class Liveness : std::uint8_t { up = 1, suspect = 2, down = 3 };

/// "up", "suspect", "down".
std::string_view to_string(Liveness liveness);

/// What somebody thinks of a node. `incarnation` is that of SWIM: only the node itself raises it, to refute. It is not the
/// Incarnation of its data.
struct SwimUpdate {
  NodeId node;
  Liveness liveness = Liveness::up;
  std::uint64_t incarnation = 0;
  NodeId from;  ///< who suspects
  friend bool operator==(const SwimUpdate&, const SwimUpdate&) = default;
};

/// Whether a site answers ours.
struct SwimSiteUpdate {
  std::string site;
  Liveness liveness = Liveness::up;  ///< up or down
  std::uint64_t version = 0;
  friend bool operator==(const SwimSiteUpdate&, const SwimSiteUpdate&) = default;
};

struct SwimMessage {
  enum class Kind : std::uint8_t { ping = 1, ack = 2, ping_req = 3, relay = 4, gossip = 5, sync = 6, sync_answer = 7 };

  Kind kind = Kind::gossip;
  std::uint64_t sequence = 0;
  NodeId target{};       ///< of a ping-req or relay
  Epoch epoch{};         ///< of the sender's topology
  bool reached = false;  ///< of a relay
  std::vector<SwimUpdate> updates{};
  std::vector<SwimSiteUpdate> sites{};
  std::vector<std::uint64_t> digests{};  ///< of a sync: as in proto/gossip.proto
  friend bool operator==(const SwimMessage&, const SwimMessage&) = default;
};

/// Incarnations and versions from this on are refused: no honest sender gets there, and a refutation has to be able to go above.
inline constexpr std::uint64_t kMaxSwimIncarnation = std::uint64_t{1} << 62;
/// Most updates, site updates and digests that a message may have, of each.
inline constexpr std::size_t kMaxSwimItems = 1u << 16;

Bytes encode_swim(const SwimMessage& message);
/// What one of them adds to the bytes of a message.
std::size_t encoded_size(const SwimUpdate& update);
std::size_t encoded_size(const SwimSiteUpdate& update);
/// `invalid_argument` for bytes that are no message, or one whose values are out of bounds.
Result<SwimMessage> decode_swim(BytesView bytes);

}  // namespace latium
