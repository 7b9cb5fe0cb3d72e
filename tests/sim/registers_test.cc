// The registers workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/registers.h"

#include <gtest/gtest.h>

namespace latium::sim {
namespace {

RunReport run(std::uint64_t seed, Duration duration) {
  RunOptions options;
  options.seed = seed;
  options.duration = duration;
  return registers(options);
}

TEST(RegistersTest, AreLinearizableAndComeBackAfterHealing) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RunReport report = run(seed, std::chrono::minutes(1));
    EXPECT_FALSE(report.failure) << "latium-sim --workload registers --seed " << seed << ": " << *report.failure;
    for (const Operation& operation : report.history.operations()) acknowledged += operation.outcome == Outcome::ok ? 1 : 0;
  }
  EXPECT_GT(acknowledged, 2'000u) << "the clients must get somewhere";
}

// Two replicas had promised ballots of clocks that were hours ahead, by different amounts: nobody could get above both.
TEST(RegistersTest, WrongClocksOfThePastDoNotKeepARegister) {
  for (const std::uint64_t seed : {127u, 183u, 213u, 280u, 299u, 332u}) {
    const RunReport report = run(seed, std::chrono::minutes(3));
    EXPECT_FALSE(report.failure) << "seed " << seed << ": " << *report.failure;
  }
}

// A tombstone was collected while a proposer held the promise of one replica that had not seen it.
TEST(RegistersTest, WhatWasDeletedDoesNotComeBack) {
  const RunReport report = run(8521, std::chrono::minutes(3));
  EXPECT_FALSE(report.failure) << *report.failure;
}

TEST(RegistersTest, TheTraceDependsOnTheSeedAlone) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(run(seed, std::chrono::minutes(1)).trace_hash, run(seed, std::chrono::minutes(1)).trace_hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace latium::sim
