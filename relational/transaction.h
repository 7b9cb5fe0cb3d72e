// Transaction: reads and writes of rows that take effect together or not at all. Optimistic: nothing is locked until the commit,
// which checks that what was read is still so. No transaction manager: the outcome is in one of the written rows, and whoever
// meets what a dead node left finishes it. Sources: Peng and Dabek, "Percolator" (OSDI 2010); Kung and Robinson, "On Optimistic
// Methods for Concurrency Control" (TODS 1981); docs/protocols.md, "Sessions".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/hlc.h"
#include "base/random.h"
#include "relational/recovery.h"
#include "relational/row_store.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium {

enum class Isolation : std::uint8_t {
  serializable,    ///< as if transactions ran one after another, in the order in which they were acknowledged
  read_committed,  ///< what was only read may have changed until the commit; no update is lost all the same
};

struct TransactionOptions {
  Isolation isolation = Isolation::serializable;
  Reading reading = Reading::local;
  /// Others change the same rows now. Then one row is committed like several: the row tells what became of a step that had no
  /// answer, which the one command only does until somebody else writes.
  bool contended = false;
  /// Of an earlier attempt of the same work: whoever began first goes first. 0: begins now.
  Hlc start{};
};

struct TransactionsStatistics {
  std::uint64_t committed = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t unknown_outcomes = 0;
  std::uint64_t one_row = 0;   ///< committed with one command
  std::uint64_t parallel = 0;  ///< committed as soon as all intents were there
  CallStats cost;              ///< of all
};

/// What all transactions of a node share. Loop thread only. All that it is given outlives it; join stop() before it dies.
class Transactions {
 public:
  Transactions(Runtime& runtime, RowStore& store, HlcClock& hlc)
      : runtime(runtime),
        store(store),
        hlc(hlc),
        recovery(runtime, store),
        random_(runtime.random.fork("transactions")),
        background_(runtime.executor, kBackground) {}

  /// What this node has committed itself: a local read that has not heard of it yet does not do.
  void note_committed(Bytes key, Hlc ts) {
    if (committed_.size() >= kCommittedMax) committed_.clear();
    committed_.insert_or_assign(std::move(key), ts);
  }
  bool knows_later(const Bytes& key, Hlc than) const {
    const auto found = committed_.find(key);
    return found != committed_.end() && found->second > than;
  }

  /// For backoffs too.
  Random& random() { return random_; }
  TransactionId new_id() { return {random_.next(), random_.next() | 1}; }
  /// Runs after the caller has been answered. With no room it does not run: whoever meets the rows does it.
  void later(Task<void> task) {
    if (background_.has_room()) (void)background_.spawn(std::move(task));
  }
  /// Waits for what runs in the background.
  Task<void> stop() {
    background_.cancel();
    co_return co_await background_.join();
  }

  Runtime& runtime;
  RowStore& store;
  HlcClock& hlc;
  Recovery recovery;
  TransactionsStatistics statistics;
  /// Registers refuse transactions that begin earlier: this node's clock is behind those of others.
  Hlc not_before{};

 private:
  static constexpr std::size_t kBackground = 4096;
  static constexpr std::size_t kCommittedMax = 8192;
  Random random_;
  TaskGroup background_;
  std::unordered_map<Bytes, Hlc> committed_;  // by stored key
};

/// Loop thread only; one call at a time. A conflict, and any other error of commit(), ends it.
class Transaction {
 public:
  Transaction(Transactions& shared, TransactionOptions options) : shared_(shared), options_(options) {}

  /// What the transaction sees: what it wrote itself, else what it read first. The first read of a key costs what
  /// RowStore::read() does, the others nothing. All keys at once. Errors: those of RowStore.
  Task<std::vector<std::optional<Bytes>>> get(std::vector<RegisterKey> keys, MonotonicTime deadline);

  /// Takes effect with the commit. Precondition: the key has been read.
  void put(const RegisterKey& key, Bytes row) { write(key, Write{true, std::move(row)}); }
  void remove(const RegisterKey& key) { write(key, Write{false, {}}); }

  struct Found {
    RegisterKey key;
    Bytes row;
  };
  struct Page {
    std::vector<Found> rows;
    bool more = false;
  };
  /// Rows in a range of keys, in their order, as the transaction sees them; at most `limit`. One more round trip than get(). A
  /// serializable commit checks that none has come or gone.
  Task<Page> range(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit,
                   MonotonicTime deadline);

  /// Errors: `conflict`: nothing was done, and doing all of it again is right. `unavailable`: nothing was done.
  /// `unknown_outcome`: it may have been done, or may still be. Durable on a majority of the replicas of every row when it
  /// returns without one. Round trips to a majority: one row with one command; several rows 1 (2 where another node changed one
  /// of them last) when nothing that was only read has to be checked, else one more for the check and one for the commit.
  Task<void> commit(MonotonicTime deadline);

  bool wrote() const;
  /// Of the commit; 0 before, and of one that wrote nothing.
  Hlc commit_ts() const { return commit_ts_; }
  Hlc start() const { return start_; }
  const CallStats& stats() const { return stats_; }

  /// The writes up to now, for going back to them.
  using Savepoint = std::map<Bytes, std::pair<bool, Bytes>>;
  Savepoint savepoint() const;
  void rollback_to(const Savepoint& savepoint);

 private:
  struct Write {
    bool present;
    Bytes row;
  };
  struct Entry {
    RegisterKey key;
    CommittedRow seen;
    std::optional<Write> write;
  };
  struct Range {
    TenantId tenant;
    std::vector<PartitionId> partitions;
    TupleRange range;
  };
  struct Phase;

  void write(const RegisterKey& key, Write write);
  std::vector<Entry*> written();
  Hlc above_all_seen();
  Task<void> commit_one(Entry& entry, MonotonicTime deadline);
  Task<void> look_for(Entry& entry, Error why, MonotonicTime deadline);
  Task<void> commit_many(std::vector<Entry*> writes, bool staged, MonotonicTime deadline);
  Task<void> prewrite_all(const std::vector<Entry*>& writes, bool staged, MonotonicTime deadline);
  Task<void> prewrite(Entry& entry, Intent intent, Phase& phase, MonotonicTime deadline);
  Task<void> validate(MonotonicTime deadline);
  Task<void> validate_read(Entry& entry, Phase& phase, MonotonicTime deadline);
  Task<void> validate_range(const Range& range, Phase& phase, MonotonicTime deadline);
  Task<void> validate_absent(RegisterKey key, Phase& phase, MonotonicTime deadline);
  /// The latest state of a key in which no other transaction is about to change anything.
  Task<RowRead> settled(RegisterKey key, const Phase& phase, MonotonicTime deadline);
  /// Recovery::clear(); a failure that passes is waited out, as long as there is time.
  Task<void> clear(RegisterKey key, Intent intent, MonotonicTime deadline);
  Task<void> commit_at_primary(Entry& primary, MonotonicTime deadline);
  Task<void> give_up(std::vector<Entry*> writes, bool staged, Error why, MonotonicTime deadline);
  /// Nothing before the commit: a read waits for a transaction that is at work, whichever of the two began first.
  std::optional<Contender> me() const { return txn_ ? std::optional(Contender{txn_, start_}) : std::nullopt; }

  Transactions& shared_;
  TransactionOptions options_;
  std::map<Bytes, Entry> entries_;  // by stored key
  std::vector<Range> ranges_;
  TransactionId txn_{};
  Hlc start_{};
  Hlc commit_ts_{};
  CallStats stats_;
};

}  // namespace latium
