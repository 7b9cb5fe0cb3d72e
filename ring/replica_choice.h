// ReplicaChoice: a placement under a ring, ready to pick the replicas of any partition.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "ring/placement.h"
#include "ring/ring.h"

namespace latium {

/// The arc of a partition, before the turn of a site. The partitions of one tenant have different arcs, far from each other;
/// tenants whose ids follow each other take turns over all arcs. So partitions are spread over arcs more evenly than a hash
/// would, and nodes are loaded as evenly as they own arcs. On every node the same: never changes.
std::uint32_t first_arc(TenantId tenant, PartitionId partition);

/// How many arcs further on a site has the partitions of a tenant. So the tenants that share an arc of one site meet there
/// different arcs of the others: which site comes first for a partition, and whether a site gets it at all where the placement
/// leaves that open, is drawn anew for each of them. With one draw an arc for all tenants, nodes of `any 3 of` 5 sites had up to
/// 1.27 of the mean. Whole steps from partition to partition of a tenant that has 64: they have the same arcs all the same.
/// On every node the same: never changes.
std::uint32_t site_turn(TenantId tenant, std::string_view site);

/// For the partitions of one tenant. Refers to the ring, which must outlive it.
class ReplicaChoice {
 public:
  ReplicaChoice(const Ring& ring, const Placement& placement, TenantId tenant);

  /// Replicas that every partition gets: fewer than the placement asks for only where the cluster does not meet it.
  std::size_t replicas() const { return replicas_; }

  void append_replicas(PartitionId partition, std::vector<NodeId>& out);
  void append_stand_ins(PartitionId partition, std::vector<NodeId>& out);

  /// The rings that the choice depends on.
  std::vector<const SiteRing*> rings() const;

 private:
  struct Site {
    const SiteRing* ring;
    std::size_t wanted;  // replicas; any_of: what the partition at hand gets
    std::uint32_t turn;

    std::uint32_t arc(std::uint32_t first) const { return (first + turn) % kArcs; }
  };
  void order_sites(std::uint32_t first);
  void share_out();
  Site& site_at(std::int64_t order) { return sites_[static_cast<std::size_t>(order & kPosition)]; }

  static constexpr std::int64_t kPosition = 0xffff'ffff;

  TenantId tenant_;
  bool any_of_ = false;
  std::size_t replicas_ = 0;
  std::vector<Site> sites_;  // by name
  // Of the partition at hand: each site's cost at its arc, and below it the position in sites_, which decides between equal
  // costs.
  std::vector<std::int64_t> order_;
};

}  // namespace latium
