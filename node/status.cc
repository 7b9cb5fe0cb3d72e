#include "node/status.h"

#include <chrono>

namespace latium {

NodeStatus describe_core(NodeCore& core) {
  const EngineHealth health = core.engine().health();
  const EngineStatistics statistics = core.engine().statistics();
  const bool writable = health.state == EngineHealth::State::writable;
  const Duration up = core.runtime().clock.monotonic_now() - core.started_at();
  return NodeStatus{.node_id = to_hex(core.identity().node.value),
                    .cluster_id = to_hex(core.cluster().ring()->topology().cluster.value),
                    .site = core.identity().site,
                    .rack = core.options().rack,
                    .state = writable ? "serving" : "read_only",
                    .state_reason = health.reason,
                    .listen = {},
                    .epoch = core.cluster().epoch().value,
                    .incarnation = core.identity().incarnation.value,
                    .uptime_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(up).count()),
                    .tenants = core.catalog().size(),
                    .keys_estimate = statistics.keys_estimate,
                    .disk_bytes = statistics.disk_bytes,
                    .memory_bytes = statistics.memory_bytes};
}

std::string_view program_version() {
  return LATIUM_VERSION;
}

}  // namespace latium
