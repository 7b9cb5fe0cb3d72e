// The workloads of transactions on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/transactions.h"

#include "tests/sim/seed_runs.h"
#include "tests/sim/workloads/index.h"

namespace latium::sim {
namespace {

TEST(ListAppendTest, TransactionsHaveOneOrderThatKeepsToTime) {
  EXPECT_GT(acknowledged_in(list_append, 15, std::chrono::minutes(1)), 500u);
}

TEST(RwRegisterTest, TransactionsHaveOneOrderThatKeepsToTime) {
  EXPECT_GT(acknowledged_in(rw_register, 15, std::chrono::minutes(1)), 500u);
}

TEST(IndexTest, IndexesSayWhatTheRowsSay) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) passing_run(index, seed, std::chrono::minutes(1));
}

TEST(AloneTest, TheSameHoldsWhereOneNodeHasAllOfIt) {
  for (const char* workload : {"bank_alone", "index_alone", "list_append_alone", "rw_register_alone"}) {
    SCOPED_TRACE(workload);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) passing_run(workloads().at(workload), seed, std::chrono::minutes(1));
  }
}

TEST(SameNodesTest, TheSameHoldsWhereAllRowsHaveTheSameReplicas) {
  for (const char* workload : {"bank_same_nodes", "list_append_same_nodes", "rw_register_same_nodes"}) {
    SCOPED_TRACE(workload);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) passing_run(workloads().at(workload), seed, std::chrono::minutes(1));
  }
}

TEST(TransactionWorkloadsTest, TheTraceDependsOnTheSeedAlone) {
  for (const RunSeed& workload : {RunSeed(list_append), RunSeed(rw_register), RunSeed(index)}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const auto trace = [&] { return passing_run(workload, seed, std::chrono::minutes(1)).trace_hash; };
      EXPECT_EQ(trace(), trace()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace latium::sim
