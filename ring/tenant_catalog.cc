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
constexpr std::string_view kIdsKey = "tenant_ids";
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
  LATIUM_TRY(const ReadResult ids, engine_.get(Family::system, kIdsKey, ReadMode::may_block));
  if (ids.presence == Presence::found) {
    storage::TenantIds record;
    if (!record.ParseFromString(ids.value)) return fail(ErrorCode::corruption, "the record 'tenant_ids' does not parse");
    next_id_ = record.next();
  }
  LATIUM_TRY(const auto cursor, engine_.scan(Family::system, KeyRange::prefix(kTenantPrefix)));
  for (; cursor->valid(); cursor->next()) {
    LATIUM_TRY(Tenant tenant, decode_tenant(cursor->value()));
    if (tenant.id.value >= next_id_) return fail(ErrorCode::corruption, "tenant '" + tenant.name + "' has an id never given out");
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
      remove_tenant_data(batch, TenantId{get_u32_be(id.data())});
      batch.remove(Family::system, cursor->key());
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
  std::string name = known.tenant.name;
  known_.insert_or_assign(std::move(name), std::move(known));
}

Result<Tenant> TenantCatalog::create(std::string_view name, const Placement& placement, std::uint16_t partitions) {
  LATIUM_CHECKED(check_name("tenant name", name));
  if (!valid_partitions(partitions)) {
    return fail(ErrorCode::invalid_argument, "partitions " + std::to_string(partitions) + " must be a power of two from 1 to " +
                                                 std::to_string(kMaxPartitions));
  }
  const std::lock_guard changing(changing_);
  if (std::shared_lock lock(known_lock_); known_.contains(name)) {
    return fail(ErrorCode::already_exists, "tenant '" + std::string(name) + "' exists already");
  }
  Tenant tenant{TenantId{next_id_}, std::string(name), 1, placement, partitions, {}};
  storage::TenantIds ids;
  ids.set_next(next_id_ + 1);
  WriteBatch batch;
  batch.put(Family::system, kIdsKey, ids.SerializeAsString());
  batch.put(Family::system, tenant_key(name), encode_tenant(tenant));
  // Given out even if the write fails: it may have reached the disk.
  ++next_id_;
  LATIUM_CHECKED(engine_.write(std::move(batch), Durability::sync));
  const std::unique_lock lock(known_lock_);
  add(tenant);
  return tenant;
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

Result<void> TenantCatalog::drop(std::string_view name) {
  const std::lock_guard changing(changing_);
  std::shared_ptr<TenantHandle> handle;
  {
    const std::shared_lock lock(known_lock_);
    const auto found = known_.find(name);
    if (found == known_.end()) return unknown_tenant(name);
    handle = found->second.handle;
  }
  // Before anything is removed: whoever looks again after it read or scanned knows then why there was nothing.
  handle->dropped_.store(true, std::memory_order_release);
  WriteBatch removal;
  removal.remove(Family::system, tenant_key(name));
  remove_tenant_data(removal, handle->id);
  WriteBatch batch = removal;
  batch.put(Family::system, dropped_key(handle->id), "");
  Result<void> written = engine_.write(std::move(batch), Durability::sync);
  // A full disk takes removals only, and no puts that could race with them: the mark is not needed.
  if (!written && written.error().code == ErrorCode::read_only) written = engine_.write(std::move(removal), Durability::sync);
  if (!written) {
    // Perhaps removed is as good as dropped until the drop is repeated: a put acknowledged now could go at the next start.
    if (written.error().certainty == Certainty::not_applied) handle->dropped_.store(false, std::memory_order_release);
    return written;
  }
  const std::unique_lock lock(known_lock_);
  known_.erase(known_.find(name));
  return {};
}

Result<std::shared_ptr<BucketHandle>> TenantCatalog::bucket(std::string_view tenant, std::string_view bucket) {
  LATIUM_CHECKED(check_name("bucket name", bucket));
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
