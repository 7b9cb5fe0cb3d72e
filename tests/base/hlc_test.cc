#include "base/hlc.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

namespace latium {
namespace {

using std::chrono::milliseconds;

TEST(Hlc, PartsComeBack) {
  const Hlc stamp = Hlc::from_parts(0x123456789ABC, 0xFEDC);
  EXPECT_EQ(stamp.milliseconds(), 0x123456789ABCU);
  EXPECT_EQ(stamp.counter(), 0xFEDC);
  EXPECT_LT(Hlc::from_parts(5, 0xFFFF), Hlc::from_parts(6, 0));
  EXPECT_LT(Hlc::from_parts(5, 1), Hlc::from_parts(5, 2));
}

TEST(HlcClock, FollowsTheWallClock) {
  HlcClock clock;
  EXPECT_EQ(clock.now(1000), Hlc::from_parts(1000, 0));
  EXPECT_EQ(clock.now(1000), Hlc::from_parts(1000, 1));
  EXPECT_EQ(clock.now(1001), Hlc::from_parts(1001, 0));
}

TEST(HlcClock, GrowsWhileTheWallClockGoesBack) {
  HlcClock clock;
  clock.now(1000);
  EXPECT_EQ(clock.now(3), Hlc::from_parts(1000, 1));
}

TEST(HlcClock, FullCounterCarriesIntoTheMilliseconds) {
  HlcClock clock;
  clock.restore(Hlc::from_parts(1000, 0xFFFF));
  EXPECT_EQ(clock.now(1000), Hlc::from_parts(1001, 0));
}

TEST(HlcClock, WallClockBeyond48BitsIsCut) {
  HlcClock clock;
  EXPECT_EQ(clock.now(std::numeric_limits<std::uint64_t>::max()).milliseconds(), (std::uint64_t{1} << 48) - 1);
}

TEST(HlcClock, ObservedStampIsPassed) {
  HlcClock clock(milliseconds(500));
  const Hlc remote = Hlc::from_parts(1500, 7);
  ASSERT_TRUE(clock.observe(remote, 1000));
  EXPECT_EQ(clock.latest(), remote);
  EXPECT_EQ(clock.now(1000), Hlc::from_parts(1500, 8));
}

TEST(HlcClock, ObservingThePastChangesNothing) {
  HlcClock clock;
  const Hlc stamp = clock.now(1000);
  ASSERT_TRUE(clock.observe(Hlc::from_parts(10, 3), 1000));
  EXPECT_EQ(clock.latest(), stamp);
}

TEST(HlcClock, StampPastTheOffsetIsRefusedAndChangesNothing) {
  HlcClock clock(milliseconds(500));
  const Hlc stamp = clock.now(1000);
  const auto refused = clock.observe(Hlc::from_parts(1501, 0), 1000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(clock.latest(), stamp);
  EXPECT_TRUE(clock.observe(Hlc::from_parts(1501, 0), 1001));
}

TEST(HlcClock, RestoreHasNoBoundAndNeverGoesBack) {
  HlcClock clock(milliseconds(1));
  clock.restore(Hlc::from_parts(1'000'000, 5));
  EXPECT_EQ(clock.latest(), Hlc::from_parts(1'000'000, 5));
  clock.restore(Hlc::from_parts(3, 0));
  EXPECT_EQ(clock.now(1), Hlc::from_parts(1'000'000, 6));
}

TEST(HlcClockDeathTest, StopsRatherThanStartAgainFromZero) {
  HlcClock clock;
  clock.restore(Hlc{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_DEATH(clock.now(1), "run out of stamps");
}

// Whatever the wall clock does and whatever peers send: each stamp is above every stamp handed out or adopted before.
RC_GTEST_PROP(HlcClock, StampsGrow, ()) {
  HlcClock clock(milliseconds(50));
  Hlc highest;
  const auto steps = *rc::gen::container<std::vector<std::pair<bool, std::uint64_t>>>(
      rc::gen::pair(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::uint64_t>(0, 300)));
  for (const auto& [local, time] : steps) {
    if (local) {
      const Hlc stamp = clock.now(time);
      RC_ASSERT(stamp > highest);
      RC_ASSERT(stamp.milliseconds() >= time);
      highest = stamp;
    } else {
      const Hlc remote = Hlc::from_parts(time, 0xFFFF);
      const bool adopted = clock.observe(remote, 100).has_value();
      RC_ASSERT(adopted == (time <= 150));
      if (adopted) highest = std::max(highest, remote);
    }
    RC_ASSERT(clock.latest() == highest);
  }
}

TEST(HlcClock, ThreadsNeverGetTheSameStampAndEachSeesItsOwnGrow) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kStamps = 20'000;
  HlcClock clock;
  std::vector<std::vector<Hlc>> stamps(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&clock, &mine = stamps[t], t] {
      for (std::size_t i = 0; i < kStamps; ++i) {
        mine.push_back(clock.now(1000 + i / 1000));
        if (i % 100 == t) EXPECT_TRUE(clock.observe(Hlc{mine.back().value + 3}, 1'000'000));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Hlc> all;
  for (const auto& mine : stamps) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  EXPECT_EQ(all.size(), kThreads * kStamps);
}

}  // namespace
}  // namespace latium
