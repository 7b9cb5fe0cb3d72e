// Registers under faults: clients compare and set and read a few registers through any node of a cluster of three sites, while
// everything goes wrong; what they were told has to be linearizable, and after healing every register has to answer.
#pragma once

#include <memory>

#include "tests/sim/workloads/cluster_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

std::unique_ptr<ClusterClient> register_client(ClientSeams seams);

RunReport registers(const RunOptions& options);
/// The same of registers that are made and removed again and again, often by several clients at the same moment.
RunReport made_registers(const RunOptions& options);

}  // namespace latium::sim
