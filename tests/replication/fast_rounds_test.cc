#include "replication/fast_rounds.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

using std::chrono::seconds;

constexpr NodeId kNear{1};
constexpr NodeId kFar{2};

class FastRoundsTest : public testing::Test {
 protected:
  bool worth_trying(NodeId replica) const { return rounds_.worth_trying(replica, now_); }

  FastRounds rounds_;
  MonotonicTime now_{seconds(100)};
};

TEST_F(FastRoundsTest, WhoIsSilentAgainAndAgainIsLeftAloneForLonger) {
  for (const Duration rest : {seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(30), seconds(30)}) {
    EXPECT_TRUE(worth_trying(kFar));
    rounds_.was_silent(kFar, now_);
    rounds_.was_silent(kFar, now_);  // several rounds at the same time
    EXPECT_TRUE(worth_trying(kNear));
    now_ += rest - Duration(1);
    EXPECT_FALSE(worth_trying(kFar));
    now_ += Duration(1);
  }
  rounds_.was_last(kFar, false, now_);
  rounds_.was_silent(kFar, now_);
  now_ += seconds(1);
  EXPECT_TRUE(worth_trying(kFar)) << "it took part in between";
}

TEST_F(FastRoundsTest, WhoIsTheSlowerWayEachTimeIsLeftAlone) {
  for (int round = 1; round < FastRounds::kSlowerInARow; ++round) rounds_.was_last(kFar, true, now_);
  rounds_.was_last(kFar, false, now_);
  for (int round = 1; round < FastRounds::kSlowerInARow; ++round) {
    EXPECT_TRUE(worth_trying(kFar)) << "a busy disk now and then";
    rounds_.was_last(kFar, true, now_);
  }
  rounds_.was_last(kFar, true, now_);
  EXPECT_FALSE(worth_trying(kFar));
  EXPECT_TRUE(worth_trying(kNear));
  now_ += FastRounds::kRestMax;
  EXPECT_TRUE(worth_trying(kFar)) << "it may be nearer now";
  rounds_.was_last(kFar, true, now_);
  EXPECT_FALSE(worth_trying(kFar)) << "it is not";
}

}  // namespace
}  // namespace latium
