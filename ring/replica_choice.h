// ReplicaChoice: a placement under a ring, ready to pick the replicas of any partition.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "ring/placement.h"
#include "ring/ring.h"

namespace latium {

/// The arc at which the walk for a partition begins, on the ring of every site. The partitions of one tenant begin at different
/// arcs, far from each other; tenants whose ids follow each other take turns over all arcs. So partitions are spread over arcs
/// more evenly than a hash would, and nodes are loaded as evenly as they own arcs. On every node the same: never changes.
std::uint32_t first_arc(TenantId tenant, PartitionId partition);

/// Refers to the ring, which must outlive it.
class ReplicaChoice {
 public:
  ReplicaChoice(const Ring& ring, const Placement& placement);

  /// Replicas that every partition gets: fewer than the placement asks for only where the cluster does not meet it.
  std::size_t replicas() const { return replicas_; }

  /// Appends the replicas of the partition that begins at `arc`.
  void append_replicas(std::uint32_t arc, std::vector<NodeId>& out);
  /// Appends its stand-ins.
  void append_stand_ins(std::uint32_t arc, std::vector<NodeId>& out);

  /// The rings that the choice depends on.
  std::vector<const SiteRing*> rings() const;

 private:
  struct Site {
    const SiteRing* ring;
    std::size_t wanted;  // replicas; any_of: what the partition at hand gets
  };
  void order_sites(std::uint32_t arc);
  void share_out();
  Site& site_at(std::int64_t order) { return sites_[static_cast<std::size_t>(order & kPosition)]; }

  static constexpr std::int64_t kPosition = 0xffff'ffff;

  bool any_of_ = false;
  std::size_t replicas_ = 0;
  std::vector<Site> sites_;  // by name
  // Of the partition at hand: each site's cost at its arc, and below it the position in sites_, which decides between equal
  // costs.
  std::vector<std::int64_t> order_;
};

}  // namespace latium
