#include "ring/tenant_catalog.h"

#include <algorithm>
#include <utility>

#include "proto/storage.pb.h"
#include "ring/partition.h"
#include "store/key_layout.h"

namespace latium {

namespace {

constexpr std::string_view kTenantPrefix = "tenant/";
constexpr std::string_view kDroppedPrefix = "dropped/";
// A handle is made for whoever names a bucket, so misspelt names must not pile up.
constexpr std::size_t kMaxIdleBuckets = 4096;

Bytes tenant_key(std::string_view name) {
  return Bytes(kTenantPrefix).append(name);
}

Bytes dropped_key(TenantId id) {
  Bytes out(kDroppedPrefix);
  put_u32_be(out, id.value);
  return out;
}

void remove_tenant_data(WriteBatch& batch, TenantId id) {
  const KeyRange all = KeyRange::prefix(tenant_prefix(id));
  batch.remove_range(Family::data, all.begin, all.end);
  batch.remove_range(Family::registers, all.begin, all.end);
  batch.remove_range(Family::trees, all.begin, all.end);
  batch.remove_range(Family::expiring, all.begin, all.end);
}

std::unexpected<Error> unknown_tenant(std::string_view name) {
  return fail(
      ErrorCode::unknown_tenant,
      "tenant '" + printable(name) + "' does not exist: create it first (latium tenant create NAME), or see latium tenant list");
}

}  // namespace

Result<std::unique_ptr<TenantCatalog>> TenantCatalog::open(Engine& engine) {
  std::unique_ptr<TenantCatalog> catalog(new TenantCatalog(engine));
  LATIUM_CHECKED(catalog->load());
  LATIUM_CHECKED(catalog->finish_drops());
  return catalog;
}

Result<void> TenantCatalog::load() {
  LATIUM_TRY(const auto cursor, engine_.scan(Family::system, KeyRange::prefix(kTenantPrefix)));
  for (; cursor->valid(); cursor->next()) {
    LATIUM_TRY(Tenant tenant, decode_tenant(cursor->value()));
    add(std::move(tenant));
  }
  return cursor->status();
}

// A put that raced with the drop may have landed after the tenant's range was removed; its id is never used again, so
// nobody sees it, and here it goes.
Result<void> TenantCatalog::finish_drops() {
  WriteBatch batch;
  {
    LATIUM_TRY(const auto cursor, engine_.scan(Family::system, KeyRange::prefix(kDroppedPrefix)));
    for (; cursor->valid(); cursor->next()) {
      const BytesView id = cursor->key().substr(kDroppedPrefix.size());
      if (id.size() != 4) return fail(ErrorCode::corruption, "a 'dropped/' record has no tenant id");
      dropped_.insert(TenantId{get_u32_be(id.data())});
      remove_tenant_data(batch, TenantId{get_u32_be(id.data())});
    }
    LATIUM_CHECKED(cursor->status());
  }
  if (batch.empty()) return {};
  return engine_.write(std::move(batch), Durability::sync);
}

void TenantCatalog::add(Tenant tenant) {
  auto handle = std::make_shared<TenantHandle>(tenant);
  Known known{std::move(tenant), handle, {}};
  for (const std::string& name : known.tenant.buckets) {
    auto bucket = std::make_shared<BucketHandle>(handle, name);
    bucket->exists_.store(true, std::memory_order_release);
    known.buckets.emplace(name, std::move(bucket));
  }
  by_id_[known.tenant.id] = handle;
  std::string name = known.tenant.name;
  known_.insert_or_assign(std::move(name), std::move(known));
}

Result<void> TenantCatalog::adopt(const Tenant& tenant) {
  const std::lock_guard changing(changing_);
  if (dropped_.contains(tenant.id)) return unknown_tenant(tenant.name);
  std::optional<TenantId> older;
  {
    const std::shared_lock lock(known_lock_);
    if (by_id_.contains(tenant.id)) return {};
    if (const auto found = known_.find(tenant.name); found != known_.end()) older = found->second.tenant.id;
  }
  // A name is given a second time only after the first tenant of that name was dropped.
  if (older && *older > tenant.id) return unknown_tenant(tenant.name);
  if (older) LATIUM_CHECKED(remove(*older, tenant.name));
  WriteBatch batch;
  batch.put(Family::system, tenant_key(tenant.name), encode_tenant(tenant));
  LATIUM_CHECKED(engine_.write(std::move(batch), Durability::sync));
  const std::unique_lock lock(known_lock_);
  add(tenant);
  return {};
}

std::shared_ptr<TenantHandle> TenantCatalog::find(TenantId id) const {
  const std::shared_lock lock(known_lock_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<TenantHandle> TenantCatalog::find(std::string_view name) const {
  const std::shared_lock lock(known_lock_);
  const auto found = known_.find(name);
  return found == known_.end() ? nullptr : found->second.handle;
}

std::vector<Tenant> TenantCatalog::list() const {
  const std::shared_lock lock(known_lock_);
  std::vector<Tenant> out;
  out.reserve(known_.size());
  for (const auto& [name, known] : known_) out.push_back(known.tenant);
  return out;
}

Result<Tenant> TenantCatalog::describe(std::string_view name) const {
  const std::shared_lock lock(known_lock_);
  const auto found = known_.find(name);
  if (found == known_.end()) return unknown_tenant(name);
  return found->second.tenant;
}

std::size_t TenantCatalog::size() const {
  const std::shared_lock lock(known_lock_);
  return known_.size();
}

Result<void> TenantCatalog::drop(TenantId id) {
  const std::lock_guard changing(changing_);
  if (dropped_.contains(id)) return {};
  const auto handle = find(id);
  return remove(id, handle ? handle->name : std::string());
}

Result<void> TenantCatalog::make_room_for_drop(TenantId id) {
  if (engine_.health().state == EngineHealth::State::writable) return {};
  WriteBatch removal;
  remove_tenant_data(removal, id);
  return engine_.write(std::move(removal), Durability::sync);
}

// changing_ is held. `name`: empty when the tenant is not known here.
Result<void> TenantCatalog::remove(TenantId id, const std::string& name) {
  const auto handle = find(id);
  // Before anything is removed: whoever looks again after it read or scanned knows then why there was nothing.
  if (handle) handle->dropped_.store(true, std::memory_order_release);
  WriteBatch removal;
  if (!name.empty()) removal.remove(Family::system, tenant_key(name));
  remove_tenant_data(removal, id);
  WriteBatch batch = removal;
  batch.put(Family::system, dropped_key(id), "");
  Result<void> written = engine_.write(std::move(batch), Durability::sync);
  // A full disk takes removals only, and no puts that could race with them: the mark is not needed.
  if (!written && written.error().code == ErrorCode::read_only) written = engine_.write(std::move(removal), Durability::sync);
  if (!written) {
    // Perhaps removed is as good as dropped until the drop is repeated: a put acknowledged now could go at the next start.
    if (handle && written.error().certainty == Certainty::not_applied) handle->dropped_.store(false, std::memory_order_release);
    return written;
  }
  const std::unique_lock lock(known_lock_);
  dropped_.insert(id);
  by_id_.erase(id);
  if (const auto found = known_.find(name); found != known_.end() && found->second.tenant.id == id) known_.erase(found);
  return {};
}

std::shared_ptr<const TenantRing> TenantHandle::replicas(const Ring& ring) const {
  {
    const std::shared_lock lock(ring_lock_);
    if (ring_ && ring_epoch_ == ring.epoch()) return ring_;
  }
  auto built = TenantRing::build(ring, id, placement, partitions);
  const std::unique_lock lock(ring_lock_);
  if (!ring_ || ring_epoch_ <= ring.epoch()) {
    ring_ = built;
    ring_epoch_ = ring.epoch();
  }
  return built;
}

Result<std::shared_ptr<BucketHandle>> TenantCatalog::bucket(std::string_view tenant, std::string_view bucket) {
  LATIUM_CHECKED(check_bucket_name(bucket));
  {
    const std::shared_lock lock(known_lock_);
    const auto found = known_.find(tenant);
    if (found == known_.end()) return unknown_tenant(tenant);
    if (const auto handle = found->second.buckets.find(bucket); handle != found->second.buckets.end()) return handle->second;
  }
  const std::unique_lock lock(known_lock_);
  const auto found = known_.find(tenant);
  if (found == known_.end()) return unknown_tenant(tenant);
  Known& known = found->second;
  if (known.buckets.size() >= known.tenant.buckets.size() + kMaxIdleBuckets) {
    std::erase_if(known.buckets, [](const auto& entry) { return !entry.second->exists() && entry.second.use_count() == 1; });
  }
  auto& handle = known.buckets[std::string(bucket)];
  if (!handle) handle = std::make_shared<BucketHandle>(known.handle, std::string(bucket));
  return handle;
}

Result<void> TenantCatalog::ensure_exists(BucketHandle& bucket) {
  if (bucket.exists()) return {};
  const std::lock_guard changing(changing_);
  if (bucket.exists()) return {};
  Tenant tenant;
  {
    const std::shared_lock lock(known_lock_);
    const auto found = known_.find(bucket.tenant->name);
    if (found == known_.end() || found->second.handle != bucket.tenant) return unknown_tenant(bucket.tenant->name);
    tenant = found->second.tenant;
  }
  tenant.buckets.insert(std::ranges::lower_bound(tenant.buckets, bucket.name), bucket.name);
  ++tenant.version;
  WriteBatch batch;
  batch.put(Family::system, tenant_key(tenant.name), encode_tenant(tenant));
  LATIUM_CHECKED(engine_.write(std::move(batch), Durability::sync));
  const std::unique_lock lock(known_lock_);
  known_.find(tenant.name)->second.tenant = std::move(tenant);
  bucket.exists_.store(true, std::memory_order_release);
  return {};
}

}  // namespace latium
