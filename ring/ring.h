#pragma once
#include <memory>
#include <span>
#include <vector>
#include "ring/placement.h"
#include "ring/topology.h"
namespace latium {
struct PreferenceList {
  std::vector<NodeId> replicas;
  std::vector<NodeId> stand_ins;
};
class Ring {
 public:
  static std::shared_ptr<const Ring> build(Topology topology, const Ring* previous = nullptr);
  const Topology& topology() const { return topology_; }
  Epoch epoch() const { return topology_.epoch; }
  const TopologyNode* node(NodeId id) const { return topology_.find(id); }
  std::vector<SiteCapacity> sites() const;
  Result<void> check(const Placement& placement) const { return placement.check_satisfiable(sites()); }
  PreferenceList preference_list(TenantId tenant, const Placement& placement, PartitionId partition) const;
 private:
  Topology topology_;
};
class TenantRing {
 public:
  static std::shared_ptr<const TenantRing> build(const Ring& ring, TenantId tenant, const Placement& placement, std::uint16_t partitions);
  std::span<const NodeId> replicas(PartitionId partition) const { return table_[partition.value]; }
  std::uint16_t partitions() const { return static_cast<std::uint16_t>(table_.size()); }
 private:
  std::vector<std::vector<NodeId>> table_;
};
bool same_replicas(const Ring& before, const Ring& after, TenantId tenant, const Placement& placement, std::uint16_t partitions);
}  // namespace latium
