// Collection: forgets deletions, and values that have expired, once nobody can bring back what they replaced. By knowledge, never
// by age: docs/protocols.md, "Forgetting deletions", has the argument.
//
// A partition's first replica leads. In each of two turns all nodes that may have written the partition say how far they have
// come (mark), the replicas give each other all that they hold (exchange), and are told that from then on they know everything up
// to the marks. After the first turn every replica has the deletion; after the second every replica refuses what any node wrote
// before it had the deletion. Then the deletion may go.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "replication/bucket_directory.h"
#include "replication/dots.h"
#include "replication/exchange.h"
#include "replication/hint_book.h"

namespace latium::repair {
class CollectionKnowRequest;
class CollectionKnowResponse;
class CollectionMarkRequest;
class CollectionMarkResponse;
}  // namespace latium::repair

namespace latium {

struct CollectionStatistics {
  std::uint64_t rounds = 0;     ///< of one tenant, that came to their end
  std::uint64_t collected = 0;  ///< keys that this node found and had removed everywhere
  std::uint64_t failures = 0;   ///< rounds that did not: a node did not answer
  std::uint64_t waiting = 0;    ///< keys that the last look found due, in the partitions that this node leads
};

/// Loop thread only. All that it is given outlives it.
class Collection {
 public:
  /// Keys of one partition in one round.
  static constexpr std::size_t kKeysAPartition = 1000;

  /// `every`: from the end of one look to the next.
  Collection(Runtime& runtime, Engine& engine, ClusterView& cluster, BucketDirectory& directory, Transport& transport,
             BucketLinks& links, PartitionBook& partitions, HintBook& hints, const DotSource& dots, Exchange& exchange,
             Pace& pace, Duration every)
      : every_(every),
        runtime_(runtime),
        engine_(engine),
        cluster_(cluster),
        directory_(directory),
        transport_(transport),
        links_(links),
        partitions_(partitions),
        hints_(hints),
        dots_(dots),
        exchange_(exchange),
        pace_(pace) {}

  /// Until it is cancelled.
  Task<void> run();

  /// Keys that are due in all partitions that this node has copies of.
  Task<std::uint64_t> count_due();

  const CollectionStatistics& statistics() const { return statistics_; }

  // Any node that may have written: how far it has come. A replica: what it knows from now on.
  Task<repair::CollectionMarkResponse> answer_mark(const repair::CollectionMarkRequest& request);
  Task<repair::CollectionKnowResponse> answer_know(const repair::CollectionKnowRequest& request);

 private:
  struct Candidate {
    DataKey key;
    std::uint64_t due_ms;
    std::uint64_t digest;
    Hlc stamp;
  };
  struct Led {
    PartitionId partition;
    std::vector<NodeId> replicas;
    std::vector<Candidate> candidates;
  };
  struct Marks {
    Knowledge known;
    std::uint64_t least_wall_ms = 0;
    std::set<PartitionId> waiting;  ///< with hints somewhere
  };

  Task<std::map<TenantId, std::vector<Led>>> look();
  Task<void> round(TenantId tenant, std::vector<Led> led);
  Task<Marks> turn(TenantId tenant, const std::vector<Led>& led, bool with_floor);
  Task<Marks> mark(TenantId tenant, const std::vector<Led>& led, bool with_floor);
  Task<void> exchange_all(TenantId tenant, const std::vector<Led>& led, const Marks& marks);
  Task<void> tell(TenantId tenant, PartitionId partition, const Marks& marks);
  Result<void> check_may_write(TenantId tenant) const;
  Task<std::size_t> drop(const Led& led, std::uint64_t least_wall_ms);
  Task<std::vector<std::uint32_t>> partitions_with_hints(TenantId tenant, std::vector<std::uint32_t> partitions);

  const Duration every_;
  Runtime& runtime_;
  Engine& engine_;
  ClusterView& cluster_;
  BucketDirectory& directory_;
  Transport& transport_;
  BucketLinks& links_;
  PartitionBook& partitions_;
  HintBook& hints_;
  const DotSource& dots_;
  Exchange& exchange_;
  Pace& pace_;
  CollectionStatistics statistics_;
};

}  // namespace latium
