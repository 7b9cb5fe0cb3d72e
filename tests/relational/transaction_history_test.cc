// Random transactions over rows in memory, against late, lost and repeated answers and old reads; what they were told is judged
// as the simulator's workloads are. Thousands of transactions a second: what is wrong with the protocol itself shows here first.
#include "relational/transaction.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"
#include "tests/sim/transaction_checker.h"
#include "tests/sim/workloads/transaction_worker.h"

namespace latium::testing {
namespace {

class TransactionHistoryTest : public Simulated {
 protected:
  static Task<void> work(Runtime& runtime, sim::TransactionWorker& worker, Random random) {
    for (int i = 0; i < 60; ++i) {
      (void)co_await worker.any();
      LATIUM_CO_CHECKED(co_await sleep_for(runtime, milliseconds(random.below(30))));
    }
    co_return Result<void>();
  }

  /// How many transactions were acknowledged.
  enum class Way : std::uint8_t { step_by_step, in_one_step, alone };
  std::size_t play(std::uint64_t seed, bool lists, Way way = Way::step_by_step) {
    MemoryRows rows(runtime(), seed);
    rows.alone = way == Way::alone;
    rows.one_step = way == Way::in_one_step;
    HlcClock hlc;
    Transactions shared(runtime(), rows, hlc);
    sim::History history;
    sim::TransactionRun outside{
        .lists = lists, .new_keys_every = milliseconds(300), .history = &history, .now = [this] { return simulation_.now(); }};
    rows.faults = {.lost = 0.02, .unsure = 0.02, .twice = 0.05, .again = 0.05, .unlisted = 0.2, .stale = 0.2};
    std::vector<std::unique_ptr<sim::TransactionWorker>> workers;
    TaskGroup group(runtime().executor, 8);
    for (std::uint64_t i = 0; i < 5; ++i) {
      workers.push_back(std::make_unique<sim::TransactionWorker>(runtime(), shared, outside));
      workers.back()->use(TenantId{1}, 4);
      EXPECT_TRUE(group.spawn(work(runtime(), *workers.back(), Random(100 * seed + i))).has_value());
    }
    EXPECT_TRUE(run(group.join()).has_value());
    rows.faults = {};
    pass(seconds(30));
    bool ended = false;
    // The first one may find what a committer left, which it finishes.
    for (int i = 0; i < 3 && !ended; ++i) ended = run(workers[0]->final()).has_value();
    EXPECT_TRUE(ended) << "seed " << seed << ": something is still locked";
    const sim::CheckReport report = sim::check_transactions(history);
    EXPECT_TRUE(report.valid()) << "seed " << seed << ": " << report.first();
    EXPECT_EQ(shared.statistics.checked_in_one_step > 0, way == Way::in_one_step);
    run(shared.stop());
    run(rows.stop());
    return static_cast<std::size_t>(std::ranges::count(history.operations(), sim::Outcome::ok, &sim::Operation::outcome));
  }
};

TEST_F(TransactionHistoryTest, ListsHaveOneOrder) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) acknowledged += play(seed, true);
  EXPECT_GT(acknowledged, 3000u);
}

TEST_F(TransactionHistoryTest, RegistersHaveOneOrder) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) acknowledged += play(seed, false);
  EXPECT_GT(acknowledged, 3000u);
}

TEST_F(TransactionHistoryTest, WithPrewritesAndLooksInOneStepTheyHaveOneOrder) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) acknowledged += play(seed, seed % 2 == 0, Way::in_one_step);
  EXPECT_GT(acknowledged, 3000u);
}

TEST_F(TransactionHistoryTest, OnOneNodeTooTheyHaveOneOrder) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) acknowledged += play(seed, seed % 2 == 0, Way::alone);
  EXPECT_GT(acknowledged, 3000u);
}

}  // namespace
}  // namespace latium::testing
