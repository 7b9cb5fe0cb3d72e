#include "replication/kv.h"

#include <utility>

#include "replication/bounds.h"
#include "replication/scan_merge.h"
#include "ring/partition.h"
#include "runtime/offload.h"
#include "store/key_layout.h"

namespace latium {

namespace {

WriteBatch remove_batch(BytesView stored_key) {
  WriteBatch batch;
  batch.remove(Family::data, stored_key);
  return batch;
}

std::vector<PartitionId> all_partitions(const TenantHandle& tenant) {
  std::vector<PartitionId> out;
  out.reserve(tenant.partitions);
  for (std::uint16_t p = 0; p < tenant.partitions; ++p) out.push_back(PartitionId{p});
  return out;
}

}  // namespace

Hlc KeyValue::add_put(WriteBatch& batch, const BucketHandle& bucket, BytesView key, BytesView value, std::uint64_t expires_ms) {
  VersionedValue version{.dot = dots_.next(),
                         .stamp = hlc_.now(runtime_.clock.wall_ms()),
                         .expires_ms = expires_ms,
                         .tombstone = false,
                         .value = Bytes(value)};
  batch.put(Family::data, locate(bucket, key), encode_last_write(version));
  return version.stamp;
}

// A stored record that does not decode is named by its key: the bytes are wrong, not the request.
Result<std::optional<Record>> KeyValue::decode_found(ReadResult found, BytesView key) const {
  if (found.presence != Presence::found) return std::optional<Record>();
  auto version = decode_last_write(std::move(found.value));
  if (!version) return fail(version.error().code, version.error().message + " (key " + printable(key) + ")");
  const bool visible = !version->tombstone && (version->expires_ms == 0 || version->visible_at(runtime_.clock.wall_ms()));
  if (!visible) return std::optional<Record>();
  return std::optional<Record>({version->stamp, std::move(version->value)});
}

Bytes KeyValue::locate(const BucketHandle& bucket, BytesView key) const {
  return data_key(bucket.tenant->id, partition_of(bucket.tenant->id, key, bucket.tenant->partitions), bucket.name, key);
}

Result<Hlc> KeyValue::put(BucketHandle& bucket, BytesView key, BytesView value, Durability durability, std::uint64_t expires_ms) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_value(key, value));
  LATIUM_CHECKED(check_live(bucket));
  if (!bucket.exists()) LATIUM_CHECKED(catalog_.ensure_exists(bucket));
  WriteBatch batch;
  const Hlc version = add_put(batch, bucket, key, value, expires_ms);
  LATIUM_CHECKED(engine_.write(std::move(batch), durability));
  return version;
}

Result<std::optional<Record>> KeyValue::get(const BucketHandle& bucket, BytesView key) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_exists(bucket));
  LATIUM_TRY(ReadResult found, engine_.get(Family::data, locate(bucket, key), ReadMode::may_block));
  // Nothing there, or dropped since the check above?
  if (found.presence == Presence::absent) LATIUM_CHECKED(check_live(bucket));
  return decode_found(std::move(found), key);
}

Result<bool> KeyValue::remove(const BucketHandle& bucket, BytesView key, Durability durability) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_exists(bucket));
  const Bytes stored_key = locate(bucket, key);
  LATIUM_TRY(const ReadResult found, engine_.get(Family::data, stored_key, ReadMode::may_block));
  if (found.presence != Presence::found) return false;
  LATIUM_CHECKED(engine_.write(remove_batch(stored_key), durability));
  return true;
}

Result<ScanResult> KeyValue::scan(const BucketHandle& bucket, const ScanRequest& request) {
  LATIUM_CHECKED(check_scan(request));
  LATIUM_CHECKED(check_exists(bucket));
  return scan_visible(engine_, bucket, request, runtime_.clock.wall_ms());
}

// Pages until one has something to see.
Result<ScanResult> KeyValue::scan_visible(Engine& engine, const BucketHandle& bucket, ScanRequest request,
                                          std::uint64_t wall_ms) {
  ScanResult result;
  do {
    LATIUM_TRY(BucketPage page, scan_partitions(engine, bucket.tenant->id, bucket.name, all_partitions(*bucket.tenant), request));
    result.more = page.more;
    for (BucketPage::Entry& entry : page.entries) {
      request.after = entry.key;
      VersionedValue& version = entry.held.versions.front();
      if (!version.visible_at(wall_ms)) continue;
      result.items.push_back({std::move(entry.key), {version.stamp, std::move(version.value)}});
    }
  } while (result.items.empty() && result.more);
  // A drop removes from under the cursors' opening; a short page must not pass for the end.
  LATIUM_CHECKED(check_live(bucket));
  return result;
}

Task<void> KeyValue::ensure_exists(std::shared_ptr<BucketHandle> bucket) {
  if (bucket->exists()) co_return Result<void>();
  TenantCatalog& catalog = catalog_;
  co_return co_await offload<void>(runtime_, [&catalog, bucket] { return catalog.ensure_exists(*bucket); });
}

Task<Hlc> KeyValue::put_async(std::shared_ptr<BucketHandle> bucket, Bytes key, Bytes value, Durability durability,
                              std::uint64_t expires_ms) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_CHECKED(check_value(key, value));
  LATIUM_CO_CHECKED(check_live(*bucket));
  if (!bucket->exists()) LATIUM_CO_CHECKED(co_await ensure_exists(bucket));
  WriteBatch batch;
  const Hlc version = add_put(batch, *bucket, key, value, expires_ms);
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, std::move(batch), durability));
  co_return version;
}

Task<Hlc> KeyValue::put_many_async(std::shared_ptr<BucketHandle> bucket, std::vector<KeyValuePair> pairs, Durability durability) {
  for (const KeyValuePair& pair : pairs) {
    LATIUM_CO_CHECKED(check_key(pair.key));
    LATIUM_CO_CHECKED(check_value(pair.key, pair.value));
  }
  LATIUM_CO_CHECKED(check_live(*bucket));
  Hlc version;
  if (pairs.empty()) co_return version;
  if (!bucket->exists()) LATIUM_CO_CHECKED(co_await ensure_exists(bucket));
  WriteBatch batch;
  for (const KeyValuePair& pair : pairs) version = add_put(batch, *bucket, pair.key, pair.value, 0);
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, std::move(batch), durability));
  co_return version;
}

Task<std::optional<Record>> KeyValue::get_async(std::shared_ptr<const BucketHandle> bucket, Bytes key) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_CHECKED(check_exists(*bucket));
  LATIUM_CO_TRY(ReadResult found, co_await read(runtime_, engine_, Family::data, locate(*bucket, key)));
  if (found.presence == Presence::absent) LATIUM_CO_CHECKED(check_live(*bucket));
  co_return decode_found(std::move(found), key);
}

Task<bool> KeyValue::remove_async(std::shared_ptr<const BucketHandle> bucket, Bytes key, Durability durability) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_CHECKED(check_exists(*bucket));
  const Bytes stored_key = locate(*bucket, key);
  LATIUM_CO_TRY(const ReadResult found, co_await read(runtime_, engine_, Family::data, stored_key));
  if (found.presence != Presence::found) co_return false;
  LATIUM_CO_CHECKED(co_await write(runtime_, engine_, remove_batch(stored_key), durability));
  co_return true;
}

Task<ScanResult> KeyValue::scan_async(std::shared_ptr<const BucketHandle> bucket, ScanRequest request) {
  LATIUM_CO_CHECKED(check_scan(request));
  LATIUM_CO_CHECKED(check_exists(*bucket));
  if (runtime_.faults.fires("scan_page_of_one")) request.limit = 1;
  // Scans take long: without a bound they would hold the pool against single reads, status and changes of tenants.
  LATIUM_CO_TRY(const Permit turn, co_await scans_.acquire());
  Engine& engine = engine_;
  const std::uint64_t now = runtime_.clock.wall_ms();
  co_return co_await offload<ScanResult>(runtime_, [&engine, now, bucket = std::move(bucket), request = std::move(request)] {
    return scan_visible(engine, *bucket, request, now);
  });
}

Result<std::optional<std::optional<Record>>> KeyValue::get_cached(const BucketHandle& bucket, BytesView key) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_exists(bucket));
  LATIUM_TRY(ReadResult found, engine_.get(Family::data, locate(bucket, key), ReadMode::cached_only));
  if (found.presence == Presence::not_cached) return std::optional<std::optional<Record>>();
  LATIUM_TRY(auto record, decode_found(std::move(found), key));
  return std::optional<std::optional<Record>>(std::move(record));
}

}  // namespace latium
