// BucketService: a node's part in the buckets of its cluster: the copies that it holds, the hints that it keeps, and the
// coordinator.
#pragma once

#include <memory>
#include <vector>

#include "node/cluster.h"
#include "replication/buckets.h"
#include "replication/hint_delivery.h"

namespace latium {

/// Loop thread only. All that it is given outlives it; join stop() before it dies.
class BucketService final : public BucketDirectory {
 public:
  /// Counts the hints on disk. Blocks.
  static Result<std::unique_ptr<BucketService>> open(Runtime& runtime, Engine& engine, Transport& transport, Cluster& cluster,
                                                     HlcClock& hlc, DotSource& dots);

  Result<void> may_hold(const DataKey& key, NodeId hint_for) const override;
  std::vector<NodeId> stand_ins_for(TenantId tenant, PartitionId partition, NodeId replica) const override;
  std::string site_of(NodeId node) const override;
  bool bucket_exists(TenantId tenant, BytesView bucket) const override;
  Task<void> make_bucket(TenantId tenant, Bytes bucket) override;

  Buckets& buckets() { return *buckets_; }
  BucketReplica& replica() { return *replica_; }
  const HintBook& hints() const { return hints_; }
  const HintDelivery& delivery() const { return *delivery_; }

  /// Hands hints over until it is cancelled.
  Task<void> run() { return delivery_->run(); }
  Task<void> stop() { return links_->stop(); }

 private:
  BucketService(Runtime& runtime, Engine& engine, Transport& transport, Cluster& cluster, HlcClock& hlc, DotSource& dots);

  Runtime& runtime_;
  Cluster& cluster_;
  HintBook hints_;
  std::unique_ptr<BucketReplica> replica_;
  std::unique_ptr<Buckets> buckets_;  // what is under way on the links refers to it
  std::unique_ptr<BucketLinks> links_;
  std::unique_ptr<HintDelivery> delivery_;
};

}  // namespace latium
