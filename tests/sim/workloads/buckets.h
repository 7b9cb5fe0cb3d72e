// Workload "buckets": clients that read, write and delete keys of both kinds of buckets through any node, under every fault; then
// all heals, hints drain, copies become equal, and the history is judged.
#pragma once

#include <memory>

#include "tests/sim/workloads/cluster_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

struct BucketClientOptions {
  std::size_t keys = 3;    ///< of each kind of bucket, over all tenants in turn
  bool level_one = true;   ///< writes that one copy acknowledges, too
  bool registers = false;  ///< now and then a register is written, for what nodes then do with it
};

std::unique_ptr<ClusterClient> bucket_client(ClientSeams seams, BucketClientOptions options = {});

RunReport buckets(const RunOptions& options);
/// Workload "outage": the same, and then a site is cut off for hours or days, with clocks that jump, machines that die and, now
/// and then, a node that loses all that it held of buckets. At levels that survive one of these.
RunReport outage(const RunOptions& options);
/// Workload "placement": the same over tenants that may not be on every site.
RunReport placement(const RunOptions& options);

}  // namespace latium::sim
