// Who owns which arc of a ring.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ring/arc_cost.h"

namespace latium {

struct RingMember;

struct ArcOwners {
  std::vector<std::uint16_t> owners;  ///< by arc: position in the members
  std::vector<LogCost> costs;         ///< by arc: the owner's cost
};

/// Weighted rendezvous hashing: each arc goes to the member whose draw is least.
ArcOwners assign_arcs(std::span<const RingMember> members, std::uint32_t arcs);

}  // namespace latium
