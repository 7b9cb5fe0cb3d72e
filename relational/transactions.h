// Transactions: what all transactions of a node share.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "base/hlc.h"
#include "base/random.h"
#include "relational/auto_increment.h"
#include "relational/committed_here.h"
#include "relational/recovery.h"
#include "relational/row_store.h"
#include "relational/row_turns.h"
#include "relational/table_images.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium {

struct TransactionsStatistics {
  std::uint64_t committed = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t unknown_outcomes = 0;
  std::uint64_t one_row = 0;              ///< committed with one command
  std::uint64_t parallel = 0;             ///< committed as soon as all intents were there
  std::uint64_t checked_in_one_step = 0;  ///< whose reads were checked along with the prewrites
  std::uint64_t together = 0;             ///< committed, or found to be as it was read, on this node alone
  CallStats cost;                         ///< of all
};

/// Loop thread only, but for `committed` and `images`. All that it is given outlives it;
/// join stop() before it dies.
class Transactions {
 public:
  Transactions(Runtime& runtime, RowStore& store, HlcClock& hlc)
      : runtime(runtime),
        store(store),
        hlc(hlc),
        recovery(runtime, store),
        turns(runtime),
        random_(runtime.random.fork("transactions")),
        background_(runtime.executor, kBackground),
        catching_up_with_(runtime.executor, kBackground) {}

  /// For backoffs too.
  Random& random() { return random_; }
  TransactionId new_id() { return {random_.next(), random_.next() | 1}; }
  /// Runs after the caller has been answered. False: there is no room, and it does not run: whoever meets the rows does it.
  bool later(Task<void> task) { return background_.has_room() && background_.spawn(std::move(task)).has_value(); }
  /// Rows that a commit of this node has written; before it is acknowledged.
  void note_committed(CommittedHere::Rows rows);
  /// Keys of a commit of this node that ended without an answer.
  void note_doubt(const std::vector<Bytes>& keys);
  /// The latest state of a row, where local reads are behind it.
  void note_seen(const RegisterKey& key, const CommittedRow& row, std::uint64_t doubt = 0);
  /// Ends a transaction of somebody else whose intent is still there after its time, in the background.
  void clear_later(const RegisterKey& key, const Intent& intent);
  /// Waits for what runs in the background.
  Task<void> stop() {
    background_.cancel();
    catching_up_with_.cancel();
    co_return co_await background_.join();
  }

  Runtime& runtime;
  RowStore& store;
  HlcClock& hlc;
  Recovery recovery;
  RowTurns turns;
  AutoIncrement auto_increment{*this};
  CommittedHere committed;
  TableImages images;
  TransactionsStatistics statistics;
  /// Registers refuse transactions that begin earlier: this node's clock is behind those of others.
  Hlc not_before{};

 private:
  static constexpr std::size_t kBackground = 4096;

  void catch_up_later();
  Task<void> catch_up();
  Task<void> catch_up(std::vector<std::pair<Bytes, Hlc>> noted);
  Task<void> catch_up(Bytes stored, Hlc ts);
  Task<void> clear(RegisterKey key, Intent intent);

  Random random_;
  TaskGroup background_;
  TaskGroup catching_up_with_;  // keys; joined by who is in the background
  bool catching_up_ = false;
  std::set<Bytes> clearing_;
};

}  // namespace latium
