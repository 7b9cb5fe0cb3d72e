// What each node of a site ought to hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ring/racks.h"
#include "ring/ring_member.h"

namespace latium {

/// A share in 1/65,536ths of an arc. Every node of a cluster must compute the same: integers only.
using ArcShare = std::uint64_t;
inline constexpr ArcShare kOneArc = 65'536;

/// By member: how often it ought to be among the first `owners` owners of all arcs. In proportion to the weights, as far as no
/// member can own an arc twice and the rule of Racks holds: the racks share first, then the members of each.
/// Precondition: there are that many members.
std::vector<ArcShare> fair_shares(std::span<const RingMember> members, const Racks& racks, std::size_t owners);

}  // namespace latium
