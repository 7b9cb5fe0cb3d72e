// The locks workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/locks.h"

#include <map>
#include <string>

#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(LocksTest, TokensGrowAndEveryLockIsHadAfterHealing) {
  std::map<std::string, int> ended_ok;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RunReport report = passing_run(locks, seed, std::chrono::minutes(1));
    for (const Operation& operation : report.history.operations()) {
      if (operation.outcome == Outcome::ok && operation.applied.value_or(true)) ++ended_ok[operation.op];
      if (operation.op == "guarded_write" && operation.applied == false) ++ended_ok["fenced"];
    }
  }
  for (const char* op : {"acquire", "renew", "release", "guarded_write"}) EXPECT_GT(ended_ok[op], 100) << op;
  EXPECT_GT(ended_ok["fenced"], 0) << "leases must be outlived, or the tokens are not put to the test";
}

TEST(LocksTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(locks);
}

}  // namespace
}  // namespace latium::sim
