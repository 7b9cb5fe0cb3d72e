// Buckets: the coordinator of a tenant's eventual keys. Writes are taken as long as anybody may keep them; copies that miss one
// are told later. Any node takes any request; a write is coordinated by a replica of its key. Source: DeCandia et al., "Dynamo"
// (SOSP 2007), sections 4.3 to 4.6; docs/protocols.md, "Buckets".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replication/bucket_directory.h"
#include "replication/bucket_replica.h"
#include "replication/cluster_view.h"
#include "replication/dots.h"
#include "replication/hedge.h"
#include "replication/replica_links.h"
#include "replication/scan_flow.h"
#include "replication/shared_rounds.h"
#include "ring/tenant_catalog.h"
#include "runtime/runtime.h"

namespace latium {

/// How many copies have to answer before a call does. Numbers are on the wire.
enum class WriteLevel : std::uint8_t {
  one = 1,           ///< any one
  quorum = 2,        ///< a majority of the key's replicas; a stand-in counts for the replica in whose place it stands
  all = 3,           ///< every replica itself
  local_quorum = 4,  ///< a majority of those replicas that are on the caller's site
};
using ReadLevel = WriteLevel;

/// A put, or with no value a deletion.
struct BucketWrite {
  std::optional<Bytes> value;
  Bytes context;                 ///< token of a read, or empty
  std::uint64_t expires_ms = 0;  ///< wall clock; 0: never
  WriteLevel level = WriteLevel::quorum;
  std::string site;  ///< the caller's, for local_quorum
  Durability durability = Durability::sync;
  /// last_write_wins: given by the node that the caller asked, so that a write which is given on twice is one write, and one that
  /// is carried out late loses against all that came after it.
  Hlc stamp{};
};

struct BucketWritten {
  Hlc stamp;
  Bytes context;         ///< token: what a write has to know to replace this one
  bool existed = false;  ///< of a deletion: the coordinator held something visible
  Hlc newest;            ///< last_write_wins: above `stamp`, and some copy holds a write that wins over this one
  /// Nothing was written: the stamp is not above what may have been deleted and forgotten. Only a later one will do.
  bool kept_nowhere = false;
  CallStats stats;
};

struct BucketRead {
  std::vector<VersionedValue> values;  ///< visible now, those with equal values once
  Bytes context;
  std::vector<NodeId> answered;
  std::vector<NodeId> behind;  ///< those of them that lacked something; they have been sent it
  CallStats stats;
};

/// What a reader sees of a key: values that are equal once.
std::vector<VersionedValue> visible_values(const VersionSet& set, std::uint64_t wall_ms);

struct BucketScan {
  std::vector<std::pair<Bytes, std::vector<VersionedValue>>> entries;  ///< keys with something visible
  bool more = false;
  CallStats stats;
};

struct BucketStatistics {
  std::uint64_t writes = 0;
  std::uint64_t reads = 0;
  std::uint64_t forwarded = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t hinted = 0;    ///< writes that a stand-in was given
  std::uint64_t repaired = 0;  ///< copies that a read found behind and sent the rest
  CallStats cost;              ///< of the calls that this node was asked for
  std::uint64_t hedged = 0;    ///< reads that asked one more copy because an answer was late
  std::uint64_t shared = 0;    ///< reads that were told what another one of the same key found
};

/// Loop thread only. All that it is given outlives it; its links are stopped before it dies.
///
/// Errors of all calls: `unknown_tenant`, `unknown_bucket` (scan: nothing was ever put), `invalid_argument` (a context that
/// is none; local_quorum where the caller's site has no replica), `unavailable` (not enough copies answered in time),
/// `overloaded`, those of the engine. A write that ends with certainty `unknown` may be kept somewhere, and will then reach all.
class Buckets {
 public:
  Buckets(Runtime& runtime, ClusterView& cluster, BucketDirectory& directory, Transport& transport, BucketReplica& replica,
          BucketLinks& links, HlcClock& hlc, DotSource& dots);
  ~Buckets();

  /// One round trip to the nearest copies that the level asks for, when this node is a replica; one more to a replica otherwise.
  Task<BucketWritten> write(DataKey key, BucketWrite what, MonotonicTime deadline);
  /// As a coordinator only: this node is a replica of the key, or stands in for one.
  Task<BucketWritten> coordinate(DataKey key, BucketWrite what, MonotonicTime deadline);
  /// One round trip when the copies agree, two when they do not. `site`: the caller's, for local_quorum. Reads of one key at one
  /// level that come while another is under way wait for it, at most as long as a late answer is waited for, and share one round.
  Task<BucketRead> read(DataKey key, ReadLevel level, std::string site, MonotonicTime deadline);
  /// A page of the bucket in key order: each key as a read at this level (one or quorum) would find it. One round trip to as many
  /// nodes as hold the tenant's partitions.
  Task<BucketScan> scan(std::shared_ptr<const BucketHandle> bucket, ReadLevel level, Bytes prefix, Bytes after, std::size_t limit,
                        MonotonicTime deadline);

  const BucketStatistics& statistics() const { return statistics_; }
  /// Calls that have not ended yet.
  std::size_t under_way() const { return under_way_; }

 private:
  /// How long one node is waited for in a scan before others are asked for its share.
  static constexpr Duration kPageTimeout = std::chrono::seconds(5);

  struct Place;
  class UnderWay;
  class Copies;
  class Fetch;

  /// `invalid_argument`: local_quorum, and the site has no replica.
  Result<Place> place_of(const DataKey& key, WriteLevel level, const std::string& site) const;
  std::size_t slot_to_stand_in_for(const DataKey& key, const Place& place) const;
  Result<void> check_epoch(Epoch epoch) const;
  Result<VersionSet> change_of(const DataKey& key, const BucketWrite& what, const VersionSet& held, bool as_replica);
  Task<BucketWritten> try_write(const DataKey& key, const BucketWrite& what, MonotonicTime deadline);
  Task<void> gather(std::shared_ptr<Fetch> fetch, MonotonicTime deadline);
  Task<void> complete(std::shared_ptr<Fetch> fetch, MonotonicTime deadline, CallStats& stats);
  Result<BucketRead> conclude(Fetch& fetch, CallStats stats);
  bool is_here(const Place& place) const;
  Task<BucketRead> read_copies(DataKey key, ReadLevel level, std::string site, MonotonicTime deadline);
  Task<BucketRead> read_here(DataKey key);
  Result<std::map<NodeId, std::vector<PartitionId>>> shares(const BucketHandle& bucket, ReadLevel level,
                                                            const std::vector<NodeId>& avoided) const;
  Task<BucketPage> ask_page(NodeId node, std::shared_ptr<const BucketHandle> bucket, std::vector<PartitionId> partitions,
                            Bytes prefix, Bytes after, std::size_t limit, bool& known, std::uint32_t& refusals,
                            MonotonicTime deadline);
  Task<MergedPage> merged_page(std::shared_ptr<const BucketHandle> bucket, ReadLevel level, Bytes prefix, Bytes after,
                               std::size_t limit, CallStats& stats, bool& known, MonotonicTime deadline);
  Task<BucketWritten> forward(DataKey key, BucketWrite what, MonotonicTime deadline);
  Task<BucketWritten> give_to(NodeId node, const DataKey& key, const BucketWrite& what, MonotonicTime deadline);

  Runtime& runtime_;
  ClusterView& cluster_;
  BucketDirectory& directory_;
  Transport& transport_;
  BucketReplica& replica_;
  BucketLinks& links_;
  HlcClock& hlc_;
  DotSource& dots_;
  Hedge hedge_;
  SharedRounds<BucketRead> rounds_;
  std::size_t under_way_ = 0;
  std::uint64_t stale_scans_ = 0;
  BucketStatistics statistics_;
};

}  // namespace latium
