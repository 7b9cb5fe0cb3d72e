// RowSweeper: ends what dead committers have left at rows that nobody comes to, and forgets rows that were deleted long ago.
// docs/protocols.md, "Sessions".
#pragma once

#include <vector>

#include "relational/transaction.h"

namespace latium {

struct RowSweeperStatistics {
  std::uint64_t passes = 0;     ///< over all that this node holds, that came to their end
  std::uint64_t ended = 0;      ///< intents of dead transactions
  std::uint64_t finished = 0;   ///< committed transactions whose other rows were resolved
  std::uint64_t forgotten = 0;  ///< rows
  std::uint64_t failures = 0;   ///< rows that were left for the next pass, as too few replicas answered; passes that ended early
};

/// Loop thread only; one a node. What it is given outlives it.
class RowSweeper {
 public:
  /// Registers that are looked at in one go, and the pause after it: some 25,000 a second.
  static constexpr std::size_t kLookAtOnce = 500;
  static constexpr Duration kPause = std::chrono::milliseconds(20);

  /// `every`: from the end of one pass to the begin of the next.
  RowSweeper(Transactions& shared, Duration every)
      : shared_(shared),
        every_(every),
        random_(shared.runtime.random.fork("row_sweeper")),
        at_work_(shared.runtime.executor, kRowsAtOnce) {}

  /// Until it is cancelled, after cancel().
  Task<void> run();
  /// What is being done at rows ends, and is left to others.
  void cancel() { at_work_.cancel(); }
  /// Over all rows of partitions of which this node is the first replica that is up. A row takes one round trip, and one or two
  /// for each step.
  Task<void> pass();

  const RowSweeperStatistics& statistics() const { return statistics_; }

 private:
  static constexpr std::size_t kRowsAtOnce = 16;
  static constexpr std::size_t kStepsMax = 2 * kOutcomesMax;

  Task<void> sweep_all(std::vector<RegisterKey> keys);
  Task<void> sweep(RegisterKey key);
  Task<void> end_all(const RegisterKey& key, MonotonicTime deadline);

  Transactions& shared_;
  const Duration every_;
  Random random_;
  TaskGroup at_work_;  // joined by each pass
  RowSweeperStatistics statistics_;
};

}  // namespace latium
