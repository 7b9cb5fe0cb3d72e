#include "node/catalog_peers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "node/topology_register.h"
#include "proto/cluster.pb.h"
#include "proto/wire.pb.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

// An answer may have got lost; one that only takes long is not asked for in vain, since a node that has given up says so at once.
constexpr Duration kAskAgain = std::chrono::seconds(1);
constexpr BackoffPolicy kPause{.base = std::chrono::milliseconds(50), .cap = std::chrono::milliseconds(500)};

struct Asked {
  TopologyNode node;
  bool gave_up = false;
};

Task<void> ask(Cluster& cluster, Asked& asked, cluster::TableChangedRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Address address, Address::parse(asked.node.address));
  request.set_node_id(asked.node.id.value);
  const auto answer =
      co_await cluster.transport().call(address, wire::METHOD_TABLE_CHANGED, request.SerializeAsString(), {.deadline = deadline});
  asked.gave_up = answer.has_value();
  co_return Result<void>();
}

// All of them at once, each once.
Task<void> ask_all(Cluster& cluster, std::vector<Asked>& asked, cluster::TableChangedRequest request, MonotonicTime deadline) {
  TaskGroup group(cluster.runtime().executor, asked.size());
  const MonotonicTime until = std::min(deadline, saturating_add(cluster.runtime().clock.monotonic_now(), kAskAgain));
  for (Asked& each : asked) {
    const auto spawned = group.spawn(ask(cluster, each, request, until));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  (void)co_await group.join();
  std::erase_if(asked, [](const Asked& each) { return each.gave_up; });
  co_return Result<void>();
}

}  // namespace

// Why the nodes that the topology has after the change are all: a node reads no schema before it is in the topology and up. One
// that is not there yet in this linearizable read begins its reads after it, so they find the change.
Task<void> ClusterCatalogPeers::others_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Topology topology, co_await read_topology(cluster_, deadline));
  cluster::TableChangedRequest request;
  request.set_tenant(place.tenant.value);
  request.set_key(key);
  request.set_version(version);
  std::vector<Asked> left;
  for (const TopologyNode& node : topology.nodes) {
    if (node.id != cluster_.self() && node.state == NodeState::up) left.push_back({node});
  }
  Runtime& runtime = cluster_.runtime();
  for (std::uint32_t attempt = 0; !left.empty(); ++attempt) {
    LATIUM_CO_CHECKED(co_await ask_all(cluster_, left, request, deadline));
    if (left.empty()) break;
    const MonotonicTime next = saturating_add(runtime.clock.monotonic_now(), kPause.wait(attempt, runtime.random));
    if (next >= deadline) {
      co_return fail(ErrorCode::unavailable, "node " + to_hex(left.front().node.id.value) + " does not say that it has given up");
    }
    LATIUM_CO_CHECKED(co_await sleep_until(runtime, next));
  }
  co_return Result<void>();
}

}  // namespace latium
