#include <algorithm>
#include <map>
#include <utility>

#include "node/bucket_access.h"
#include "node/call_stats.h"
#include "node/handlers.h"
#include "node/message.h"
#include "proto/client.pb.h"
#include "replication/bounds.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

Durability durability_of(client::Durability durability) {
  return durability == client::DURABILITY_BUFFERED ? Durability::buffered : Durability::sync;
}

Result<WriteLevel> level_of(client::Level level) {
  switch (level) {
    case client::LEVEL_QUORUM:
      return WriteLevel::quorum;
    case client::LEVEL_ONE:
      return WriteLevel::one;
    case client::LEVEL_ALL:
      return WriteLevel::all;
    case client::LEVEL_LOCAL_QUORUM:
      return WriteLevel::local_quorum;
    default:
      return fail(ErrorCode::invalid_argument,
                  "this node does not know level " + std::to_string(level) + ": it may be older than its caller");
  }
}

VersionedValue* newest_of(std::vector<VersionedValue>& values) {
  return &*std::ranges::max_element(values, {}, [](const VersionedValue& each) { return std::pair(each.stamp, each.dot); });
}

// One item of a put_many, beside the others.
Task<void> put_one(NodeCore& core, std::shared_ptr<BucketHandle> bucket, Bytes key, BucketWrite what, MonotonicTime deadline,
                   CallStats& most) {
  LATIUM_CO_TRY(const BucketWritten written,
                co_await put_key(core, std::move(bucket), std::move(key), std::move(what), deadline));
  most.round_trips = std::max(most.round_trips, written.stats.round_trips);
  most.wan_round_trips = std::max(most.wan_round_trips, written.stats.wan_round_trips);
  most.replicas_asked = std::max(most.replicas_asked, written.stats.replicas_asked);
  most.bytes += written.stats.bytes;
  co_return Result<void>();
}

}  // namespace

Task<Bytes> handle_kv_put(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvPutRequest>(bytes));
  LATIUM_CO_TRY(const WriteLevel level, level_of(request.level()));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket(), deadline));
  BucketWrite what{.value = std::move(*request.mutable_value()),
                   .context = std::move(*request.mutable_context()),
                   .level = level,
                   .site = core.identity().site,
                   .durability = durability_of(request.durability())};
  LATIUM_CO_TRY(what.expires_ms, expiry_of(core.runtime(), request.ttl_ms()));
  LATIUM_CO_TRY(BucketWritten written,
                co_await put_key(core, std::move(bucket), std::move(*request.mutable_key()), std::move(what), deadline));
  client::KvPutResponse response;
  response.set_version(written.stamp.value);
  response.set_context(std::move(written.context));
  fill(*response.mutable_stats(), written.stats);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_kv_put_many(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  // Hundreds of items: one arena instead of an allocation each.
  google::protobuf::Arena arena;
  LATIUM_CO_TRY(auto* const request, parse_request<client::KvPutManyRequest>(bytes, arena));
  LATIUM_CO_TRY(const WriteLevel level, level_of(request->level()));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request->tenant(), request->bucket(), deadline));
  const Durability durability = durability_of(request->durability());
  client::KvPutManyResponse response;
  if (is_served_directly(*bucket)) {
    std::vector<KeyValuePair> pairs;
    pairs.reserve(static_cast<std::size_t>(request->items_size()));
    CallStats stats{.replicas_asked = 1};
    for (auto& item : *request->mutable_items()) {
      stats.bytes += item.key().size() + item.value().size();
      pairs.push_back({std::move(*item.mutable_key()), std::move(*item.mutable_value())});
    }
    LATIUM_CO_CHECKED(co_await core.kv().put_many_async(std::move(bucket), std::move(pairs), durability));
    fill(*response.mutable_stats(), stats);
    co_return response.SerializeAsString();
  }
  for (const auto& item : request->items()) {
    LATIUM_CO_CHECKED(check_key(item.key()));
    LATIUM_CO_CHECKED(check_value(item.key(), item.value()));
  }
  // Each by itself, all at once: what goes to one node shares its messages. So of a key that comes twice only the later one.
  std::map<BytesView, int> last;
  for (int i = 0; i < request->items_size(); ++i) last[request->items(i).key()] = i;
  TaskGroup group(core.runtime().executor, static_cast<std::size_t>(request->items_size()) + 1);
  CallStats stats;
  for (const auto& [key, place] : last) {
    auto& item = *request->mutable_items(place);
    BucketWrite what{.value = std::move(*item.mutable_value()),
                     .context = {},
                     .level = level,
                     .site = core.identity().site,
                     .durability = durability};
    LATIUM_CO_CHECKED(group.spawn(put_one(core, bucket, item.key(), std::move(what), deadline, stats)));
  }
  if (const auto all = co_await group.join(); !all) {
    co_return fail(all.error().code, Certainty::unknown, all.error().message + "; others of the request may be written");
  }
  fill(*response.mutable_stats(), stats);
  co_return response.SerializeAsString();
}

namespace {

// The outcome of a get as its response message.
Bytes encode_get_response(BucketRead read) {
  client::KvGetResponse response;
  fill(*response.mutable_stats(), read.stats);
  for (const NodeId node : read.answered) response.add_replicas(node.value);
  for (const NodeId node : read.behind) response.add_behind(node.value);
  response.set_context(std::move(read.context));
  if (!read.values.empty()) response.set_version(newest_of(read.values)->stamp.value);
  for (VersionedValue& version : read.values) response.add_values(std::move(version.value));
  return response.SerializeAsString();
}

}  // namespace

Task<Bytes> handle_kv_get(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvGetRequest>(bytes));
  LATIUM_CO_TRY(const ReadLevel level, level_of(request.level()));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket(), deadline));
  LATIUM_CO_TRY(BucketRead read, co_await get_key(core, std::move(bucket), level, std::move(*request.mutable_key()), deadline));
  co_return encode_get_response(std::move(read));
}

Result<std::optional<Bytes>> kv_get_cached(NodeCore& core, const Bytes& bytes) {
  LATIUM_TRY(const auto request, parse_request<client::KvGetRequest>(bytes));
  const auto found = core.catalog().bucket(request.tenant(), request.bucket());
  // Of a tenant that this node has not heard of: the others are asked.
  if (!found && found.error().code == ErrorCode::unknown_tenant) return std::optional<Bytes>();
  LATIUM_TRY(const auto bucket, found);
  if (!is_served_directly(*bucket)) return std::optional<Bytes>();
  LATIUM_TRY(auto known, core.kv().get_cached(*bucket, request.key()));
  if (!known) return std::optional<Bytes>();
  return std::optional<Bytes>(encode_get_response(to_read(core.identity().node, *std::move(known))));
}

Task<Bytes> handle_kv_delete(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvDeleteRequest>(bytes));
  LATIUM_CO_TRY(const WriteLevel level, level_of(request.level()));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket(), deadline));
  BucketWrite what{.value = std::nullopt,
                   .context = std::move(*request.mutable_context()),
                   .level = level,
                   .site = core.identity().site,
                   .durability = durability_of(request.durability())};
  LATIUM_CO_TRY(const BucketWritten written,
                co_await put_key(core, std::move(bucket), std::move(*request.mutable_key()), std::move(what), deadline));
  client::KvDeleteResponse response;
  response.set_existed(written.existed);
  response.set_version(written.stamp.value);
  fill(*response.mutable_stats(), written.stats);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_kv_scan(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvScanRequest>(bytes));
  LATIUM_CO_TRY(const ReadLevel level, level_of(request.level()));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket(), deadline));
  ScanRequest scan{std::move(*request.mutable_prefix()), std::move(*request.mutable_after()), 1000};
  if (request.limit() != 0) scan.limit = request.limit();
  LATIUM_CO_TRY(BucketScan page, co_await scan_keys(core, std::move(bucket), level, std::move(scan), deadline));
  google::protobuf::Arena arena;
  auto* const response = google::protobuf::Arena::CreateMessage<client::KvScanResponse>(&arena);
  for (auto& [key, values] : page.entries) {
    auto& item = *response->add_items();
    VersionedValue* const newest = newest_of(values);
    item.set_key(std::move(key));
    item.set_version(newest->stamp.value);
    item.set_value(std::move(newest->value));
    for (VersionedValue& version : values) {
      if (&version != newest) item.add_siblings(std::move(version.value));
    }
  }
  response->set_more(page.more);
  fill(*response->mutable_stats(), page.stats);
  co_return response->SerializeAsString();
}

}  // namespace latium
