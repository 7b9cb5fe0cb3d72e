// BucketService: a node's part in the buckets of its cluster: the copies that it holds, the hints that it keeps, and the
// coordinator.
#pragma once

#include <memory>
#include <vector>

#include "node/cluster.h"
#include "replication/anti_entropy.h"
#include "replication/buckets.h"
#include "replication/collection.h"
#include "replication/hint_delivery.h"

namespace latium {

/// How often a node looks after the copies that it holds, and how much it keeps for others.
struct UpkeepOptions {
  Duration compare_every = std::chrono::seconds(5);   ///< with the other replicas
  Duration collect_every = std::chrono::seconds(20);  ///< deletions that may be forgotten
  HintLimits hints{};
  Duration sweep_every = std::chrono::minutes(10);  ///< what transactions may have left at rows
};

/// Loop thread only. All that it is given outlives it; join stop() before it dies.
class BucketService final : public BucketDirectory {
 public:
  /// Counts the hints on disk. Blocks.
  static Result<std::unique_ptr<BucketService>> open(Runtime& runtime, Engine& engine, Transport& transport, Cluster& cluster,
                                                     HlcClock& hlc, DotSource& dots, const UpkeepOptions& upkeep);

  Result<void> may_hold(const DataKey& key, NodeId hint_for) const override;
  std::vector<NodeId> stand_ins_for(TenantId tenant, PartitionId partition, NodeId replica) const override;
  std::string site_of(NodeId node) const override;
  std::vector<Copied> copied_partitions() const override;
  std::vector<NodeId> may_coordinate(TenantId tenant) const override;
  bool bucket_exists(TenantId tenant, BytesView bucket) const override;
  Task<void> make_bucket(TenantId tenant, Bytes bucket) override;

  Buckets& buckets() { return *buckets_; }
  BucketReplica& replica() { return *replica_; }
  const HintBook& hints() const { return hints_; }
  HintDelivery& delivery() { return *delivery_; }
  PartitionBook& partitions() { return partitions_; }
  Exchange& exchange() { return *exchange_; }
  AntiEntropy& anti_entropy() { return *anti_entropy_; }
  Collection& collection() { return *collection_; }

  Task<void> stop() { return links_->stop(); }

 private:
  BucketService(Runtime& runtime, Engine& engine, Transport& transport, Cluster& cluster, HlcClock& hlc, DotSource& dots,
                const UpkeepOptions& upkeep);

  /// Calls of users that wait, from which on background work takes less.
  static constexpr std::size_t kBusyFrom = 8;

  Runtime& runtime_;
  Cluster& cluster_;
  HintBook hints_;
  PartitionBook partitions_;
  Pace pace_;
  std::unique_ptr<BucketReplica> replica_;
  std::unique_ptr<Buckets> buckets_;  // what is under way on the links refers to it
  std::unique_ptr<BucketLinks> links_;
  std::unique_ptr<HintDelivery> delivery_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<AntiEntropy> anti_entropy_;
  std::unique_ptr<Collection> collection_;
};

}  // namespace latium
