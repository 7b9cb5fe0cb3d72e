// The locks workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/locks.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace latium::sim {
namespace {

RunReport run(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.duration = std::chrono::minutes(1);
  return locks(options);
}

TEST(LocksTest, TokensGrowAndEveryLockIsHadAfterHealing) {
  std::map<std::string, int> ended_ok;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RunReport report = run(seed);
    EXPECT_FALSE(report.failure) << "latium-sim --workload locks --seed " << seed << ": " << *report.failure;
    for (const Operation& operation : report.history.operations()) {
      if (operation.outcome == Outcome::ok && operation.applied.value_or(true)) ++ended_ok[operation.op];
      if (operation.op == "guarded_write" && operation.applied == false) ++ended_ok["fenced"];
    }
  }
  for (const char* op : {"acquire", "renew", "release", "guarded_write"}) EXPECT_GT(ended_ok[op], 100) << op;
  EXPECT_GT(ended_ok["fenced"], 0) << "leases must be outlived, or the tokens are not put to the test";
}

TEST(LocksTest, TheTraceDependsOnTheSeedAlone) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(run(seed).trace_hash, run(seed).trace_hash) << "seed " << seed;
}

}  // namespace
}  // namespace latium::sim
