#include "replication/hedge.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

using std::chrono::milliseconds;

TEST(Hedge, WaitsAsLongAsMostAnswersTake) {
  Hedge hedge;
  EXPECT_EQ(hedge.delay(), milliseconds(50));
  for (int i = 1; i <= 100; ++i) hedge.record(milliseconds(i));
  EXPECT_EQ(hedge.delay(), milliseconds(96));
  for (int i = 0; i < 100; ++i) hedge.record(std::chrono::microseconds(10));
  EXPECT_EQ(hedge.delay(), milliseconds(1));
}

TEST(Hedge, SpendsOneForTwentyAnswers) {
  Hedge hedge;
  int spent = 0;
  while (hedge.spend()) ++spent;
  EXPECT_EQ(spent, 10);
  for (int i = 0; i < 41; ++i) hedge.record(milliseconds(1));
  EXPECT_TRUE(hedge.spend());
  EXPECT_TRUE(hedge.spend());
  EXPECT_FALSE(hedge.spend());
}

}  // namespace
}  // namespace latium
