// HintDelivery: hands what this node keeps in place of others to those it is for, once they are back.
// Source: DeCandia et al., "Dynamo" (SOSP 2007), section 4.6.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "replication/bucket_replica.h"
#include "replication/cluster_view.h"
#include "replication/replica_links.h"
#include "runtime/backoff.h"
#include "runtime/task_group.h"

namespace latium {

struct HintDeliveryStatistics {
  std::uint64_t delivered = 0;  ///< hints that their owners, or those who own the key now, have taken in
  std::uint64_t batches = 0;
  std::uint64_t failures = 0;  ///< batches that were not taken in whole; they are tried again
};

/// Loop thread only. All that it is given outlives it.
class HintDelivery {
 public:
  /// How often it is looked whether somebody is back.
  static constexpr Duration kLookEvery = std::chrono::seconds(1);
  /// How often the hints for a node that is down are looked through for tenants that were dropped.
  static constexpr Duration kSweepEvery = std::chrono::minutes(5);
  /// Of one batch, which is one message: its size bounds what a delivery takes from others.
  static constexpr std::size_t kBatchHints = 256;
  static constexpr std::size_t kBatchBytes = 1u << 20;

  HintDelivery(Runtime& runtime, Engine& engine, ClusterView& cluster, BucketReplica& replica, BucketLinks& links,
               HintBook& hints);

  /// Until it is cancelled.
  Task<void> run();

  const HintDeliveryStatistics& statistics() const { return statistics_; }

 private:
  struct Hint {
    DataKey key;
    VersionSet held;
    std::size_t missing = 0;  ///< nodes that have not taken it in
  };
  struct Pause {
    MonotonicTime until{};
    std::uint32_t failures = 0;
    MonotonicTime swept{};
  };
  enum class Reach : std::uint8_t {
    owners,  ///< to whoever owns the keys
    nobody,  ///< only those that nobody is to have any more are removed
  };

  /// Nothing: not now.
  std::optional<Reach> due(NodeId owner) const;
  Task<void> deliver(NodeId owner, Reach reach);
  /// From behind `after`, an encoded key; as many as make a batch.
  Task<std::vector<Hint>> next_batch(NodeId owner, Bytes after) const;
  Task<std::size_t> hand_over(NodeId owner, Reach reach, std::vector<Hint> batch);
  Result<std::vector<NodeId>> receivers(NodeId owner, const DataKey& key) const;

  Runtime& runtime_;
  Engine& engine_;
  ClusterView& cluster_;
  BucketReplica& replica_;
  BucketLinks& links_;
  HintBook& hints_;
  std::set<NodeId> under_way_;
  std::map<NodeId, Pause> pauses_;
  HintDeliveryStatistics statistics_;
};

}  // namespace latium
