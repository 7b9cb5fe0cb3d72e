// Ring: which nodes hold a partition. A pure function of the topology: every node computes the same, with no messages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "ring/placement.h"
#include "ring/site_ring.h"
#include "ring/topology.h"

namespace latium {

struct PreferenceList {
  std::vector<NodeId> replicas;   ///< in order: the first is where contention is sent; firsts are spread over sites and nodes
  std::vector<NodeId> stand_ins;  ///< who may hold hints: site by site, in the order in which the sites come in `replicas`

  friend bool operator==(const PreferenceList&, const PreferenceList&) = default;
};

/// Most stand-ins of one site in a preference list.
inline constexpr std::size_t kMaxStandInsPerSite = 16;

/// Immutable; shared by pointer; any thread.
class Ring {
 public:
  /// Shares the rings of the sites of `previous` whose members are the same.
  /// Nodes may come in any order.
  static std::shared_ptr<const Ring> build(Topology topology, const Ring* previous = nullptr);

  const Topology& topology() const { return topology_; }
  Epoch epoch() const { return topology_.epoch; }
  /// nullptr: not in the topology. Lives as long as the ring.
  const TopologyNode* node(NodeId id) const { return topology_.find(id); }

  /// Sites with nodes that own data now, by name.
  std::vector<SiteCapacity> sites() const;
  /// `unsatisfiable_placement`, naming everything that is missing now.
  Result<void> check(const Placement& placement) const;

  /// The replicas and stand-ins of one partition; never a node outside the placement's sites. A placement that the cluster no
  /// longer meets gives fewer replicas. The hot path reads TenantRing.
  PreferenceList preference_list(TenantId tenant, const Placement& placement, PartitionId partition) const;

  /// The stand-ins for one replica of the list: those of its own site first, then the others in the list's order.
  std::vector<NodeId> stand_ins_for(NodeId replica, const PreferenceList& list) const;

  struct Site {
    std::string name;
    std::shared_ptr<const SiteRing> ring;
  };
  /// Sites with nodes that own data now, sorted by name.
  const std::vector<Site>& site_rings() const { return sites_; }
  /// nullptr: no such site, or none of its nodes owns data.
  const SiteRing* site_ring(std::string_view name) const;

 private:
  explicit Ring(Topology topology) : topology_(std::move(topology)) {}

  Topology topology_;
  std::vector<Site> sites_;
};

/// The replicas of all partitions of one tenant under one ring. Immutable; shared by pointer; any thread.
class TenantRing {
 public:
  /// Precondition: valid_partitions(partitions).
  static std::shared_ptr<const TenantRing> build(const Ring& ring, TenantId tenant, const Placement& placement,
                                                 std::uint16_t partitions);

  /// As Ring::preference_list has them. Precondition: partition < partitions().
  std::span<const NodeId> replicas(PartitionId partition) const {
    return std::span(nodes_).subspan(std::size_t{partition.value} * replicas_, replicas_);
  }
  std::uint16_t partitions() const { return partitions_; }
  Epoch epoch() const { return epoch_; }

 private:
  TenantRing() = default;

  Epoch epoch_;
  std::uint16_t partitions_ = 0;
  std::size_t replicas_ = 0;   // of each partition: the same for all, since it follows from placement and sites
  std::vector<NodeId> nodes_;  // partition by partition
};

/// Whether every partition of the tenant has the same set of replicas in both (their order may differ): going from one to the
/// other moves no data. Cheap when the rings of the placement's sites are shared.
bool same_replicas(const Ring& before, const Ring& after, TenantId tenant, const Placement& placement, std::uint16_t partitions);

}  // namespace latium
