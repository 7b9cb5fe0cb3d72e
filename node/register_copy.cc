#include "node/register_copy.h"

#include <algorithm>
#include <utility>

#include "node/topology_register.h"
#include "proto/wire.pb.h"
#include "replication/envelope.h"
#include "replication/register_phase.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr std::uint32_t kPage = 1000;
constexpr std::size_t kCopiesAtOnce = 512;

using Entries = std::map<Bytes, RegisterPage::Entry>;

// What is listed.
struct Listed {
  TenantId tenant;
  PartitionId partition;
  Bytes prefix;
};

// What its replicas have told so far.
struct Listing {
  explicit Listing(const ReplicaSet& set) : quorum(set) {}
  Quorum quorum;
  Entries entries;
  std::size_t ended = 0;
  Error last_error{ErrorCode::unavailable, "no replica answered"};
  Event changed;
};

Result<RegisterPage> page_of(const replica::ListResponse& response) {
  RegisterPage page;
  page.more = response.more();
  for (const auto& each : response.registers()) {
    const auto& ballot = each.accepted();
    LATIUM_TRY(RegisterState state, from_message(each.state()));
    page.entries.push_back({each.key(), {Hlc{ballot.stamp()}, NodeId{ballot.node()}, ballot.attempt()}, std::move(state)});
  }
  return page;
}

Task<RegisterPage> ask_page(Cluster& cluster, NodeId node, Epoch epoch, Listed what, Bytes after) {
  if (node == cluster.self()) {
    co_return co_await cluster.replica().list(what.tenant, what.partition, std::move(what.prefix), std::move(after), kPage);
  }
  replica::ListRequest request;
  request.set_tenant(what.tenant.value);
  request.set_partition(what.partition.value);
  request.set_prefix(std::move(what.prefix));
  request.set_after(std::move(after));
  request.set_limit(kPage);
  const CallOptions options{saturating_add(cluster.runtime().clock.monotonic_now(), ReplicaLinks::kAnswerTimeout)};
  LATIUM_CO_TRY(const auto response,
                co_await call_enveloped<replica::ListRequest, replica::ListResponse>(
                    cluster, cluster.transport(), node, epoch, wire::METHOD_REGISTER_LIST, std::move(request), options));
  co_return page_of(response);
}

Task<Entries> ask_all_pages(Cluster& cluster, NodeId node, Epoch epoch, Listed what) {
  Entries entries;
  Bytes after;
  while (true) {
    LATIUM_CO_TRY(RegisterPage page, co_await ask_page(cluster, node, epoch, what, after));
    for (auto& entry : page.entries) {
      after = entry.key;
      entries.emplace(entry.key, std::move(entry));
    }
    if (!page.more) co_return entries;
  }
}

Task<void> ask_replica(Cluster& cluster, std::size_t member, NodeId node, Epoch epoch, Listed what,
                       std::shared_ptr<Listing> listing) {
  Result<Entries> told = co_await ask_all_pages(cluster, node, epoch, std::move(what));
  ++listing->ended;
  if (told) {
    listing->quorum.yes(member);
    for (auto& [key, entry] : *told) {
      auto& known = listing->entries[key];
      if (known.accepted < entry.accepted) known = std::move(entry);
    }
  } else {
    listing->last_error = std::move(told).error();
  }
  listing->changed.set();
  co_return Result<void>();
}

// From a majority of each group of `replicas`.
Task<Entries> list_from(Cluster& cluster, ReplicaSet replicas, Listed what, MonotonicTime deadline) {
  const Epoch epoch = cluster.epoch();
  const auto listing = std::make_shared<Listing>(replicas);
  TaskGroup group(cluster.runtime().executor, replicas.size());
  for (std::size_t member = 0; member < replicas.size(); ++member) {
    const auto spawned = group.spawn(ask_replica(cluster, member, replicas.members[member], epoch, what, listing));
    LATIUM_CHECK(spawned.has_value(), "the group has room for each replica");
  }
  Result<void> waited;
  while (waited && !listing->quorum.reached() && listing->ended < replicas.size()) {
    listing->changed.clear();
    waited = co_await with_deadline(cluster.runtime(), deadline, listing->changed.wait());
  }
  group.cancel();
  (void)co_await group.join();
  if (listing->quorum.reached()) {
    if (cluster.epoch() == epoch) co_return std::move(listing->entries);
    co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
  }
  if (!waited && waited.error().code == ErrorCode::cancelled) co_return fail(waited.error());
  if (listing->last_error.code == ErrorCode::stale_topology) co_return fail(listing->last_error);
  const std::string whose = what.tenant == kSystemTenant ? "the cluster's voters" : "the partition's replicas";
  co_return fail(ErrorCode::unavailable,
                 "no majority of " + whose + " answers: start them, or repair the network (" + listing->last_error.message + ")");
}

Task<void> copy_one(Cluster& cluster, ReplicaSet to, RegisterPage::Entry entry, MonotonicTime deadline) {
  RegisterPlace place{{kSystemTenant, PartitionId{0}, entry.key}, cluster.epoch(), std::move(to)};
  LATIUM_CO_TRY(const PhaseOutcome phase,
                co_await run_phase(
                    cluster.runtime(), cluster, cluster.links(), std::move(place),
                    [op = AbsorbOp{entry.accepted, std::move(entry.state)}](std::size_t) { return op; }, deadline));
  if (phase.end == PhaseEnd::reached) co_return Result<void>();
  if (phase.end == PhaseEnd::stale)
    co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
  co_return fail(ErrorCode::unavailable, "no majority of the new voters took the cluster's registers over: retry");
}

Result<std::vector<Tenant>> tenants_of(const Entries& entries) {
  const Bytes prefix = tenant_register("").key;
  std::vector<Tenant> tenants;
  for (const auto& [key, entry] : entries) {
    if (!key.starts_with(prefix) || !entry.state.present) continue;
    LATIUM_TRY(Tenant tenant, decode_tenant(entry.state.value));
    tenants.push_back(std::move(tenant));
  }
  return tenants;
}

}  // namespace

Task<Entries> list_system_registers(Cluster& cluster, Bytes prefix, MonotonicTime deadline) {
  LATIUM_CO_TRY(ReplicaSet voters, cluster.replicas(kSystemTenant, PartitionId{0}));
  co_return co_await list_from(cluster, std::move(voters), {kSystemTenant, PartitionId{0}, std::move(prefix)}, deadline);
}

Task<Entries> list_registers(Cluster& cluster, TenantId tenant, PartitionId partition, Bytes prefix, MonotonicTime deadline) {
  LATIUM_CO_TRY(ReplicaSet replicas, cluster.replicas(tenant, partition));
  co_return co_await list_from(cluster, std::move(replicas), {tenant, partition, std::move(prefix)}, deadline);
}

Task<std::vector<Tenant>> copy_system_registers(Cluster& cluster, Topology joint, MonotonicTime deadline) {
  if (cluster.epoch() != joint.epoch)
    co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
  const Bytes everything = system_register("").key;
  LATIUM_CO_TRY(Entries entries,
                co_await list_from(cluster, ReplicaSet::of(joint.voters), {kSystemTenant, PartitionId{0}, everything}, deadline));
  LATIUM_CO_TRY(std::vector<Tenant> tenants, tenants_of(entries));
  const ReplicaSet to = ReplicaSet::of(joint.transition->voters);
  for (auto entry = entries.begin(); entry != entries.end();) {
    TaskGroup group(cluster.runtime().executor, kCopiesAtOnce);
    for (; entry != entries.end() && group.has_room(); ++entry) {
      const auto spawned = group.spawn(copy_one(cluster, to, std::move(entry->second), deadline));
      LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    }
    LATIUM_CO_CHECKED(co_await group.join());
  }
  co_return tenants;
}

Task<std::vector<Tenant>> list_tenants(Cluster& cluster, MonotonicTime deadline) {
  for (;;) {
    auto entries = co_await list_system_registers(cluster, tenant_register("").key, deadline);
    if (entries) co_return tenants_of(*entries);
    const bool again = entries.error().code == ErrorCode::stale_topology;
    if (!again || cluster.runtime().clock.monotonic_now() >= deadline) co_return fail(std::move(entries).error());
  }
}

}  // namespace latium
