// ClusterNode: latiumd without its process, as a member of a simulated cluster.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/sim_host.h"

namespace latium::sim {

/// The process of node `number`; it listens on `addresses[number]`. Number 0 begins the cluster, the others join through it and
/// each other. Its id is number + 1, which the host's identity has to say too.
std::unique_ptr<Process> cluster_node(NodeSeams seams, std::size_t number, std::string site, std::vector<Address> addresses);

}  // namespace latium::sim
