#include "base/check.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

TEST(Check, HoldsQuietlyAndEvaluatesOnce) {
  int evaluations = 0;
  LATIUM_CHECK(++evaluations == 1, "evaluated once");
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, NamesThePlaceTheConditionAndTheText) {
  EXPECT_DEATH(LATIUM_CHECK(1 + 1 == 3, "sums must hold"), "check_test\\.cc:[0-9]+: CHECK failed: 1 \\+ 1 == 3 sums must hold");
}

TEST(CheckDeathTest, NeedsNoText) {
  EXPECT_DEATH(LATIUM_CHECK(false), "CHECK failed: false");
}

}  // namespace
}  // namespace latium
