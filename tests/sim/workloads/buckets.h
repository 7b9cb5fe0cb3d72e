// Workload "buckets": clients that read, write and delete keys of both kinds of buckets through any node, under every fault; then
// all heals, hints drain, copies become equal, and the history is judged.
#pragma once

#include <memory>

#include "tests/sim/workloads/cluster_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

std::unique_ptr<ClusterClient> bucket_client(ClientSeams seams);

RunReport buckets(const RunOptions& options);

}  // namespace latium::sim
