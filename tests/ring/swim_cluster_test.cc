// Many cores together, over a network that loses and cuts. Small runs of what latium-swim-sim measures for ten thousand.
#include <gtest/gtest.h>

#include "tests/ring/swim_world.h"

namespace latium::testing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

bool eventually_all_say(SwimWorld& world, std::size_t subject, Liveness liveness, Duration limit = minutes(2)) {
  return world.run_until(limit, [&] { return world.all_others_say(subject, liveness); });
}

/// Every living node says of every other what it is.
bool all_right(const SwimWorld& world) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (!world.all_others_say(i, world.node(i).alive ? Liveness::up : Liveness::down)) return false;
  }
  return true;
}

std::size_t delegate_of(SwimWorld& world, std::size_t site, std::size_t asked) {
  return world.index_of(world.node(asked).swim->delegates(SwimWorld::site_name(site)).at(0));
}

TEST(SwimCluster, LossAloneBringsNobodyDown) {
  SwimWorld world({.seed = 1, .sites = 6, .nodes_per_site = 50, .loss = 0.01, .swim = {}});
  world.run_for(minutes(5));
  EXPECT_EQ(world.false_positives(), 0u);
  EXPECT_TRUE(all_right(world));
}

TEST(SwimCluster, AFailureIsKnownEverywhereAndSoIsTheReturn) {
  SwimWorld world({.seed = 2, .sites = 6, .nodes_per_site = 50, .loss = 0.01, .swim = {}});
  world.run_for(seconds(20));
  for (const std::size_t victim : {std::size_t{17}, delegate_of(world, 2, 0)}) {
    world.kill(victim);
    EXPECT_TRUE(eventually_all_say(world, victim, Liveness::down));
    world.start(victim);
    EXPECT_TRUE(eventually_all_say(world, victim, Liveness::up));
    EXPECT_TRUE(world.run_until(minutes(2), [&] { return all_right(world); })) << "the newcomer knows, too";
  }
  EXPECT_EQ(world.false_positives(), 0u);
}

/// The bound of what liveness may cost a node, frames counted in.
constexpr std::uint32_t kMostBytesASecond = 10'000;

TEST(SwimCluster, HalfASiteComesBackAndNobodySendsTooMuchInAnySecond) {
  SwimWorld world({.seed = 12, .sites = 30, .nodes_per_site = 40, .loss = 0.01, .swim = {}});
  world.run_for(seconds(20));
  for (std::size_t victim = 0; victim < 20; ++victim) world.kill(victim);
  EXPECT_TRUE(world.run_until(minutes(1), [&] { return all_right(world); }));
  EXPECT_LT(world.most_sent(), kMostBytesASecond) << "when they fail";
  world.reset_most_sent();
  for (std::size_t victim = 0; victim < 20; ++victim) world.start(victim);
  EXPECT_TRUE(world.run_until(seconds(15), [&] { return all_right(world); }));
  world.run_for(seconds(10));
  EXPECT_LT(world.most_sent(), kMostBytesASecond) << "when they are back";
  EXPECT_EQ(world.false_positives(), 0u);
}

TEST(SwimCluster, ASiteIsCutOffAndItsDelegatesDoNotSendTooMuch) {
  SwimWorld world({.seed = 13, .sites = 100, .nodes_per_site = 4, .loss = 0.01, .swim = {}});
  world.run_for(seconds(20));
  world.reset_most_sent();
  world.cut_site(99);
  world.run_for(seconds(20));
  EXPECT_EQ(world.observers(399, Liveness::down), 396u);
  EXPECT_LT(world.most_sent(), kMostBytesASecond);
}

TEST(SwimCluster, AProbeOfOtherSitesFallsOnTheirDelegatesInEqualShares) {
  SwimWorld world({.seed = 14, .sites = 100, .nodes_per_site = 3, .swim = {}});
  world.run_for(seconds(20));
  world.reset_most_sent();
  world.run_for(seconds(30));
  // 16.5 probes and as many answers a second, of 65 bytes, and what it does in its site.
  EXPECT_LT(world.most_sent(), 4'000u);
}

TEST(SwimCluster, OneSeedIsOneRun) {
  const auto trace = [](std::uint64_t seed) {
    SwimWorld world({.seed = seed, .sites = 3, .nodes_per_site = 10, .loss = 0.05, .swim = {}});
    world.run_for(seconds(30));
    world.kill(4);
    world.run_for(seconds(30));
    world.start(4);
    world.run_for(seconds(30));
    return world.trace();
  };
  EXPECT_EQ(trace(15), trace(15));
  EXPECT_NE(trace(15), trace(16));
}

TEST(SwimCluster, DeadDelegatesAreReplacedAndNewsStillCrosses) {
  SwimWorld world({.seed = 3, .sites = 4, .nodes_per_site = 8, .swim = {}});
  world.run_for(seconds(20));
  const auto delegates = world.node(0).swim->delegates(SwimWorld::site_name(1));
  ASSERT_EQ(delegates.size(), 3u);
  for (const NodeId delegate : delegates) world.kill(world.index_of(delegate));
  for (const NodeId delegate : delegates) {
    EXPECT_TRUE(eventually_all_say(world, world.index_of(delegate), Liveness::down));
    EXPECT_NE(delegate_of(world, 1, 0), world.index_of(delegate));
  }
  const std::size_t victim = delegate_of(world, 1, 0);
  world.kill(victim);
  EXPECT_TRUE(eventually_all_say(world, victim, Liveness::down));
  EXPECT_TRUE(all_right(world));
  EXPECT_EQ(world.false_positives(), 0u) << "the site was never taken for cut off";
}

TEST(SwimCluster, ALossyLinkIsHelpedByOthers) {
  SwimWorld world({.seed = 4, .sites = 1, .nodes_per_site = 6, .swim = {}});
  world.cut_link(0, 1);
  world.cut_link(2, 3);
  for (int minute = 0; minute < 10; ++minute) {
    world.run_for(minutes(1));
    EXPECT_TRUE(all_right(world));
  }
}

TEST(SwimCluster, AnotherSiteHelpsTwoWhoDoNotHearEachOther) {
  SwimWorld world({.seed = 11, .sites = 2, .nodes_per_site = 2, .swim = {}});
  world.cut_link(0, 1);
  for (int second = 0; second < 600; ++second) {
    world.run_for(seconds(1));
    ASSERT_TRUE(all_right(world));
  }
}

TEST(SwimCluster, ASiteCutOffIsDownAndComesBackByItself) {
  SwimWorld world({.seed = 5, .sites = 4, .nodes_per_site = 20, .loss = 0.01, .swim = {}});
  world.run_for(seconds(20));
  const auto as_expected = [&](Liveness across) {
    for (std::size_t i = 0; i < world.size(); ++i) {
      for (std::size_t j = 0; j < world.size(); ++j) {
        const bool crosses = (world.node(i).site == 3) != (world.node(j).site == 3);
        if (i != j && world.node(i).swim->liveness(world.node(j).id) != (crosses ? across : Liveness::up)) return false;
      }
    }
    return true;
  };
  world.cut_site(3);
  EXPECT_TRUE(world.run_until(minutes(1), [&] { return as_expected(Liveness::down); }));
  for (int second = 0; second < 200; ++second) {
    world.run_for(seconds(1));
    ASSERT_TRUE(as_expected(Liveness::down)) << "the lease was not renewed in time";
  }
  world.heal();
  EXPECT_TRUE(world.run_until(minutes(1), [&] { return as_expected(Liveness::up); }));
  world.run_for(minutes(2));
  EXPECT_TRUE(as_expected(Liveness::up));
}

TEST(SwimCluster, ANodeCutOffHarmsNobodyWhenItIsBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SwimWorld world({.seed = seed, .sites = 2, .nodes_per_site = 12, .swim = {}});
    world.run_for(seconds(20));
    world.cut_node(5);
    EXPECT_TRUE(world.run_until(minutes(1), [&] { return world.observers(5, Liveness::down) == world.size() - 1; }));
    world.run_for(minutes(10));
    EXPECT_EQ(world.node(5).swim->liveness(world.node(4).id), Liveness::down);
    world.heal();
    // From here on every wrong "down" is counted.
    EXPECT_TRUE(world.run_until(minutes(2), [&] { return all_right(world); }));
    EXPECT_EQ(world.false_positives(), 0u) << "seed " << seed;
  }
}

TEST(SwimCluster, APausedNodeIsDownAndBlamesNobodyAfterwards) {
  SwimWorld world({.seed = 7, .sites = 2, .nodes_per_site = 12, .swim = {}});
  world.run_for(seconds(20));
  world.pause(5);
  EXPECT_TRUE(world.run_until(minutes(1), [&] { return world.observers(5, Liveness::down) == world.size() - 1; }));
  world.resume(5);
  EXPECT_TRUE(world.run_until(minutes(2), [&] { return all_right(world); }));
  EXPECT_EQ(world.false_positives(), 0u);
}

TEST(SwimCluster, HalvesOfASiteFindTogetherAgain) {
  SwimWorld world({.seed = 8, .sites = 1, .nodes_per_site = 10, .swim = {}});
  world.run_for(seconds(20));
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t b = 5; b < 10; ++b) world.cut_link(a, b);
  }
  EXPECT_TRUE(world.run_until(minutes(3), [&] { return world.observers(0, Liveness::down) == 5; }));
  world.run_for(minutes(2));
  world.heal();
  EXPECT_TRUE(world.run_until(minutes(2), [&] { return all_right(world); }));
}

class SmallCluster : public ::testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(SmallCluster, KnowsWhoIsThere) {
  const auto [sites, nodes] = GetParam();
  SwimWorld world({.seed = 9, .sites = sites, .nodes_per_site = nodes, .loss = 0.01, .swim = {}});
  world.run_for(minutes(5));
  EXPECT_EQ(world.false_positives(), 0u);
  for (std::size_t victim = 0; victim + 1 < world.size(); ++victim) world.kill(victim);
  EXPECT_TRUE(world.run_until(minutes(5), [&] { return all_right(world); }));
  for (std::size_t victim = 0; victim + 1 < world.size(); ++victim) world.start(victim);
  EXPECT_TRUE(world.run_until(minutes(5), [&] { return all_right(world); }));
}

INSTANTIATE_TEST_SUITE_P(All, SmallCluster,
                         ::testing::Values(std::pair(1, 2), std::pair(1, 3), std::pair(2, 1), std::pair(3, 1), std::pair(3, 2),
                                           std::pair(5, 3)));

TEST(SwimCluster, TrafficBetweenSitesGrowsWithSitesNotWithNodes) {
  const auto cross_probes = [](std::size_t nodes) {
    SwimWorld world({.seed = 10, .sites = 4, .nodes_per_site = nodes, .swim = {}});
    world.run_for(minutes(2));
    std::uint64_t probes = 0;
    for (std::size_t i = 0; i < world.size(); ++i) probes += world.node(i).swim->statistics().cross_probes;
    return probes;
  };
  const auto few = cross_probes(5);
  const auto many = cross_probes(40);
  EXPECT_GT(few, 0u);
  EXPECT_LT(many, few + few / 5);
}

}  // namespace
}  // namespace latium::testing
