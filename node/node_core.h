// NodeCore: a node without its surroundings. Everything here runs on the seams alone, so the simulator runs the same code.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/hlc.h"
#include "node/bucket_service.h"
#include "node/catalog_peers.h"
#include "node/catalog_store.h"
#include "node/cluster.h"
#include "node/identity.h"
#include "node/liveness.h"
#include "node/row_store.h"
#include "relational/catalog.h"
#include "relational/row_sweeper.h"
#include "relational/table_work.h"
#include "relational/transaction.h"
#include "replication/kv.h"
#include "replication/locks.h"
#include "ring/tenant_catalog.h"
#include "runtime/runtime.h"
#include "store/engine.h"

namespace latium {

/// What a node is told about itself at its start.
struct CoreOptions {
  std::string rack{};
  std::uint32_t weight_milli = 1000;
  bool holds_replicas = true;
  std::string address{};         ///< set by join()
  std::vector<Address> seeds{};  ///< members to ask to be taken in
  std::chrono::milliseconds max_clock_offset{500};
  Duration join_timeout = std::chrono::seconds(60);
  UpkeepOptions upkeep{};
  SwimOptions liveness{};  ///< its incarnation is set at the start
};

/// Owned parts, in the order in which they are built; whoever owns the core stops what calls it first.
class NodeCore {
 public:
  /// Opens what the engine holds. Blocks. Runtime, engine,
  /// transport and clock outlive the core.
  static Result<std::unique_ptr<NodeCore>> open(Runtime& runtime, Engine& engine, Transport& transport, HlcClock& hlc,
                                                NodeIdentity identity, CoreOptions options);

  /// On the loop, once the transport serves. `address`: "host:port" that the other nodes are told; empty: nobody reaches it.
  /// Begins a cluster if that is what the node was made for, or joins the cluster if this node is not in it, tells it a new
  /// address, and begins what runs in the background. Errors: those of take_in(), `unavailable` when no seed answers within the
  /// join's timeout.
  Task<void> join(std::string address);
  /// Ends what runs in the background. On the loop.
  Task<void> stop();
  /// Keeps the clock's latest stamp, so that the next start goes on above it even if the wall clock was set back. Blocks.
  Result<void> close();

  Runtime& runtime() { return runtime_; }
  Engine& engine() { return engine_; }
  TenantCatalog& catalog() { return *catalog_; }
  Cluster& cluster() { return *cluster_; }
  Locks& locks() { return *locks_; }
  /// Of the tables of tenants; catalog() is that of the tenants themselves.
  Catalog& tables() { return tables_; }
  LivenessService& liveness() { return *liveness_; }
  BucketService& buckets() { return *buckets_; }
  KeyValue& kv() { return kv_; }
  Transactions& transactions() { return transactions_; }
  TableWork& table_work() { return table_work_; }
  RowSweeper& sweeper() { return sweeper_; }
  const NodeIdentity& identity() const { return identity_; }
  const CoreOptions& options() const { return options_; }
  MonotonicTime started_at() const { return started_at_; }

 private:
  struct Watched;

  NodeCore(Runtime& runtime, std::unique_ptr<Watched> watched, Transport& transport, HlcClock& hlc, NodeIdentity identity,
           CoreOptions options, std::unique_ptr<TenantCatalog> catalog, std::unique_ptr<Cluster> cluster);

  Task<void> begin_if_first();
  TopologyNode self() const;
  Task<void> ask_to_join();
  Task<void> ask_seed(Address seed, MonotonicTime deadline);
  Task<void> look_after();
  /// Tenants whose tables this node looks after: the first replica of their catalog that is up does.
  std::vector<CatalogPlace> tables_to_look_after() const;
  void watch_liveness(Transport& transport);
  void follow_map();
  void topology_is_newer_at(NodeId node);
  Task<void> fetch_topology(NodeId node);

  /// The engine that it was given, and what is known of what is written to it.
  struct Watched {
    explicit Watched(Engine& inner) : engine(inner, changes) {}
    const std::shared_ptr<TableChanges> changes = std::make_shared<TableChanges>();
    WatchedEngine engine;
  };

  Runtime& runtime_;
  std::unique_ptr<Watched> watched_;
  Engine& engine_;
  NodeIdentity identity_;
  CoreOptions options_;
  std::unique_ptr<TenantCatalog> catalog_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Locks> locks_;
  RegisterCatalogStore table_records_;
  ClusterCatalogPeers table_peers_;
  Catalog tables_;
  std::unique_ptr<LivenessService> liveness_;
  bool fetching_topology_ = false;
  HlcClock& hlc_;
  DotSource dots_;
  std::unique_ptr<BucketService> buckets_;
  KeyValue kv_;
  RegisterRows rows_;
  Transactions transactions_;
  TableWork table_work_;
  RowSweeper sweeper_;
  MonotonicTime started_at_;
  TaskGroup background_;
};

}  // namespace latium
