#include "tests/sim/workloads/cluster_client.h"

#include <algorithm>
#include <utility>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"

namespace latium::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration kNap = std::chrono::minutes(1);

}  // namespace

ClusterClient::ClusterClient(ClientSeams seams) : seams_(std::move(seams)), tasks_(seams_.runtime.executor, 1) {}

void ClusterClient::start() {
  LATIUM_CHECK(tasks_.spawn(work()).has_value());
}

Task<void> ClusterClient::stop() {
  tasks_.cancel();
  LATIUM_CO_CHECKED(co_await seams_.transport.stop());
  co_return co_await tasks_.join();
}

Task<void> ClusterClient::work() {
  Runtime& runtime = seams_.runtime;
  while (!co_await make_tenants()) LATIUM_CO_CHECKED(co_await sleep_for(runtime, seconds(1)));
  ready_ = true;
  while (!concluding_) {
    const Duration pause = milliseconds(random().between(20, seams_.pause_max / milliseconds(1)));
    // Somebody may want it to hurry meanwhile.
    for (Duration slept{0}; slept < pause && seams_.pause_max >= pause; slept += kNap) {
      LATIUM_CO_CHECKED(co_await sleep_for(runtime, std::min<Duration>(kNap, pause - slept)));
    }
    co_await act();
  }
  while (!co_await finish()) LATIUM_CO_CHECKED(co_await sleep_for(runtime, milliseconds(500)));
  finished_ = true;
  co_return Result<void>();
}

Task<Bytes> ClusterClient::call(Method method, Bytes request, Duration timeout) {
  return call_node(random().below(nodes()), method, std::move(request), timeout);
}

Task<Bytes> ClusterClient::call_node(std::size_t node, Method method, Bytes request, Duration timeout) {
  const CallOptions options{saturating_add(seams_.runtime.clock.monotonic_now(), timeout)};
  co_return co_await seams_.transport.call(seams_.nodes[node], method, std::move(request), options);
}

Awaitable<void> ClusterClient::pause(Duration low, Duration high) {
  const Duration time = milliseconds(random().between(low / milliseconds(1), high / milliseconds(1)));
  (void)co_await sleep_for(seams_.runtime, time);
}

Task<void> ClusterClient::make_tenants() {
  // Not before all nodes are there: one that comes later would move data.
  LATIUM_CO_TRY(const Bytes bytes, co_await call(wire::METHOD_TOPOLOGY, client::TopologyRequest().SerializeAsString()));
  client::TopologyResponse topology;
  LATIUM_CHECK(topology.ParseFromString(bytes));
  std::size_t up = 0;
  for (const auto& node : topology.nodes()) up += node.state() == "up" ? 1 : 0;
  if (up < seams_.nodes.size()) co_return fail(ErrorCode::unavailable, "the cluster is forming");
  for (const RunTenant& tenant : seams_.tenants) {
    client::TenantCreateRequest request;
    request.set_name(tenant.name);
    request.set_placement(tenant.placement);
    request.set_partitions(4);
    const auto made = co_await call(wire::METHOD_TENANT_CREATE, request.SerializeAsString());
    if (!made && made.error().code != ErrorCode::already_exists) co_return fail(made.error());
  }
  co_return Result<void>();
}

}  // namespace latium::sim
