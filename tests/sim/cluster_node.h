// ClusterNode: latiumd without its process, as a member of a simulated cluster.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "node/node_core.h"
#include "tests/sim/sim_host.h"

namespace latium::sim {

/// Often, so that it happens in the middle of everything else.
inline constexpr UpkeepOptions kOftenUpkeep{.compare_every = std::chrono::seconds(1),
                                            .collect_every = std::chrono::seconds(2),
                                            .hints = {},
                                            .sweep_every = std::chrono::seconds(3)};

/// The process of node `number`; it listens on `addresses[number]`. Number 0 begins the cluster, the others join through it and
/// each other. Its id is number + 1, which the host's identity has to say too.
/// `work` runs in it once it is a member, each time that it is started.
using NodeWork = std::function<Task<void>(NodeCore&, std::size_t number)>;
std::unique_ptr<Process> cluster_node(NodeSeams seams, std::size_t number, std::string site, std::vector<Address> addresses,
                                      NodeWork work = {}, UpkeepOptions upkeep = kOftenUpkeep, SwimOptions liveness = {});

/// Of such a process, for tests that look inside it or reach behind its back; null while it starts.
NodeCore* core_of(Process& node);

}  // namespace latium::sim
