// Locks under faults: clients acquire, renew and release a few locks through any node, outlive their leases, and write to
// resources that check fencing tokens; tokens have to grow, writes of two holders must not overlap, and after healing every lock
// must be had.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "tests/sim/workloads/cluster_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

/// What the locks guard: for each, the highest token that was shown. Outside the cluster, and never down.
using LockResources = std::map<Bytes, std::uint64_t>;

/// Several share the resources, which outlive them.
std::unique_ptr<ClusterClient> lock_client(ClientSeams seams, LockResources& resources);

RunReport locks(const RunOptions& options);

}  // namespace latium::sim
