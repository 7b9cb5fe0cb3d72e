#include "node/tenants.h"

#include <algorithm>
#include <utility>

#include "node/register_copy.h"
#include "node/topology_register.h"
#include "proto/cluster.pb.h"
#include "proto/storage.pb.h"
#include "proto/wire.pb.h"
#include "ring/partition.h"
#include "ring/tenant_choice.h"
#include "runtime/deadline.h"
#include "runtime/offload.h"

namespace latium {

namespace {

constexpr Duration kTransitionPause = std::chrono::milliseconds(100);
constexpr Duration kTellTimeout = std::chrono::milliseconds(1500);
constexpr std::size_t kTellsAtOnce = 4096;

Task<void> pause(Cluster& cluster, MonotonicTime deadline, const char* why) {
  Runtime& runtime = cluster.runtime();
  const MonotonicTime next = saturating_add(runtime.clock.monotonic_now(), kTransitionPause);
  if (next >= deadline) co_return fail(ErrorCode::unavailable, why);
  co_return co_await sleep_until(runtime, next);
}

// Waits until nobody is joining, if need be.
Task<void> take_up(Cluster& cluster, Tenant tenant, MonotonicTime deadline) {
  while (true) {
    const auto adopted = co_await cluster.adopt_tenant(tenant);
    if (adopted || adopted.error().code != ErrorCode::unavailable) co_return adopted;
    LATIUM_CO_CHECKED(co_await pause(cluster, deadline, "a node is joining the cluster: use the tenant after that"));
  }
}

std::unexpected<Error> unknown(const std::string& name) {
  return fail(
      ErrorCode::unknown_tenant,
      "tenant '" + printable(name) + "' does not exist: create it first (latium tenant create NAME), or see latium tenant list");
}

// By all tenants that this node knows.
TenantId choose_id(const Ring& ring, const std::vector<Tenant>& known, const Tenant& tenant, TenantId next) {
  RingLoad load(ring);
  for (const Tenant& each : known) load.add(*TenantRing::build(ring, each.id, each.placement, each.partitions));
  return choose_tenant_id(ring, load, tenant.placement, tenant.partitions, next);
}

// One of the next numbers; each is given out once at most, whatever becomes of the tenant.
Task<TenantId> new_tenant_id(Cluster& cluster, Tenant tenant, MonotonicTime deadline) {
  Registers& registers = cluster.registers();
  while (true) {
    LATIUM_CO_TRY(const ReadOutcome found, co_await registers.read(tenant_ids_register(), deadline));
    storage::TenantIds ids;
    if (!ids.ParseFromString(found.state.value))
      co_return fail(ErrorCode::corruption, "the register 'tenant_ids' does not parse");
    const TenantId next{std::max(ids.next(), 1u)};
    TenantId id = next;
    // Beside no others, any will do.
    if (std::vector<Tenant> known = cluster.catalog().list(); !known.empty()) {
      LATIUM_CO_TRY(id, co_await offload<TenantId>(cluster.runtime(), [ring = cluster.ring(), known = std::move(known), tenant,
                                                                       next] { return choose_id(*ring, known, tenant, next); }));
    }
    ids.set_next(id.value + 1);
    CasCommand command{CasCommand::Expect::version, {}, found.state.version, ids.SerializeAsString()};
    const auto outcome =
        co_await registers.execute(tenant_ids_register(), std::move(command), registers.new_request_id(), deadline);
    // Where it is not known whether the number was taken, the next one is.
    if (!outcome && outcome.error().code != ErrorCode::unknown_outcome) co_return fail(outcome.error());
    if (outcome && outcome->result.applied) co_return id;
  }
}

Task<bool> put_record(Cluster& cluster, const Tenant& tenant, MonotonicTime deadline) {
  CasCommand command{CasCommand::Expect::absent, {}, 0, encode_tenant(tenant)};
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await cluster.registers().execute(tenant_register(tenant.name), std::move(command),
                                                     cluster.registers().new_request_id(), deadline));
  co_return outcome.result.applied;
}

Task<void> tell_dropped(Cluster& cluster, NodeId node, Tenant tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, cluster.peer(node));
  cluster::TenantDroppedRequest request;
  request.set_tenant(tenant.id.value);
  request.set_name(tenant.name);
  (void)co_await cluster.transport().call(peer.address, wire::METHOD_TENANT_DROPPED, request.SerializeAsString(),
                                          {.deadline = deadline});
  co_return Result<void>();
}

}  // namespace

Task<Tenant> create_tenant(Cluster& cluster, std::string own_site, std::string name, std::string placement,
                           std::uint16_t partitions, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_name("tenant name", name));
  if (!valid_partitions(partitions)) {
    co_return fail(ErrorCode::invalid_argument, "partitions " + std::to_string(partitions) +
                                                    " must be a power of two from 1 to " + std::to_string(kMaxPartitions));
  }
  LATIUM_CO_TRY(const Placement rule, Placement::parse(placement.empty() ? own_site + ":1" : placement));
  if (cluster.catalog().find(name)) co_return fail(ErrorCode::already_exists, "tenant '" + name + "' exists already");
  Tenant tenant{{}, name, 1, rule, partitions, {}};
  while (true) {
    // Rather not while somebody is joining; where that begins after this look, adopt_tenant() keeps the new tenant empty.
    LATIUM_CO_CHECKED((co_await read_topology(cluster, deadline)));
    if (cluster.ring()->topology().transition) {
      LATIUM_CO_CHECKED(co_await pause(cluster, deadline, "a node is joining the cluster: create the tenant after that"));
      continue;
    }
    LATIUM_CO_CHECKED(cluster.ring()->check(rule));
    if (!tenant.id) {
      LATIUM_CO_TRY(tenant.id, co_await new_tenant_id(cluster, tenant, deadline));
      continue;  // the map may have changed since
    }
    LATIUM_CO_TRY(const bool created, co_await put_record(cluster, tenant, deadline));
    if (!created) co_return fail(ErrorCode::already_exists, "tenant '" + name + "' exists already");
    LATIUM_CO_CHECKED(co_await take_up(cluster, tenant, deadline));
    co_return tenant;
  }
}

Task<void> drop_tenant(Cluster& cluster, std::string name, MonotonicTime deadline) {
  Registers& registers = cluster.registers();
  LATIUM_CO_TRY(const ReadOutcome found, co_await registers.read(tenant_register(name), deadline));
  if (!found.state.present) co_return unknown(name);
  LATIUM_CO_TRY(const Tenant tenant, decode_tenant(found.state.value));
  // Only where nobody else has a copy: elsewhere the drop may still be refused by others.
  if (const auto known = cluster.catalog().find(tenant.id); known && known->only_here()) {
    LATIUM_CO_CHECKED(co_await offload<void>(cluster.runtime(),
                                             [&cluster, id = tenant.id] { return cluster.catalog().make_room_for_drop(id); }));
  }
  CasCommand command{CasCommand::Expect::version, {}, found.state.version, std::nullopt};
  LATIUM_CO_TRY(const CommandOutcome outcome,
                co_await registers.execute(tenant_register(name), std::move(command), registers.new_request_id(), deadline));
  if (!outcome.result.applied) co_return unknown(name);
  const MonotonicTime until = std::min(deadline, saturating_add(cluster.runtime().clock.monotonic_now(), kTellTimeout));
  TaskGroup group(cluster.runtime().executor, kTellsAtOnce);
  const auto map = cluster.ring();
  for (const TopologyNode& node : map->topology().nodes) {
    if (node.id != cluster.self() && group.has_room()) (void)group.spawn(tell_dropped(cluster, node.id, tenant, until));
  }
  const Result<void> dropped =
      co_await offload<void>(cluster.runtime(), [&cluster, id = tenant.id] { return cluster.catalog().drop(id); });
  (void)co_await group.join();
  co_return dropped;
}

Task<std::shared_ptr<TenantHandle>> find_tenant(Cluster& cluster, std::string name, MonotonicTime deadline) {
  if (auto handle = cluster.catalog().find(name)) co_return handle;
  LATIUM_CO_CHECKED(check_name("tenant name", name));
  LATIUM_CO_TRY(const ReadOutcome found, co_await cluster.registers().read(tenant_register(name), deadline));
  if (!found.state.present) co_return unknown(name);
  LATIUM_CO_TRY(Tenant tenant, decode_tenant(found.state.value));
  LATIUM_CO_CHECKED(co_await take_up(cluster, std::move(tenant), deadline));
  if (auto handle = cluster.catalog().find(name)) co_return handle;
  co_return unknown(name);
}

Task<void> forget_dropped_tenants(Cluster& cluster, MonotonicTime deadline) {
  // Before the list: a tenant that is known here after it may be younger than the list.
  const std::vector<Tenant> known = cluster.catalog().list();
  LATIUM_CO_TRY(const std::vector<Tenant> there, co_await list_tenants(cluster, deadline));
  for (const Tenant& tenant : known) {
    if (std::ranges::find(there, tenant.id, &Tenant::id) != there.end()) continue;
    LATIUM_CO_CHECKED(
        co_await offload<void>(cluster.runtime(), [&cluster, id = tenant.id] { return cluster.catalog().drop(id); }));
  }
  co_return Result<void>();
}

}  // namespace latium
