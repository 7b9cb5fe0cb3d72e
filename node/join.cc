#include "node/join.h"

#include <algorithm>
#include <utility>

#include "node/register_copy.h"
#include "node/topology_register.h"
#include "ring/token_choice.h"
#include "ring/voters.h"
#include "runtime/deadline.h"
#include "runtime/offload.h"

namespace latium {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A transition that nobody has pushed along for so long is given up by whoever wants the next one.
constexpr Duration kTransitionTimeout = seconds(20);
constexpr Duration kBusyPause = milliseconds(200);
constexpr Duration kSpreadTimeout = milliseconds(1500);

Topology next_epoch(Topology topology) {
  ++topology.epoch.value;
  return topology;
}

TopologyNode* find_node(Topology& topology, NodeId id) {
  const auto found = std::ranges::find(topology.nodes, id, &TopologyNode::id);
  return found == topology.nodes.end() ? nullptr : &*found;
}

void put_node(Topology& topology, TopologyNode node) {
  std::erase_if(topology.nodes, [&](const TopologyNode& each) { return each.id == node.id; });
  topology.nodes.insert(std::ranges::lower_bound(topology.nodes, node.id, {}, &TopologyNode::id), std::move(node));
}

Topology with_joining(const Topology& topology, TopologyNode newcomer, std::uint64_t now_ms) {
  Topology next = next_epoch(topology);
  newcomer.state = NodeState::up;
  put_node(next, newcomer);
  const std::vector<NodeId> voters = choose_voters(next);
  find_node(next, newcomer.id)->state = NodeState::joining;
  next.transition = Transition{newcomer.id, voters, now_ms};
  return next;
}

Topology with_joined(const Topology& topology) {
  Topology next = next_epoch(topology);
  find_node(next, topology.transition->node)->state = NodeState::up;
  next.voters = topology.transition->voters;
  next.transition.reset();
  return next;
}

Topology without_joining(const Topology& topology) {
  Topology next = next_epoch(topology);
  std::erase_if(next.nodes, [&](const TopologyNode& node) { return node.id == topology.transition->node; });
  next.transition.reset();
  return next;
}

Result<void> check_address(const Topology& topology, const TopologyNode& newcomer) {
  for (const TopologyNode& node : topology.nodes) {
    if (node.address != newcomer.address || node.id == newcomer.id) continue;
    return fail(ErrorCode::invalid_argument, "address " + newcomer.address + " is that of node " + to_hex(node.id.value) +
                                                 " of site '" + node.site +
                                                 "': give the node an address of its own (--listen, --advertise), or start that "
                                                 "node's data directory again");
  }
  return {};
}

struct Joined {
  Topology topology;               // with the newcomer's token
  std::vector<std::string> moved;  // tenants that would have to move
};

// The tenants' placements are those that the copied registers hold. Seconds in the largest clusters. `previous`: whose sites'
// rings are shared where they are the same.
Joined plan_joined(const Topology& joint, const Ring& previous, const std::vector<Tenant>& tenants) {
  Joined out{.topology = with_joined(joint), .moved = {}};
  const NodeId newcomer = joint.transition->node;
  if (!joint.find(newcomer)->storage) return out;
  const auto before = Ring::build(joint, &previous);
  const std::uint32_t token = choose_token(*before, out.topology, newcomer, tenants);
  find_node(out.topology, newcomer)->token = token;
  const auto after = Ring::build(out.topology, before.get());
  for (const Tenant& tenant : tenants) {
    if (!same_replicas(*before, *after, tenant.id, tenant.placement, tenant.partitions)) out.moved.push_back(tenant.name);
  }
  return out;
}

std::unexpected<Error> would_move(const TopologyNode& newcomer, const std::vector<std::string>& tenants) {
  std::string names;
  for (std::size_t i = 0; i < std::min<std::size_t>(tenants.size(), 5); ++i) names += (i == 0 ? "'" : ", '") + tenants[i] + "'";
  if (tenants.size() > 5) names += " and " + std::to_string(tenants.size() - 5) + " more";
  return fail(ErrorCode::conflict, "a storage node in site '" + newcomer.site + "' would take over data of tenant " + names +
                                       ", and this version does not move data: start all nodes before creating tenants, drop "
                                       "those tenants, or join with --role client");
}

// Steps between e+1 and e+2; nothing when somebody else changed the topology meanwhile.
Task<std::optional<Topology>> carry_through(Cluster& cluster, Topology joint, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await cluster.spread_topology(
      std::min(deadline, saturating_add(cluster.runtime().clock.monotonic_now(), kSpreadTimeout))));
  LATIUM_CO_TRY(const std::vector<Tenant> tenants, co_await copy_system_registers(cluster, joint, deadline));
  LATIUM_CO_TRY(Joined joined, co_await offload<Joined>(cluster.runtime(), [joint, tenants, previous = cluster.ring()] {
                  return Result<Joined>(plan_joined(joint, *previous, tenants));
                }));
  if (!joined.moved.empty()) {
    const TopologyNode newcomer = *joint.find(joint.transition->node);
    LATIUM_CO_CHECKED((co_await replace_topology(cluster, joint, without_joining(joint), deadline)));
    co_return would_move(newcomer, joined.moved);
  }
  co_return co_await replace_topology(cluster, std::move(joint), std::move(joined.topology), deadline);
}

// One step towards having the newcomer in. Nothing: the topology is another now, or busy; look again.
Task<std::optional<Topology>> advance(Cluster& cluster, TopologyNode newcomer, Topology current, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(check_address(current, newcomer));
  const TopologyNode* const known = current.find(newcomer.id);
  if (known != nullptr && known->state == NodeState::up) {
    if (known->address == newcomer.address) co_return current;
    Topology moved = next_epoch(current);
    find_node(moved, newcomer.id)->address = newcomer.address;
    co_return co_await replace_topology(cluster, std::move(current), std::move(moved), deadline);
  }
  const std::uint64_t now_ms = cluster.runtime().clock.wall_ms();
  if (!current.transition) {
    Topology joint = with_joining(current, std::move(newcomer), now_ms);
    LATIUM_CO_TRY(auto begun, co_await replace_topology(cluster, std::move(current), std::move(joint), deadline));
    if (!begun) co_return std::nullopt;
    co_return co_await carry_through(cluster, *std::move(begun), deadline);
  }
  if (current.transition->node == newcomer.id && known->address == newcomer.address) {
    co_return co_await carry_through(cluster, std::move(current), deadline);
  }
  const auto age_ms = static_cast<std::int64_t>(now_ms - current.transition->started_ms);
  if (current.transition->node == newcomer.id || milliseconds(age_ms) > kTransitionTimeout) {
    Topology without = without_joining(current);
    LATIUM_CO_CHECKED((co_await replace_topology(cluster, std::move(current), std::move(without), deadline)));
  }
  co_return std::nullopt;
}

}  // namespace

Task<Topology> take_in(Cluster& cluster, TopologyNode newcomer, MonotonicTime deadline) {
  Runtime& runtime = cluster.runtime();
  while (true) {
    LATIUM_CO_TRY(Topology current, co_await read_topology(cluster, deadline));
    auto advanced = co_await advance(cluster, newcomer, std::move(current), deadline);
    // Somebody else changed the topology in between: look again.
    if (!advanced && advanced.error().code == ErrorCode::stale_topology) advanced = std::nullopt;
    LATIUM_CO_TRY(auto done, std::move(advanced));
    if (done) {
      (void)co_await cluster.spread_topology(std::min(deadline, saturating_add(runtime.clock.monotonic_now(), kSpreadTimeout)));
      co_return *std::move(done);
    }
    const MonotonicTime next = saturating_add(runtime.clock.monotonic_now(), kBusyPause);
    if (next >= deadline) {
      co_return fail(ErrorCode::unavailable, "the topology is being changed by others: repeat the join");
    }
    LATIUM_CO_CHECKED(co_await sleep_until(runtime, next));
  }
}

}  // namespace latium
