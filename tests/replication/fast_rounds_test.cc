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
  for (const std::int64_t tenths : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    const Duration rest = std::chrono::milliseconds(100 * tenths);
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
  now_ += FastRounds::kRest;
  EXPECT_TRUE(worth_trying(kFar)) << "it took part in between";
}

TEST_F(FastRoundsTest, WhoIsTheSlowerWayEachTimeIsLeftAlone) {
  const auto slower_again = [&] {
    now_ += FastRounds::kOneCause;
    for (int together = 0; together < 1'000; ++together) rounds_.was_last(kFar, true, now_);
  };
  for (int round = 1; round < FastRounds::kSlowerInARow; ++round) slower_again();
  rounds_.was_last(kFar, false, now_);
  for (int round = 1; round < FastRounds::kSlowerInARow; ++round) {
    EXPECT_TRUE(worth_trying(kFar)) << "a busy disk now and then";
    slower_again();
  }
  slower_again();
  EXPECT_FALSE(worth_trying(kFar));
  EXPECT_TRUE(worth_trying(kNear));
  now_ += FastRounds::kRestMax;
  EXPECT_TRUE(worth_trying(kFar)) << "it may be nearer now";
  slower_again();
  EXPECT_FALSE(worth_trying(kFar)) << "it is not";
}

}  // namespace
}  // namespace latium
