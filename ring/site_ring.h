// SiteRing: the ring of one site: equal arcs, each with an order of owners, in proportion to the nodes' weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "ring/arc_cost.h"
#include "ring/arc_owners.h"
#include "ring/racks.h"
#include "ring/ring_member.h"

namespace latium {

/// Immutable: any thread. A pure function of its members: each node computes the same, whatever came before.
class SiteRing {
 public:
  /// Precondition: 1 to 65,535 members with different ids, in any order.
  /// Some milliseconds for a hundred members; docs/performance.md.
  static std::shared_ptr<const SiteRing> build(std::vector<RingMember> members);

  /// Sorted by id.
  const std::vector<RingMember>& members() const { return members_; }
  const Racks& racks() const { return racks_; }

  /// How early the first member came to the arc, weights counted in: of the rings of several sites, each is first in proportion
  /// to its weight, and a node that joins one of them moves an arc between sites only when it is the first that comes to it.
  /// Precondition, here and below: arc < kArcs.
  LogCost cost(std::uint32_t arc) const { return arcs_.costs[arc]; }

  /// Appends the first `count` owners of the arc, all members if there are fewer; different ones, spread as Racks says. The
  /// lists of one arc are prefixes of each other. The first kBoundedOwners are looked up; further ones cost a draw of every
  /// member.
  void append_owners(std::uint32_t arc, std::size_t count, std::vector<NodeId>& out) const;

 private:
  explicit SiteRing(std::vector<RingMember> members);
  std::vector<std::uint16_t> owners_beyond_bounded(std::uint32_t arc, std::size_t count) const;

  std::vector<RingMember> members_;
  std::vector<NodeId> ids_;  // of the members: what lists are made of, close together
  Racks racks_;
  std::vector<NodeDraw> draws_;  // by member
  ArcOwners arcs_;
};

}  // namespace latium
