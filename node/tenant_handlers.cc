#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "node/register_copy.h"
#include "node/tenants.h"
#include "proto/client.pb.h"
#include "ring/partition.h"

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

MonotonicTime default_deadline(NodeCore& core) {
  constexpr Duration kPatience = std::chrono::seconds(5);
  return saturating_add(core.runtime().clock.monotonic_now(), kPatience);
}

Task<Bytes> handle_tenant_create(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::TenantCreateRequest>(bytes));
  if (request.partitions() == 0) request.set_partitions(kDefaultPartitions);
  if (!valid_partitions(request.partitions())) {
    co_return fail(ErrorCode::invalid_argument, "partitions " + std::to_string(request.partitions()) +
                                                    " must be a power of two from 1 to " + std::to_string(kMaxPartitions));
  }
  LATIUM_CO_TRY(const Tenant tenant,
                co_await create_tenant(core.cluster(), core.identity().site, request.name(), request.placement(),
                                       static_cast<std::uint16_t>(request.partitions()), deadline));
  client::TenantCreateResponse response;
  fill(*response.mutable_tenant(), tenant);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_list(NodeCore& core, Bytes, MonotonicTime deadline) {
  client::TenantListResponse response;
  LATIUM_CO_TRY(const std::vector<Tenant> tenants, co_await list_tenants(core.cluster(), deadline));
  for (const Tenant& tenant : tenants) {
    // What buckets there are, only the nodes that have them know.
    const auto known = core.catalog().describe(tenant.name);
    fill(*response.add_tenants(), known && known->id == tenant.id ? *known : tenant);
  }
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_describe(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::TenantDescribeRequest>(bytes));
  LATIUM_CO_CHECKED((co_await find_tenant(core.cluster(), request.name(), deadline)));
  LATIUM_CO_TRY(const Tenant tenant, core.catalog().describe(request.name()));
  client::TenantDescribeResponse response;
  fill(*response.mutable_tenant(), tenant);
  co_return response.SerializeAsString();
}

Task<Bytes> handle_tenant_drop(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto request, parse_request<client::TenantDropRequest>(bytes));
  LATIUM_CO_CHECKED(co_await drop_tenant(core.cluster(), std::move(*request.mutable_name()), deadline));
  client::TenantDropResponse response;
  response.set_dropped(1);
  co_return response.SerializeAsString();
}

}  // namespace latium
