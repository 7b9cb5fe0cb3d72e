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

/// What a workload may want otherwise than usual.
struct ClusterSetup {
  std::vector<RunTenant> tenants = ClientSeams::usual_tenants();
  UpkeepOptions upkeep = kOftenUpkeep;
  SwimOptions liveness{};
  bool outage = false;  ///< after the other faults, a site is cut off for hours or days: outage.h
  Duration heal_bound = std::chrono::minutes(3);
};

/// Two to four clients. Whatever a workload does, nothing of a tenant may come to a site that its placement does not name. Safety
/// is judged before liveness: what the history shows says more than that something hangs. `work`: what each node does besides.
RunReport run_cluster(const RunOptions& options, const MakeClient& make, CheckReport (*check)(const History&),
                      const NodeWork& work = {}, const ClusterSetup& setup = {});

}  // namespace latium::sim
