// What the workloads on a simulated cluster share: five nodes on three sites, clients that use any of them, faults, healing.
#pragma once

#include <functional>
#include <memory>

#include "tests/sim/check_report.h"
#include "tests/sim/cluster_node.h"
#include "tests/sim/workloads/cluster_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

using MakeClient = std::function<std::unique_ptr<ClusterClient>(ClientSeams)>;

/// Two to four clients. Safety is judged before liveness: what the history shows says more than that something hangs.
/// `work`: what each node does besides.
RunReport run_cluster(const RunOptions& options, const MakeClient& make, CheckReport (*check)(const History&),
                      const NodeWork& work = {});

}  // namespace latium::sim
