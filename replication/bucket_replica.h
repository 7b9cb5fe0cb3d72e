// BucketReplica: what this node holds of buckets, as a replica and in place of others. Versions are taken in, never overwritten:
// what is on disk afterwards is the merge of what was and what came.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "replication/bucket_directory.h"
#include "replication/bucket_messages.h"
#include "replication/hint_book.h"
#include "replication/partition_book.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "store/engine.h"

namespace latium {

/// A page of what is held of some partitions of a bucket, in key order over all of them.
struct BucketPage {
  struct Entry {
    Bytes key;
    VersionSet held;
  };
  std::vector<Entry> entries;
  bool more = false;
};

struct BucketReplicaStatistics {
  std::uint64_t refused_placement = 0;  ///< writes that would have left the placement
  std::uint64_t taken_in = 0;           ///< offers that changed what is held
  std::uint64_t known_already = 0;      ///< offers that did not
  std::uint64_t refused_obsolete = 0;   ///< offers of what is known to be gone
  std::uint64_t dropped = 0;            ///< keys that nobody needs to remember any more
};

/// Loop thread only. All that it is given outlives it, it outlives its tasks.
class BucketReplica {
 public:
  /// Of what one message of answers may carry; questions beyond it are `overloaded`.
  static constexpr std::size_t kAnswerBytesMax = 24u << 20;
  static constexpr std::size_t kPagesAtOnce = 2;
  static constexpr std::size_t kPagesWaiting = 16384;

  BucketReplica(Runtime& runtime, Engine& engine, BucketDirectory& directory, HintBook& hints, PartitionBook& partitions)
      : runtime_(runtime), engine_(engine), directory_(directory), hints_(hints), partitions_(partitions) {}

  /// The steps, answers in the order of the items, each by itself; all writes go into one batch. Errors of an item: those of the
  /// engine, `invalid_argument` (it may not lie here), `overloaded` (no room for hints), `unknown_tenant`. `still_valid` is asked
  /// once, right before the writes: its error means that none was made.
  Task<std::vector<Result<BucketAnswer>>> handle(std::vector<BucketItem> items, std::function<Result<void>()> still_valid);

  /// What `change` makes of what is held goes to the disk; it runs once, and nothing else touches the key between what it is
  /// given and what it returns. It may refuse: nothing is written then. Where nothing is held, a write with a stamp up to `floor`
  /// (Knowledge) may have been replaced by a deletion that nobody remembers.
  using Change = std::move_only_function<Result<VersionSet>(const VersionSet& held, Hlc floor)>;
  Task<void> change(DataKey key, NodeId hint_for, Durability durability, std::function<Result<void>()> still_valid,
                    Change change);

  /// Removes the hints for `owner` that are still what was delivered; one that has grown since stays.
  Task<void> forget_hints(NodeId owner, std::vector<std::pair<DataKey, VersionSet>> delivered);

  /// What this node holds of `partitions` as their replica. kPagesAtOnce of them at a time, so that scans leave room on the pool
  /// for reads; with more than kPagesWaiting behind them it is `overloaded`.
  Task<BucketPage> page(TenantId tenant, Bytes bucket, std::vector<PartitionId> partitions, Bytes prefix, Bytes after,
                        std::size_t limit);

  /// `read_only`, with why. One that passes may fail all the same.
  Result<void> check_writable() const;

  const BucketReplicaStatistics& statistics() const { return statistics_; }

 private:
  using Held = std::shared_ptr<const VersionSet>;

  // A key that is being written. Two writes never start from the same old set.
  struct Slot {
    Held current;              // with everything that was decided
    Held durable;              // with what is written for certain
    std::uint64_t digest = 0;  // of `current`
    // When the key is to go, by every entry in Family::expiring that there may be: several while it is not known which batches
    // are on the disk. Empty: that of `current`.
    std::vector<std::optional<std::uint64_t>> dues;
    std::uint64_t booked = 0;  // bytes of it in the book, of a hint
    bool loading = false;
    Event load_ended;
    std::size_t users = 0;
  };
  using Slots = std::unordered_map<Bytes, std::unique_ptr<Slot>>;
  class Hold;
  struct Plan;

  Task<void> load(Slot& slot, const DataKey& key, NodeId hint_for);
  static Result<void> fill(Slot& slot, const DataKey& key, NodeId hint_for, const ReadResult& found);
  Task<BucketAnswer> look_up(const BucketItem& item) const;
  Result<BucketAnswer> answer_of(const BucketItem& item, const ReadResult& found) const;
  Task<void> prepare(const BucketItem& item, Slot& slot);
  /// prepare() where nothing has to be waited for; false: something has, and prepare() has all still to do.
  Result<bool> prepare_at_once(const BucketItem& item, Slot& slot);
  Result<void> check(const DataKey& key, NodeId hint_for);
  /// What an item makes of the slot; nothing: no change. Fills in the answer.
  std::optional<VersionSet> next_of(const BucketItem& item, const Slot& slot, BucketAnswer& answer);
  /// Puts what the slot is to hold into the plan.
  Result<void> decide(const DataKey& key, NodeId hint_for, Slot& slot, VersionSet next, Plan& plan);
  void note_in_tree(const DataKey& key, BytesView name, const Slot& slot, std::uint64_t digest, Plan& plan);
  static void note_expiry(const DataKey& key, Slot& slot, const VersionSet& after, Plan& plan);
  Task<void> commit(Plan& plan, Durability durability);

  Runtime& runtime_;
  Engine& engine_;
  BucketDirectory& directory_;
  HintBook& hints_;
  PartitionBook& partitions_;
  Slots slots_;
  Semaphore pages_{kPagesAtOnce, kPagesWaiting};
  BucketReplicaStatistics statistics_;
};

}  // namespace latium
