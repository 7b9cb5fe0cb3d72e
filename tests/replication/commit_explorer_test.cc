// The commit protocol of sessions over everything that can happen to two transactions: safe as it is, and not with one rule less.
#include "tests/replication/commit_explorer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

namespace latium::explorer {
namespace {

constexpr std::size_t kStatesMax = 40'000'000;

void expect_safe(const Plan& plan) {
  const Report report = Explorer(plan).explore(kStatesMax);
  EXPECT_EQ(report.violation, "") << report.trace;
  EXPECT_TRUE(report.complete) << report.states;
  ::testing::Test::RecordProperty("states", std::to_string(report.states));
  std::cout << report.states << " states\n";
}

void expect_caught(Plan plan, Break broken) {
  plan.broken = broken;
  const Report report = Explorer(plan).explore(kStatesMax);
  EXPECT_NE(report.violation, "") << "not noticed in " << report.states << " states";
}

TEST(CommitExplorerTest, APlainCommitIsAtomic) {
  expect_safe({});
}
TEST(CommitExplorerTest, AParallelCommitIsAtomic) {
  expect_safe({.parallel = true, .recoverers = 1});
}
TEST(CommitExplorerTest, APlainCommitIsAtomicWhenOutcomesAreForgotten) {
  expect_safe({.deletes = true, .forgets = true, .recoverers = 1});
}
TEST(CommitExplorerTest, AParallelCommitIsAtomicWhenOutcomesAreForgotten) {
  expect_safe({.parallel = true, .forgets = true, .recoverers = 1});
}

// Wider ones, of minutes and gigabytes: --gtest_also_run_disabled_tests --gtest_filter='*Wide*'
TEST(CommitExplorerTest, DISABLED_WideParallelWithTwoRecoverers) {
  expect_safe({.parallel = true});
}
TEST(CommitExplorerTest, DISABLED_WideParallelWhenOutcomesAreForgotten) {
  expect_safe({.parallel = true, .deletes = true, .forgets = true, .recoverers = 1});
}
TEST(CommitExplorerTest, DISABLED_WideThreeKeys) {
  expect_safe({.keys = 3, .recoverers = 1});
}
TEST(CommitExplorerTest, DISABLED_WideThreeKeysInParallel) {
  expect_safe({.keys = 3, .parallel = true, .recoverers = 1});
}

TEST(CommitExplorerTest, EveryRuleIsNeeded) {
  expect_caught({}, Break::no_fence);
  expect_caught({}, Break::prewrite_after_abort);
  expect_caught({}, Break::commit_after_abort);
  expect_caught({.keys = 3, .recoverers = 1}, Break::resolve_any);
  expect_caught({}, Break::prewrite_any_ts);
  expect_caught({.parallel = true}, Break::no_fence);
  expect_caught({.parallel = true}, Break::prewrite_after_abort);
  expect_caught({.parallel = true}, Break::abort_staged);
  expect_caught({.parallel = true}, Break::fence_over_intent);
  expect_caught({.parallel = true}, Break::promote_unasked);
  expect_caught({.parallel = true}, Break::acknowledged_early);
  const Plan forgetful{.deletes = true, .forgets = true, .recoverers = 1};
  expect_caught(forgetful, Break::floor_forgotten);
  expect_caught(forgetful, Break::memory_forgotten);
  expect_caught(forgetful, Break::finished_unresolved);
}

}  // namespace
}  // namespace latium::explorer
