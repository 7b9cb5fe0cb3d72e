// Exchange: two replicas of a partition find what they hold differently and give it to each other. Bytes moved grow with the
// differences; each side reads its partition once a step, since keys are not stored in the order of the tree.
// Source: DeCandia et al., "Dynamo" (SOSP 2007), section 4.7; docs/protocols.md, "Anti-entropy".
#pragma once

#include <cstdint>

#include "replication/bucket_replica.h"
#include "replication/cluster_view.h"
#include "replication/pace.h"
#include "replication/partition_book.h"
#include "replication/replica_links.h"

namespace latium::repair {
class PartitionName;
class TreeDifferencesRequest;
class TreeDifferencesResponse;
class TreeLeavesRequest;
class TreeLeavesResponse;
}  // namespace latium::repair

namespace latium {

struct ExchangeStatistics {
  std::uint64_t exchanges = 0;  ///< of partitions with leaves that differed, and went on to
  std::uint64_t received = 0;   ///< keys whose versions the other side gave
  std::uint64_t sent = 0;       ///< keys whose versions it was given
  std::uint64_t bytes = 0;      ///< moved for it, both ways: keys, versions, hashes
  std::uint64_t confused = 0;   ///< leaves with keys that shared a mark by chance, which are gone through again
};

/// Whether this node holds a copy of the partition, so that others may ask it about its tree. `invalid_argument`.
Result<void> check_copied(const ClusterView& cluster, const repair::PartitionName& partition);

/// Loop thread only. All that it is given outlives it.
class Exchange {
 public:
  /// After so long leaves are compared again, and only those that differed both times are gone through: what differs because a
  /// write is under way is none of its business.
  static constexpr Duration kGrace = std::chrono::seconds(1);
  /// What one step reads and moves at most, but for one leaf.
  static constexpr std::size_t kStepBytes = 4u << 20;

  Exchange(Runtime& runtime, ClusterView& cluster, Transport& transport, BucketLinks& links, PartitionBook& partitions,
           Pace& pace)
      : runtime_(runtime), cluster_(cluster), transport_(transport), links_(links), partitions_(partitions), pace_(pace) {}

  struct Partition {
    TenantId tenant;
    PartitionId number;
  };

  /// When it returns, each of the two holds all of `partitions` that the other one held when the call began, or what replaced it.
  /// One round trip for each that is equal; for those that are not, kGrace once for all of them. They are gone through in the
  /// order given. Errors: those of the transport; what was done until then stays.
  Task<void> run(NodeId peer, std::vector<Partition> partitions);

  const ExchangeStatistics& statistics() const { return statistics_; }
  /// Tests: marks of so few bits that many keys of a leaf share one.
  void narrow_marks(std::uint16_t mask) { mark_mask_ = mask; }

  // The other side.
  Task<repair::TreeLeavesResponse> answer_leaves(const repair::TreeLeavesRequest& request);
  Task<repair::TreeDifferencesResponse> answer_differences(const repair::TreeDifferencesRequest& request);

 private:
  /// Of the 40 keys of a leaf in a partition of 160,000, one in 1,700 that differs has the mark of another one.
  std::uint16_t mark_of(std::uint64_t hash, std::uint64_t factor) const {
    return static_cast<std::uint16_t>(hash * factor >> 48) & mark_mask_;
  }
  repair::TreeDifferencesRequest describe_contents(TenantId tenant, PartitionId partition, const LeafContents& here) const;
  Task<LeafSet> differing_leaves(TenantId tenant, PartitionId partition, NodeId peer);
  Task<LeafSet> still_differing(TenantId tenant, PartitionId partition, NodeId peer, LeafSet leaves);
  /// Those that are done.
  Task<LeafSet> step(TenantId tenant, PartitionId partition, NodeId peer, LeafSet leaves);
  struct Differences;
  Differences differences(const LeafContents& here, const repair::TreeDifferencesResponse& response);
  /// What the peer holds of the keys; not those of which it holds nothing any more.
  Task<std::vector<BucketItem>> fetch(NodeId peer, std::vector<DataKey> keys);
  /// Those of which the other one holds more than it was offered by an item that asks for the digest.
  Task<std::vector<DataKey>> offer(NodeId from, NodeId to, std::vector<BucketItem> items);

  Runtime& runtime_;
  ClusterView& cluster_;
  Transport& transport_;
  BucketLinks& links_;
  PartitionBook& partitions_;
  Pace& pace_;
  ExchangeStatistics statistics_;
  std::uint16_t mark_mask_ = 0xffff;
};

}  // namespace latium
