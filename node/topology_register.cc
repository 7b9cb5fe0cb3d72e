#include "node/topology_register.h"

#include <utility>

#include "proto/storage.pb.h"

namespace latium {

RegisterKey topology_register() {
  return system_register("topology");
}

RegisterKey tenant_register(std::string_view name) {
  return system_register(Bytes(kTenantRegisterPrefix).append(name));
}

RegisterKey tenant_ids_register() {
  return system_register("tenant_ids");
}

Task<Topology> read_topology(Cluster& cluster, MonotonicTime deadline) {
  LATIUM_CO_TRY(const ReadOutcome found, co_await cluster.registers().read(topology_register(), deadline));
  if (!found.state.present) co_return fail(ErrorCode::corruption, "the cluster's topology register is empty");
  LATIUM_CO_TRY(Topology topology, decode_topology(found.state.value));
  LATIUM_CO_CHECKED(co_await cluster.adopt(topology));
  co_return topology;
}

Task<std::optional<Topology>> replace_topology(Cluster& cluster, Topology expected, Topology next, MonotonicTime deadline) {
  LATIUM_CHECK(next.epoch.value == expected.epoch.value + 1, "epochs go up one by one");
  CasCommand command{.expect = CasCommand::Expect::value,
                     .expected_value = encode_topology(expected),
                     .expected_version = 0,
                     .value = encode_topology(next)};
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await cluster.registers().execute(topology_register(), std::move(command),
                                                     cluster.registers().new_request_id(), deadline));
  if (!outcome.result.applied) {
    LATIUM_CO_TRY(Topology current, decode_topology(outcome.result.state.value));
    LATIUM_CO_CHECKED(co_await cluster.adopt(std::move(current)));
    co_return std::nullopt;
  }
  LATIUM_CO_CHECKED(co_await cluster.adopt(next));
  co_return next;
}

void begin_cluster(Cluster& cluster, ClusterId id, TopologyNode self, std::uint32_t next_tenant_id, WriteBatch& batch) {
  const Ballot first{Hlc{1}, self.id, 0};
  const auto put = [&](const RegisterKey& key, Bytes value) {
    RegisterReplica::put_initial(batch, key, first, {first.stamp.value, {}, true, std::move(value)});
  };
  Topology topology{Epoch{1}, id, {self}, {self.id}, std::nullopt};
  put(topology_register(), encode_topology(topology));
  storage::TenantIds ids;
  ids.set_next(next_tenant_id);
  put(tenant_ids_register(), ids.SerializeAsString());
  for (Tenant tenant : cluster.catalog().list()) {
    tenant.buckets.clear();
    put(tenant_register(tenant.name), encode_tenant(tenant));
  }
  cluster.map().begin(std::move(topology), batch);
  cluster.update_tenants();
}

}  // namespace latium
