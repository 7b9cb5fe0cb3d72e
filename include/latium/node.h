// Node: one member of the cluster, inside this process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "latium/bucket.h"
#include "latium/database.h"
#include "latium/error.h"
#include "latium/lock.h"
#include "latium/options.h"
#include "latium/registers.h"

namespace latium {

struct TenantOptions {
  /// "SITE:REPLICAS,...", "any N of [SITE, ...]" or "everywhere: N". Empty: one replica at the node's own site.
  std::string placement{};
  /// Equal shares that the tenant's keys are divided into: a power of two, 1 to 4096. Fixed once created.
  std::uint16_t partitions = 64;
};

struct TenantInfo {
  std::string name;
  std::string placement{};
  std::uint16_t partitions = 0;
  std::vector<std::string> buckets;
};

struct NodeStatus {
  std::string node_id;     ///< 16 hexadecimal digits
  std::string cluster_id;  ///< 16 hexadecimal digits
  std::string site;
  std::string rack;
  std::string state;         ///< "serving", "read_only" or "stopping"
  std::string state_reason;  ///< why, when not serving
  std::string listen;        ///< "HOST:PORT" served on; empty: none
  std::uint64_t epoch = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t uptime_ms = 0;
  std::uint64_t tenants = 0;
  std::uint64_t keys_estimate = 0;
  std::uint64_t disk_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< of the store, without its block cache
};

/// Any thread may call anything, except that a node's own callbacks must not stop or destroy it. Several nodes may live in one
/// process, each with a data directory of its own. Stopping (stop(), or the destructor) waits for calls in flight; buckets and
/// callbacks used afterwards answer `unavailable`.
class Node {
 public:
  struct Impl;  ///< opaque

  /// Opens the data directory, recovers it, and serves. Blocks; the time does not grow with the data. Errors:
  /// `invalid_argument` (an option, by name), `data_dir_locked`, `incompatible_format`, `wrong_cluster`, `io_error` (directory
  /// not writable, address in use), `unauthenticated` (certificate), `corruption`.
  static Result<Node> open(NodeOptions options);

  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;
  ~Node();

  /// `already_exists`, `unsatisfiable_placement` (names what is missing), `invalid_argument`. Durable when it returns.
  Result<TenantInfo> create_tenant(std::string_view name, TenantOptions options = {});
  Result<std::vector<TenantInfo>> tenants() const;
  /// `unknown_tenant`.
  Result<TenantInfo> tenant(std::string_view name) const;
  /// Removes the tenant and all its data. `unknown_tenant`.
  Result<void> drop_tenant(std::string_view name);

  /// A handle on a bucket, which the first put makes. `unknown_tenant`, `invalid_argument` (name).
  Result<Bucket> bucket(std::string_view tenant, std::string_view name);

  /// A handle on the tenant's registers. `unknown_tenant`.
  Result<TenantRegisters> registers(std::string_view tenant);

  /// A handle on the tenant's tables. `unknown_tenant`.
  Result<Database> database(std::string_view tenant);

  /// Takes the lock, waiting for it as long as the options say. Linearizable. One round trip to a majority, or two, and one to
  /// the node that serves the lock unless that is this one. Errors: `conflict` (another holds it: the message says who, and for
  /// how long), `unknown_tenant`, `invalid_argument`, `unavailable`, `unknown_outcome` (it may be taken under the owner given).
  Result<Lock> lock(std::string_view tenant, std::string_view name, LockOptions options = {});
  void lock_async(std::string tenant, std::string name, LockOptions options, Callback<Lock> done);
  /// Who holds a lock. Linearizable; costs and errors of a quorum read of a register.
  Result<LockInfo> show_lock(std::string_view tenant, std::string_view name);

  NodeStatus status() const;

  /// Refuses new calls, lets those in flight end, cancels what is left after NodeOptions::stop_timeout_ms (a disk operation
  /// that has begun is waited for), closes the store. Idempotent.
  Result<void> stop();

 private:
  explicit Node(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
