// RingMember: what the ring of a site knows of a node.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace latium {

/// Arcs of every ring. A power of two, at least kMaxPartitions: the partitions of one tenant start at different arcs.
inline constexpr std::uint32_t kArcs = 16'384;

struct RingMember {
  NodeId id;
  std::string rack;
  std::uint32_t weight_milli = 1000;
  std::uint32_t token = 0;  ///< which of its draws it has: choose_token()

  friend bool operator==(const RingMember&, const RingMember&) = default;
};

}  // namespace latium
