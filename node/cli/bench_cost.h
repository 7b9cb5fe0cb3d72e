// What a benchmark cost the nodes of its cluster: messages, bytes and syncs, from what they say of themselves before and after.
#pragma once

#include <memory>
#include <vector>

#include "node/cli/bench_clients.h"
#include "node/cli/context.h"

namespace latium::cli {

/// Of all nodes together. Liveness, hints and this measurement are in it: a few messages a second.
struct ClusterWork {
  std::uint64_t log_syncs = 0;
  std::uint64_t commit_groups = 0;
  std::uint64_t commit_batches = 0;
  std::uint64_t requests = 0;  ///< from node to node, each with one answer: messages are twice as many
  std::uint64_t bytes = 0;     ///< between nodes, both ways, frames included
};

/// On its caller's thread; blocks for one round trip to each node a reading.
class CostMeter {
 public:
  /// Finds the cluster's nodes by asking the one that the options name, and takes the first reading. `unavailable` when not all
  /// of them can be reached from here; `invalid_argument` when one is too old to tell.
  static Result<CostMeter> start(Context& context);

  /// What was done since start(), without what was moved to and from `clients`, which have moved nothing before start().
  Result<ClusterWork> read(const std::vector<NodeClients>& clients) const;

 private:
  explicit CostMeter(Duration timeout) : timeout_(timeout) {}
  /// `bytes`: sent and received, by all.
  Result<ClusterWork> total() const;

  Duration timeout_;
  std::vector<std::unique_ptr<RemoteClient>> nodes_;
  ClusterWork before_;
};

}  // namespace latium::cli
