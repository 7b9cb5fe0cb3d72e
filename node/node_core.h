// NodeCore: a node without its surroundings. Everything here runs on the seams alone, so the simulator runs the same code.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/hlc.h"
#include "node/identity.h"
#include "replication/kv.h"
#include "ring/tenant_catalog.h"
#include "runtime/runtime.h"
#include "store/engine.h"

namespace latium {

/// What a node is told about itself at its start.
struct CoreOptions {
  std::string rack;
  bool holds_replicas = true;
};

/// Owned parts, in the order in which they are built; whoever owns the core stops what calls it first.
class NodeCore {
 public:
  /// Opens what the engine holds. Blocks. Runtime, engine and clock outlive the core.
  static Result<std::unique_ptr<NodeCore>> open(Runtime& runtime, Engine& engine, HlcClock& hlc, NodeIdentity identity,
                                                CoreOptions options);

  /// Keeps the clock's latest stamp, so that the next start goes on above it even if the wall clock was set back. Blocks.
  Result<void> close();

  /// Checks the placement against the cluster, then creates. Empty placement: one replica at the node's own site. Blocks.
  Result<Tenant> create_tenant(std::string_view name, std::string_view placement, std::uint16_t partitions);

  /// The sites of the cluster with their storage nodes.
  std::vector<SiteCapacity> sites() const;

  Runtime& runtime() { return runtime_; }
  Engine& engine() { return engine_; }
  TenantCatalog& catalog() { return *catalog_; }
  KeyValue& kv() { return kv_; }
  const NodeIdentity& identity() const { return identity_; }
  const CoreOptions& options() const { return options_; }
  MonotonicTime started_at() const { return started_at_; }

 private:
  NodeCore(Runtime& runtime, Engine& engine, HlcClock& hlc, NodeIdentity identity, CoreOptions options,
           std::unique_ptr<TenantCatalog> catalog)
      : runtime_(runtime),
        engine_(engine),
        identity_(std::move(identity)),
        options_(std::move(options)),
        catalog_(std::move(catalog)),
        hlc_(hlc),
        kv_(runtime, engine, *catalog_, hlc),
        started_at_(runtime.clock.monotonic_now()) {}

  Runtime& runtime_;
  Engine& engine_;
  NodeIdentity identity_;
  CoreOptions options_;
  std::unique_ptr<TenantCatalog> catalog_;
  HlcClock& hlc_;
  KeyValue kv_;
  MonotonicTime started_at_;
};

}  // namespace latium
