// Who owns which arc of a ring.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ring/arc_cost.h"
#include "ring/racks.h"
#include "ring/ring_member.h"

namespace latium {

/// Owners of an arc whose load is bounded: as many replicas as a site holds in all but strange placements.
inline constexpr std::size_t kBoundedOwners = 3;

/// A member's wish for an arc. The least comes first; equal costs by position, which is by id.
class Bid {
 public:
  Bid() = default;
  Bid(LogCost cost, std::uint16_t member) : order_(std::int64_t{cost} * 65'536 + member) {}

  LogCost cost() const { return static_cast<LogCost>(order_ >> 16); }
  /// Position in the members.
  std::uint16_t member() const { return static_cast<std::uint16_t>(order_); }

  friend auto operator<=>(const Bid&, const Bid&) = default;

 private:
  std::int64_t order_ = std::numeric_limits<std::int64_t>::max();  // a wish that comes after all others
};

struct ArcOwners {
  std::size_t owners_an_arc;          ///< kBoundedOwners, fewer where there are fewer members
  std::vector<std::uint16_t> owners;  ///< arc by arc, in order: positions in the members
  std::vector<LogCost> costs;         ///< by arc: the least cost of any member
};

/// Weighted rendezvous hashing with a bound: all arcs choose their first owner, one after the other in a fixed order, then all
/// their second, then their third; each takes the least bid of those that the rule of Racks admits and that have room.
/// A member has room while it holds less than 1.08 of its fair share of all choices so far, so that the load is even whether
/// a tenant has one, two or three replicas in the site. A pure function of the members (sorted by id), which moves little when
/// one comes or goes.
///
/// Measured with equal weights, 100 members and single owners, 3 sets of ids, and an earlier form of the draws: without a bound
/// the most loaded member had 1.13 to 1.18 of the mean (1.18 to 1.28 with draws by a hash alone). Bounds of 1.06 / 1.08 / 1.10
/// moved 1.09 / 1.06 / 1.03 times the least possible when a member joined (1.19 / 1.14 / 1.08 with draws by a hash alone). Bounds
/// on first owners only, with the second and third found by walking on over the arcs, moved 1.7 to 2 times the least possible
/// where there were three racks, and had 1.25 of the mean there. A bound that grows with the arcs that have chosen, the arcs that
/// come first in their site before the others, moved 2 to 9 times the least possible. What this one does in clusters of several
/// shapes: docs/performance.md.
ArcOwners assign_arcs(std::span<const RingMember> members, std::span<const NodeDraw> draws, const Racks& racks);

}  // namespace latium
