#include "node/bucket_access.h"

#include <algorithm>
#include <utility>

#include "node/tenants.h"
#include "replication/bounds.h"
#include "ring/partition.h"
#include "ring/tenant.h"

namespace latium {

namespace {

// A hundred years: more than any cache needs, and far from where the clock's numbers end.
constexpr std::uint64_t kTtlMaxMs = std::uint64_t{100} * 365 * 24 * 3600 * 1000;

Result<void> check_not_dropped(const BucketHandle& bucket) {
  if (!bucket.tenant->dropped()) return {};
  return fail(ErrorCode::unknown_tenant, "tenant '" + bucket.tenant->name + "' was dropped");
}

}  // namespace

DataKey data_key_of(const BucketHandle& bucket, Bytes key) {
  const PartitionId partition = partition_of(bucket.tenant->id, key, bucket.tenant->partitions);
  return {bucket.tenant->id, partition, bucket.name, std::move(key)};
}

bool is_served_directly(const BucketHandle& bucket) {
  return bucket.tenant->only_here() && !keeps_siblings(bucket.name);
}

Task<std::shared_ptr<BucketHandle>> find_bucket(NodeCore& core, std::string tenant, std::string bucket, MonotonicTime deadline) {
  auto known = core.catalog().bucket(tenant, bucket);
  if (known || known.error().code != ErrorCode::unknown_tenant) co_return known;
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(core.cluster(), tenant, deadline));
  co_return core.catalog().bucket(handle->name, bucket);
}

Task<BucketWritten> put_key(NodeCore& core, std::shared_ptr<BucketHandle> bucket, Bytes key, BucketWrite what,
                            MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  if (what.value) LATIUM_CO_CHECKED(check_value(key, *what.value));
  LATIUM_CO_CHECKED(check_not_dropped(*bucket));
  if (!is_served_directly(*bucket)) {
    co_return co_await core.buckets().buckets().write(data_key_of(*bucket, std::move(key)), std::move(what), deadline);
  }
  if (!what.context.empty()) LATIUM_CO_CHECKED(decode_context_token(what.context, token_key(data_key_of(*bucket, key))));
  BucketWritten out;
  out.stats = {.replicas_asked = 1, .bytes = key.size() + (what.value ? what.value->size() : 0)};
  if (what.value) {
    LATIUM_CO_TRY(out.stamp, co_await core.kv().put_async(std::move(bucket), std::move(key), *std::move(what.value),
                                                          what.durability, what.expires_ms));
    out.context = encode_context_token(ContextToken{.context = {}, .stamp = out.stamp});
  } else {
    LATIUM_CO_TRY(out.existed, co_await core.kv().remove_async(std::move(bucket), std::move(key), what.durability));
  }
  co_return out;
}

Result<std::optional<BucketRead>> get_key_here(NodeCore& core, const BucketHandle& bucket, ReadLevel level, BytesView key) {
  LATIUM_CHECKED(check_key(key));
  LATIUM_CHECKED(check_not_dropped(bucket));
  const PartitionId partition = partition_of(bucket.tenant->id, key, bucket.tenant->partitions);
  const NodeId self = core.cluster().self();
  const auto nodes = bucket.tenant->replicas(*core.cluster().ring());
  const auto replicas = nodes->replicas(partition);
  // Whether there is such a bucket, this node alone may not know.
  if (level != ReadLevel::one && replicas.size() > 1) return std::optional<BucketRead>();
  if (!bucket.exists() || std::ranges::find(replicas, self) == replicas.end()) return std::optional<BucketRead>();
  const Bytes stored = data_key(bucket.tenant->id, partition, bucket.name, key);
  LATIUM_TRY(const ReadResult found, core.engine().get(Family::data, stored, ReadMode::may_block));
  BucketRead out{.values = {}, .context = {}, .answered = {self}, .behind = {}, .stats = {.replicas_asked = 1}};
  if (found.presence != Presence::found) {
    LATIUM_CHECKED(check_not_dropped(bucket));
    return std::optional(std::move(out));
  }
  auto held = decode_versions(found.value);
  if (!held) return fail(held.error().code, held.error().message + " (key " + printable(key) + ")");
  out.context = encode_context_token(*held, token_key(data_key_of(bucket, Bytes(key))));
  out.values = visible_values(*held, core.runtime().clock.wall_ms());
  return std::optional(std::move(out));
}

BucketRead to_read(NodeId self, std::optional<Record> found) {
  BucketRead out{.values = {}, .context = {}, .answered = {self}, .behind = {}, .stats = {.replicas_asked = 1}};
  if (!found) return out;
  out.context = encode_context_token(ContextToken{.context = {}, .stamp = found->version});
  out.stats.bytes = found->value.size();
  out.values.push_back({.dot = {}, .stamp = found->version, .value = std::move(found->value)});
  return out;
}

Task<BucketRead> get_key(NodeCore& core, std::shared_ptr<BucketHandle> bucket, ReadLevel level, Bytes key,
                         MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_key(key));
  LATIUM_CO_CHECKED(check_not_dropped(*bucket));
  if (!is_served_directly(*bucket)) {
    co_return co_await core.buckets().buckets().read(data_key_of(*bucket, std::move(key)), level, core.identity().site, deadline);
  }
  LATIUM_CO_TRY(auto found, co_await core.kv().get_async(std::move(bucket), std::move(key)));
  co_return to_read(core.identity().node, std::move(found));
}

Task<BucketScan> scan_keys(NodeCore& core, std::shared_ptr<BucketHandle> bucket, ReadLevel level, ScanRequest request,
                           MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_scan(request));
  LATIUM_CO_CHECKED(check_not_dropped(*bucket));
  if (level != ReadLevel::one && level != ReadLevel::quorum) {
    co_return fail(ErrorCode::invalid_argument, "a scan reads at level one or quorum");
  }
  if (!is_served_directly(*bucket)) {
    co_return co_await core.buckets().buckets().scan(std::move(bucket), level, std::move(request.prefix),
                                                     std::move(request.after), request.limit, deadline);
  }
  LATIUM_CO_TRY(ScanResult page, co_await core.kv().scan_async(std::move(bucket), std::move(request)));
  BucketScan out{.entries = {}, .more = page.more, .stats = {.replicas_asked = 1}};
  out.entries.reserve(page.items.size());
  for (ScanResult::Item& item : page.items) {
    out.stats.bytes += item.key.size() + item.record.value.size();
    std::vector<VersionedValue> values;
    values.push_back({.dot = {}, .stamp = item.record.version, .value = std::move(item.record.value)});
    out.entries.emplace_back(std::move(item.key), std::move(values));
  }
  co_return out;
}

Result<std::uint64_t> expiry_of(Runtime& runtime, std::uint64_t ttl_ms) {
  if (ttl_ms == 0) return std::uint64_t{0};
  if (ttl_ms <= kTtlMaxMs) return runtime.clock.wall_ms() + ttl_ms;
  return fail(ErrorCode::invalid_argument, "a ttl of " + std::to_string(ttl_ms) + " ms is over 100 years: leave it out");
}

}  // namespace latium
