// Recovery: ends what other transactions left half done. Whoever meets an intent finishes it or rolls it back, by what its
// primary says; no transaction manager. The decisions are replication/row_recovery.h, the argument docs/protocols.md, "Sessions".
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "relational/row_store.h"
#include "replication/row_recovery.h"
#include "runtime/runtime.h"

namespace latium {

/// How long an intent is its owner's: by the clock of its owner, which wrote its end into it, or by that of somebody who has met
/// it for so long. Whoever meets it afterwards ends the transaction, if that has not ended yet.
inline constexpr Duration kIntentLife = std::chrono::seconds(5);

struct RecoveryStatistics {
  std::uint64_t met = 0;             ///< intents of other transactions in the way
  std::uint64_t waited = 0;          ///< times that one was given time
  std::uint64_t rolled_forward = 0;  ///< of transactions that had committed
  std::uint64_t rolled_back = 0;
  std::uint64_t aborted = 0;  ///< transactions that this node ended because they were in the way, or dead
};

/// Loop thread only. All that it is given outlives it. Errors: those of RowStore.
class Recovery {
 public:
  Recovery(Runtime& runtime, RowStore& store) : runtime_(runtime), store_(store), random_(runtime.random.fork("recovery")) {}

  /// One step towards `where` having no intent of `intent.txn`: then look again. One round trip to its primary, and one more for
  /// the step; waits for a little while if the transaction is at work and older than `me`.
  Task<void> clear(RegisterKey where, Intent intent, std::optional<Contender> me, MonotonicTime deadline);

  /// Decides a parallel commit whose committer may be dead: afterwards its primary has no intent of it.
  Task<void> decide_staged(RegisterKey primary, TransactionId txn, MonotonicTime deadline);

  /// Puts the outcome to all keys that may still have the intent, then lets the primary forget it.
  Task<void> finish(RegisterKey primary, TransactionId txn, Hlc committed_ts, std::vector<Bytes> unresolved,
                    MonotonicTime deadline);

  const RecoveryStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kMetMax = 4096;

  /// Whether the transaction has been given time by this node for as long as an intent lives.
  bool outwaited(TransactionId txn);
  Task<void> resolve(RegisterKey where, TransactionId txn, Hlc committed_ts, MonotonicTime deadline);
  /// Why it was refused, if it was.
  Task<RowRefusal> abort_at(RegisterKey where, const Intent& intent, RowAbort::When when, bool fenced, MonotonicTime deadline);

  Runtime& runtime_;
  RowStore& store_;
  Random random_;
  std::map<TransactionId, MonotonicTime> met_;  // since when: those that are given time
  RecoveryStatistics statistics_;
};

}  // namespace latium
