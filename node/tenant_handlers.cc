#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "proto/client.pb.h"
#include "ring/partition.h"
#include "runtime/offload.h"

namespace latium {

namespace {

void fill(client::Tenant& out, const Tenant& tenant) {
  out.set_id(tenant.id.value);
  out.set_name(tenant.name);
  out.set_version(tenant.version);
  out.set_placement(tenant.placement.to_string());
  out.set_partitions(tenant.partitions);
  for (const std::string& bucket : tenant.buckets) out.add_buckets(bucket);
}

}  // namespace

Task<Bytes> handle_tenant_create(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<client::TenantCreateRequest>(bytes));
  if (request.partitions() == 0) request.set_partitions(kDefaultPartitions);
  if (!valid_partitions(request.partitions())) {
    co_return fail(ErrorCode::invalid_argument, "partitions " + std::to_string(request.partitions()) +
                                                    " must be a power of two from 1 to " + std::to_string(kMaxPartitions));
  }
  LATIUM_CO_TRY(const Tenant tenant, co_await offload<Tenant>(core.runtime(), [&core, request = std::move(request)] {
                  return core.create_tenant(request.name(), request.placement(),
                                            static_cast<std::uint16_t>(request.partitions()));
                }));
  client::TenantCreateResponse response;
  fill(*response.mutable_tenant(), tenant);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_list(NodeCore& core, Bytes) {
  client::TenantListResponse response;
  for (const Tenant& tenant : core.catalog().list()) fill(*response.add_tenants(), tenant);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_describe(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TenantDescribeRequest>(bytes));
  LATIUM_CO_TRY(const Tenant tenant, core.catalog().describe(request.name()));
  client::TenantDescribeResponse response;
  fill(*response.mutable_tenant(), tenant);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_drop(NodeCore& core, Bytes bytes) {
  LATIUM_CO_TRY(auto request, parse_request<client::TenantDropRequest>(bytes));
  LATIUM_CO_CHECKED(co_await offload<void>(
      core.runtime(), [&core, name = std::move(*request.mutable_name())] { return core.catalog().drop(name); }));
  client::TenantDropResponse response;
  response.set_dropped(1);
  co_return response.SerializeAsString();
}

}  // namespace latium
