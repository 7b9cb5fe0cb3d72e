// TenantCatalog: the tenants that this node knows, in memory and in Family::system.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "ring/ring.h"
#include "ring/tenant.h"
#include "store/engine.h"

namespace latium {

/// A tenant as those who work on it hold it. Any thread.
class TenantHandle {
 public:
  explicit TenantHandle(const Tenant& tenant)
      : id(tenant.id), partitions(tenant.partitions), name(tenant.name), placement(tenant.placement) {}

  const TenantId id;
  const std::uint16_t partitions;
  const std::string name;
  const Placement placement;

  bool dropped() const { return dropped_.load(std::memory_order_acquire); }

  /// The tenant's replicas under `ring`; worked out once for each map.
  std::shared_ptr<const TenantRing> replicas(const Ring& ring) const;

  /// Whether every copy of the tenant is on this node and nowhere else, so that its buckets need no coordinator. False until that
  /// is known.
  bool only_here() const { return only_here_.load(std::memory_order_acquire); }
  void set_only_here(bool value) { only_here_.store(value, std::memory_order_release); }

 private:
  friend class TenantCatalog;
  std::atomic<bool> dropped_{false};
  std::atomic<bool> only_here_{false};
  mutable std::shared_mutex ring_lock_;
  mutable Epoch ring_epoch_;
  mutable std::shared_ptr<const TenantRing> ring_;
};

/// A bucket as those who work on it hold it. Any thread.
class BucketHandle {
 public:
  BucketHandle(std::shared_ptr<const TenantHandle> of, std::string called) : tenant(std::move(of)), name(std::move(called)) {}

  const std::shared_ptr<const TenantHandle> tenant;
  const std::string name;

  /// True once something was put into it.
  bool exists() const { return exists_.load(std::memory_order_acquire); }

 private:
  friend class TenantCatalog;
  std::atomic<bool> exists_{false};
};

/// Any thread. The methods that change it block for a log sync: callers' threads or the blocking pool, never the loop.
/// A change is on disk before it is visible, and before the call returns.
class TenantCatalog {
 public:
  /// Loads what `engine` holds, and finishes drops that a crash cut short. Blocks. The engine outlives the catalog.
  static Result<std::unique_ptr<TenantCatalog>> open(Engine& engine);

  /// Keeps a tenant that the cluster has. Nothing happens when it is known; of two tenants with one name, the later id stays.
  /// `unknown_tenant`: it was dropped here.
  Result<void> adopt(const Tenant& tenant);

  /// In order of name.
  std::vector<Tenant> list() const;
  /// `unknown_tenant`, naming the remedy.
  Result<Tenant> describe(std::string_view name) const;
  std::size_t size() const;

  /// Nothing when not known.
  std::shared_ptr<TenantHandle> find(TenantId id) const;
  std::shared_ptr<TenantHandle> find(std::string_view name) const;

  /// Removes the record and all that is kept of the tenant here, in one batch, and remembers that it is gone: its id is never
  /// used again. The same for one that is not known here.
  Result<void> drop(TenantId id);

  /// On a full disk, which takes removals only: removes what is kept of the tenant but not the tenant, to make room for the
  /// drop that is to follow. Otherwise nothing happens.
  Result<void> make_room_for_drop(TenantId id);

  /// `unknown_tenant`, `invalid_argument` (name). The handle is shared by all who ask for the bucket. Does not block.
  Result<std::shared_ptr<BucketHandle>> bucket(std::string_view tenant, std::string_view bucket);

  /// Records that the bucket exists; called before the first put into it. `unknown_tenant` when dropped meanwhile.
  Result<void> ensure_exists(BucketHandle& bucket);

 private:
  struct Known {
    Tenant tenant;
    std::shared_ptr<TenantHandle> handle;
    std::map<std::string, std::shared_ptr<BucketHandle>, std::less<>> buckets;
  };

  explicit TenantCatalog(Engine& engine) : engine_(engine) {}
  Result<void> load();
  Result<void> finish_drops();
  void add(Tenant tenant);
  Result<void> remove(TenantId id, const std::string& name);

  Engine& engine_;
  // changing_ is held across a change's disk write, so that changes go one by one; known_lock_ only guards the map.
  std::mutex changing_;
  mutable std::shared_mutex known_lock_;
  std::map<std::string, Known, std::less<>> known_;
  std::map<TenantId, std::shared_ptr<TenantHandle>> by_id_;
  std::set<TenantId> dropped_;
};

}  // namespace latium
