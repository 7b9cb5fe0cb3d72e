#include "ring/swim_budget.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SwimBudget, GivesTheBurstThenTheRate) {
  MonotonicTime now{};
  SwimBudget budget(1000, 300);
  budget.advance(now);
  EXPECT_EQ(budget.left(), 300u);
  budget.spend(300);
  EXPECT_EQ(budget.left(), 0u);
  budget.advance(now += milliseconds(100));
  EXPECT_EQ(budget.left(), 100u);
  budget.advance(now += seconds(10));
  EXPECT_EQ(budget.left(), 300u) << "no more is saved up";
}

TEST(SwimBudget, LosesNothingToManySmallSteps) {
  MonotonicTime now{};
  SwimBudget budget(1000, 300);
  budget.advance(now);
  budget.spend(300);
  for (int i = 0; i < 1000; ++i) budget.advance(now += std::chrono::microseconds(100));
  EXPECT_EQ(budget.left(), 100u);
}

TEST(SwimBudget, WhatIsSpentBeyondItIsOwed) {
  MonotonicTime now{};
  SwimBudget budget(1000, 300);
  budget.advance(now);
  budget.spend(500);
  budget.advance(now += milliseconds(200));
  EXPECT_EQ(budget.left(), 0u);
  budget.advance(now += milliseconds(100));
  EXPECT_EQ(budget.left(), 100u);
}

TEST(SwimBudget, AnotherRateNeitherGivesNorTakesTheBurst) {
  MonotonicTime now{};
  SwimBudget budget(1000, 300);
  budget.advance(now);
  budget.set_rate(500);
  EXPECT_EQ(budget.left(), 300u);
  budget.spend(300);
  budget.advance(now += milliseconds(100));
  EXPECT_EQ(budget.left(), 50u);
}

}  // namespace
}  // namespace latium
