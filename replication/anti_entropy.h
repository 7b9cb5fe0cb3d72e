// AntiEntropy: replicas compare what they hold, all the time and at a bounded rate, and mend what differs. It finds what hints
// and read repair have missed: hints that were dropped for want of room, copies that nobody reads.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replication/bucket_directory.h"
#include "replication/exchange.h"

namespace latium::repair {
class TreeRootsRequest;
class TreeRootsResponse;
}  // namespace latium::repair

namespace latium {

struct AntiEntropyStatistics {
  std::uint64_t rounds = 0;
  std::uint64_t compared = 0;   ///< partitions, each with one other replica
  std::uint64_t differing = 0;  ///< of them
  std::uint64_t failures = 0;   ///< comparisons and exchanges that did not come to their end; the next round tries again
};

/// What a comparison with all other replicas found.
struct Comparison {
  std::uint64_t compared = 0;
  std::uint64_t differing = 0;
  std::vector<NodeId> unreachable;
};

/// Loop thread only. All that it is given outlives it.
class AntiEntropy {
 public:
  static constexpr std::size_t kPartitionsAMessage = 4096;

  /// `every`: from the end of one round to the begin of the next. A round in which everything is equal costs one message to each
  /// node that shares partitions with this one, for 4,096 of them.
  AntiEntropy(Runtime& runtime, ClusterView& cluster, BucketDirectory& directory, Transport& transport, PartitionBook& partitions,
              Exchange& exchange, Duration every)
      : every_(every),
        runtime_(runtime),
        cluster_(cluster),
        directory_(directory),
        transport_(transport),
        partitions_(partitions),
        exchange_(exchange) {}

  /// Until it is cancelled. Of two replicas the one with the lower id begins.
  Task<void> run();

  /// Asks every other replica of this node's partitions now, all at once, but for those that are known to be down. One round
  /// trip.
  Task<Comparison> compare_all(MonotonicTime deadline);

  Task<repair::TreeRootsResponse> answer_roots(const repair::TreeRootsRequest& request);

  const AntiEntropyStatistics& statistics() const { return statistics_; }

 private:
  using Shared = Exchange::Partition;
  std::map<NodeId, std::vector<Shared>> shared(bool all) const;
  /// Those that differ, of some.
  Task<std::vector<Shared>> compare(NodeId peer, std::vector<Shared> partitions, MonotonicTime deadline);
  Task<void> round_with(NodeId peer, std::vector<Shared> partitions);

  const Duration every_;
  Runtime& runtime_;
  ClusterView& cluster_;
  BucketDirectory& directory_;
  Transport& transport_;
  PartitionBook& partitions_;
  Exchange& exchange_;
  AntiEntropyStatistics statistics_;
};

}  // namespace latium
