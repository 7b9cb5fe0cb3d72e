// The bank workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/bank.h"

#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(BankTest, TheSumIsTheSameToAllAndNothingAcknowledgedIsLost) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) passing_run(bank, seed, std::chrono::minutes(1));
}

// It failed once: an intent whose end a clock had written that was hours ahead kept readers waiting for hours.
TEST(BankTest, SeedsThatFailedOnce) {
  passing_run(bank, 5110, std::chrono::minutes(3));
}

TEST(BankTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(bank);
}

}  // namespace
}  // namespace latium::sim
