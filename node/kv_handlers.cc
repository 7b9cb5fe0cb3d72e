#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "node/tenants.h"
#include "proto/client.pb.h"

namespace latium {

namespace {

Durability durability_of(client::Durability durability) {
  return durability == client::DURABILITY_BUFFERED ? Durability::buffered : Durability::sync;
}

// While a tenant has one replica and it is here: no round trip, one replica.
void set_stats(client::Stats& stats, std::size_t bytes) {
  stats.set_replicas_asked(1);
  stats.set_bytes(bytes);
}

Task<std::shared_ptr<BucketHandle>> find_bucket(NodeCore& core, std::string tenant, std::string bucket) {
  auto known = core.catalog().bucket(tenant, bucket);
  if (known || known.error().code != ErrorCode::unknown_tenant) co_return known;
  LATIUM_CO_TRY(const auto handle, co_await find_tenant(core.cluster(), tenant, default_deadline(core)));
  co_return core.catalog().bucket(handle->name, bucket);
}

}  // namespace

Task<Bytes> handle_kv_put(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvPutRequest>(bytes));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket()));
  client::KvPutResponse response;
  set_stats(*response.mutable_stats(), request.key().size() + request.value().size());
  LATIUM_CO_TRY(const Hlc version,
                co_await core.kv().put_async(std::move(bucket), std::move(*request.mutable_key()),
                                             std::move(*request.mutable_value()), durability_of(request.durability())));
  response.set_version(version.value);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_kv_put_many(NodeCore& core, Bytes bytes) {
  // Hundreds of items: one arena instead of an allocation each.
  google::protobuf::Arena arena;
  LATIUM_CO_TRY(auto* const request, parse_request<client::KvPutManyRequest>(bytes, arena));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request->tenant(), request->bucket()));
  std::vector<KeyValuePair> pairs;
  pairs.reserve(static_cast<std::size_t>(request->items_size()));
  std::size_t moved = 0;
  for (auto& item : *request->mutable_items()) {
    moved += item.key().size() + item.value().size();
    pairs.push_back({std::move(*item.mutable_key()), std::move(*item.mutable_value())});
  }
  LATIUM_CO_CHECKED(co_await core.kv().put_many_async(std::move(bucket), std::move(pairs), durability_of(request->durability())));
  client::KvPutManyResponse response;
  set_stats(*response.mutable_stats(), moved);
  co_return response.SerializeAsString();
}

Bytes encode_get_response(const NodeCore& core, BytesView key, std::optional<Record> found) {
  client::KvGetResponse response;
  response.add_replicas(core.identity().node.value);
  set_stats(*response.mutable_stats(), key.size() + (found ? found->value.size() : 0));
  if (found) {
    response.set_version(found->version.value);
    response.add_values(std::move(found->value));
  }
  return response.SerializeAsString();
}

Task<Bytes> handle_kv_get(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::KvGetRequest>(bytes));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket()));
  LATIUM_CO_TRY(auto found, co_await core.kv().get_async(std::move(bucket), request.key()));
  co_return encode_get_response(core, request.key(), std::move(found));
}

Result<std::optional<Bytes>> kv_get_cached(NodeCore& core, const Bytes& bytes) {
  LATIUM_TRY(const auto request, parse_request<client::KvGetRequest>(bytes));
  const auto found = core.catalog().bucket(request.tenant(), request.bucket());
  // Of a tenant that this node has not heard of: the others are asked.
  if (!found && found.error().code == ErrorCode::unknown_tenant) return std::optional<Bytes>();
  LATIUM_TRY(const auto bucket, found);
  LATIUM_TRY(auto known, core.kv().get_cached(*bucket, request.key()));
  if (!known) return std::optional<Bytes>();
  return std::optional<Bytes>(encode_get_response(core, request.key(), *std::move(known)));
}

Task<Bytes> handle_kv_delete(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::KvDeleteRequest>(bytes));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket()));
  LATIUM_CO_TRY(const bool existed,
                co_await core.kv().remove_async(std::move(bucket), request.key(), durability_of(request.durability())));
  client::KvDeleteResponse response;
  response.set_existed(existed);
  set_stats(*response.mutable_stats(), request.key().size());
  co_return response.SerializeAsString();
}

Task<Bytes> handle_kv_scan(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<client::KvScanRequest>(bytes));
  LATIUM_CO_TRY(auto bucket, co_await find_bucket(core, request.tenant(), request.bucket()));
  ScanRequest scan{std::move(*request.mutable_prefix()), std::move(*request.mutable_after()), 1000};
  if (request.limit() != 0) scan.limit = request.limit();
  LATIUM_CO_TRY(ScanResult page, co_await core.kv().scan_async(std::move(bucket), std::move(scan)));
  google::protobuf::Arena arena;
  auto* const response = google::protobuf::Arena::CreateMessage<client::KvScanResponse>(&arena);
  std::size_t moved = 0;
  for (ScanResult::Item& found : page.items) {
    moved += found.key.size() + found.record.value.size();
    auto& item = *response->add_items();
    item.set_key(std::move(found.key));
    item.set_value(std::move(found.record.value));
    item.set_version(found.record.version.value);
  }
  response->set_more(page.more);
  set_stats(*response->mutable_stats(), moved);
  co_return response->SerializeAsString();
}

}  // namespace latium
