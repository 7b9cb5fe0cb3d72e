// ClusterNode: latiumd without its process, as a member of a simulated cluster.
#pragma once

#include <memory>
#include <vector>

#include "node/bucket_service.h"
#include "tests/sim/sim_host.h"

namespace latium {
class NodeCore;
}  // namespace latium

namespace latium::sim {

/// Often, so that it happens in the middle of everything else.
inline constexpr UpkeepOptions kOftenUpkeep{
    .compare_every = std::chrono::seconds(1), .collect_every = std::chrono::seconds(2), .hints = {}};

/// The process of node `number`; it listens on `addresses[number]`. Number 0 begins the cluster, the others join through it and
/// each other. Its id is number + 1, which the host's identity has to say too.
std::unique_ptr<Process> cluster_node(NodeSeams seams, std::size_t number, std::string site, std::vector<Address> addresses,
                                      UpkeepOptions upkeep = kOftenUpkeep);

/// Of such a process, for tests that look inside it or reach behind its back; null while it starts.
NodeCore* core_of(Process& node);

}  // namespace latium::sim
