// Cluster: a node's part in its cluster: the map, the tenants, the registers, and how maps spread. What the registers' protocol
// sees of it is ClusterView.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "node/cluster_map.h"
#include "replication/registers.h"
#include "ring/tenant_catalog.h"

namespace latium {

namespace cluster {
class TopologyFetchRequest;
}

/// Loop thread only, but for ring(). All that it is given outlives it; join stop() before it dies.
class Cluster final : public ClusterView {
 public:
  /// Loads the map and the floors, and counts this start: ballots of different starts differ. Blocks.
  static Result<std::unique_ptr<Cluster>> open(Runtime& runtime, Engine& engine, Transport& transport, TenantCatalog& catalog,
                                               NodeId self);

  NodeId self() const override { return self_; }
  /// Counts this node's starts, from 1.
  std::uint32_t run() const { return run_; }
  Epoch epoch() const override { return map_->epoch(); }
  Bytes encoded_topology() const override { return encode_topology(map_->ring()->topology()); }
  Task<void> adopt_topology(Bytes encoded) override;
  Result<ReplicaSet> replicas(TenantId tenant, PartitionId partition) const override;
  bool knows_tenant(TenantId tenant) const override { return catalog_.find(tenant) != nullptr; }
  Result<Bytes> tenant_record(TenantId tenant) const override;
  Task<void> adopt_tenant(Bytes record) override;
  Result<PeerView> peer(NodeId node) const override;

  /// Any thread.
  std::shared_ptr<const Ring> ring() const { return map_->ring(); }
  ClusterMap& map() { return *map_; }
  Task<void> adopt(Topology topology);
  /// `unavailable`: not known yet, and a node is joining.
  Task<void> adopt_tenant(Tenant tenant);

  /// Sends this node's map to `node` and takes over that node's if it is newer.
  Task<void> exchange_topology(NodeId node, MonotonicTime deadline);
  /// Takes over the map of `node` if it is newer than this node's. One small request when it is not.
  Task<void> fetch_topology(NodeId node, MonotonicTime deadline);
  /// exchange_topology() with everybody in the map, at once; failures are left to later requests, which carry maps too.
  Task<void> spread_topology(MonotonicTime deadline);

  /// What is known of a member's liveness; set by whoever watches it. Without one, everybody is up.
  void set_liveness(std::function<Liveness(NodeId)> of) { liveness_ = std::move(of); }
  /// Called after each change of the map in use.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

  Registers& registers() { return *registers_; }
  RegisterReplica& replica() { return *replica_; }
  ReplicaLinks& links() { return *links_; }
  Runtime& runtime() { return runtime_; }
  Transport& transport() { return transport_; }
  TenantCatalog& catalog() { return catalog_; }

  /// Tenants know whether all of them is here; after each change of the map or the tenants.
  void update_tenants();

  Task<void> stop();

 private:
  Task<void> ask_for_topology(NodeId node, cluster::TopologyFetchRequest request, MonotonicTime deadline);
  Cluster(Runtime& runtime, Engine& engine, Transport& transport, TenantCatalog& catalog, NodeId self);

  Runtime& runtime_;
  Transport& transport_;
  TenantCatalog& catalog_;
  NodeId self_;
  std::uint32_t run_ = 0;
  std::unique_ptr<ClusterMap> map_;
  std::unique_ptr<RegisterReplica> replica_;
  std::unique_ptr<ReplicaLinks> links_;
  std::unique_ptr<Registers> registers_;
  // Others of the map of `peers_epoch_`, as far as they were asked for: addresses are parsed once.
  mutable std::unordered_map<NodeId, PeerView> peers_;
  mutable Epoch peers_epoch_;
  std::function<Liveness(NodeId)> liveness_;
  std::function<void()> changed_;
};

}  // namespace latium
