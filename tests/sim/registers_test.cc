// The registers workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/registers.h"

#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(RegistersTest, AreLinearizableAndComeBackAfterHealing) {
  EXPECT_GT(acknowledged_in(registers, 40, std::chrono::minutes(1)), 2'000u) << "the clients must get somewhere";
}

TEST(RegistersTest, ThatAreMadeAndRemovedByManyAreLinearizable) {
  EXPECT_GT(acknowledged_in(made_registers, 40, std::chrono::minutes(1)), 1'000u) << "the clients must get somewhere";
}

// Two replicas had promised ballots of clocks that were hours ahead, by different amounts: nobody could get above both.
TEST(RegistersTest, WrongClocksOfThePastDoNotKeepARegister) {
  for (const std::uint64_t seed : {127u, 183u, 213u, 280u, 299u, 332u}) passing_run(registers, seed, std::chrono::minutes(3));
}

// A tombstone was collected while a proposer held the promise of one replica that had not seen it.
TEST(RegistersTest, WhatWasDeletedDoesNotComeBack) {
  passing_run(registers, 8521, std::chrono::minutes(3));
}

TEST(RegistersTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(registers);
}

}  // namespace
}  // namespace latium::sim
