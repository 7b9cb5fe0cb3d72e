// The bank workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/bank.h"

#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(BankTest, TheSumIsTheSameToAllAndNothingAcknowledgedIsLost) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) passing_run(bank, seed, std::chrono::minutes(1));
}

TEST(BankTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(bank);
}

}  // namespace
}  // namespace latium::sim
