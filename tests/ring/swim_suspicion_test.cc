#include "ring/swim_suspicion.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

using std::chrono::seconds;

constexpr SwimSuspicion::Times kTimes{.min = seconds(4), .max = seconds(12), .confirmations = 3};

TEST(SwimSuspicion, ShrinksWithEachConfirmationDownToTheMinimum) {
  SwimSuspicion suspicion(NodeId{1}, MonotonicTime{}, kTimes);
  EXPECT_EQ(suspicion.deadline(), MonotonicTime{} + seconds(12));
  MonotonicTime last = suspicion.deadline();
  for (const std::uint64_t node : {2, 3, 4}) {
    EXPECT_TRUE(suspicion.confirm(NodeId{node}));
    EXPECT_LT(suspicion.deadline(), last);
    last = suspicion.deadline();
  }
  EXPECT_EQ(last, MonotonicTime{} + seconds(4));
}

TEST(SwimSuspicion, CountsEachNodeOnceAndNoMoreThanNeeded) {
  SwimSuspicion suspicion(NodeId{1}, MonotonicTime{}, kTimes);
  EXPECT_FALSE(suspicion.confirm(NodeId{1}));
  EXPECT_EQ(suspicion.deadline(), MonotonicTime{} + seconds(12));
  EXPECT_TRUE(suspicion.confirm(NodeId{2}));
  EXPECT_FALSE(suspicion.confirm(NodeId{2}));
  EXPECT_TRUE(suspicion.confirm(NodeId{3}));
  EXPECT_TRUE(suspicion.confirm(NodeId{4}));
  EXPECT_FALSE(suspicion.confirm(NodeId{5}));
  EXPECT_EQ(suspicion.deadline(), MonotonicTime{} + seconds(4));
}

TEST(SwimSuspicion, IsTheMinimumWhereNobodyCanConfirm) {
  const SwimSuspicion suspicion(NodeId{1}, MonotonicTime{}, {.min = seconds(4), .max = seconds(12), .confirmations = 0});
  EXPECT_EQ(suspicion.deadline(), MonotonicTime{} + seconds(4));
}

TEST(SwimSuspicion, IsPutOffByAPause) {
  SwimSuspicion suspicion(NodeId{1}, MonotonicTime{}, kTimes);
  suspicion.postpone(seconds(30));
  EXPECT_EQ(suspicion.deadline(), MonotonicTime{} + seconds(42));
}

}  // namespace
}  // namespace latium
