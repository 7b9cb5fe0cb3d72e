// The promises of the ring: how even it is and how little a change moves, counted over tenants as they come.
#include "ring/ring_load.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ring/token_choice.h"
#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

double worst(const std::vector<SiteLoad>& sites) {
  double out = 0;
  for (const SiteLoad& site : sites) out = std::max(out, site.max_over_mean());
  return out;
}

TEST(RingLoad, CountsEachReplicaOnce) {
  Random random(1);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 3, .nodes = 4}));
  const auto loads = measure_load(*ring, plan_tenants(*ring, 10, placed("s1:4,s3:2"), 32));
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_EQ(loads[0].site, "s1");
  EXPECT_EQ(loads[0].nodes, 4u);
  EXPECT_EQ(loads[0].partitions, 1280u);
  EXPECT_EQ(loads[0].min, 320);
  EXPECT_EQ(loads[0].max_over_mean(), 1);
  EXPECT_EQ(loads[1].site, "s3");
  EXPECT_EQ(loads[1].mean, 160);
}

TEST(RingLoad, ANodeOfWeightTwoCountsAsTwo) {
  Random random(1);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 1, .nodes = 2, .weights_milli = {1000, 2000}}));
  const auto loads = measure_load(*ring, plan_tenants(*ring, 10, placed("s1:2"), 4));
  EXPECT_DOUBLE_EQ(loads.at(0).mean, 80.0 / 3);
  EXPECT_EQ(loads.at(0).min, 20);
  EXPECT_EQ(loads.at(0).max, 40);
}

TEST(RingLoad, MovementIsWhatNodesMustFetch) {
  Random random(1);
  Topology topology = shaped_topology(random, {.sites = 1, .nodes = 3});
  const auto before = Ring::build(topology);
  topology.nodes.pop_back();
  const auto after = Ring::build(topology);
  const TenantPlan plan{
      .tenants = {TenantId{1}, TenantId{2}, TenantId{3}, TenantId{4}}, .placement = placed("s1:2"), .partitions = 8};
  EXPECT_EQ(measure_movement(*before, *before, plan).moved, 0u);
  // Two nodes are left, so both hold everything: what the third held is fetched by the one that had not.
  const Movement leave = measure_movement(*before, *after, plan);
  EXPECT_EQ(static_cast<double>(leave.moved), leave.least);
  EXPECT_GT(leave.moved, 0u);
  const Movement join = measure_movement(*after, *before, plan);
  EXPECT_EQ(join.moved, leave.moved);
  EXPECT_DOUBLE_EQ(join.least, 64.0 / 3);
}

struct Cluster {
  Shape shape;
  const char* placement;
  std::uint32_t tenants;
  double max_over_mean;

  friend void PrintTo(const Cluster& cluster, std::ostream* out) {
    *out << cluster.shape.sites << " x " << cluster.shape.nodes << " nodes, " << cluster.shape.racks << " racks, "
         << cluster.tenants << " tenants, " << cluster.placement;
  }
};

class RingBalance : public testing::TestWithParam<Cluster> {};

TEST_P(RingBalance, NoNodeHoldsMuchMoreThanTheMean) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Random random(seed);
    const auto ring = Ring::build(shaped_topology(random, GetParam().shape));
    const TenantPlan plan = plan_tenants(*ring, GetParam().tenants, placed(GetParam().placement), 64);
    EXPECT_LE(worst(measure_load(*ring, plan)), GetParam().max_over_mean) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Clusters, RingBalance,
                         testing::Values(Cluster{{.sites = 1, .nodes = 100}, "s1:1", 1000, 1.10},
                                         Cluster{{.sites = 1, .nodes = 100}, "s1:1", 200, 1.10},
                                         Cluster{{.sites = 1, .nodes = 100}, "s1:3", 1000, 1.10},
                                         Cluster{{.sites = 2, .nodes = 100, .racks = 3}, "s1:2,s2:1", 1000, 1.10},
                                         Cluster{{.sites = 2, .nodes = 100, .racks = 10}, "s1:3,s2:2", 300, 1.10},
                                         Cluster{{.sites = 1, .nodes = 100}, "s1:3", 200, 1.10},
                                         Cluster{{.sites = 3, .nodes = 100}, "everywhere: 2", 500, 1.10},
                                         Cluster{{.sites = 3, .nodes = 10}, "s1:1,s2:2,s3:3", 200, 1.10},
                                         Cluster{{.sites = 3, .nodes = 6, .racks = 3}, "everywhere: 2", 200, 1.08},
                                         Cluster{{.sites = 3, .nodes = 5}, "everywhere: 1", 200, 1.08},
                                         Cluster{{.sites = 3, .nodes = 3}, "s1:2,s2:1", 200, 1.08},
                                         Cluster{{.sites = 3, .nodes = 3}, "any 3 of [s1, s2, s3]", 200, 1.08},
                                         Cluster{{.sites = 5, .nodes = 100}, "any 1 of [s1, s2, s3, s4, s5]", 1000, 1.10},
                                         Cluster{{.sites = 5, .nodes = 100}, "any 2 of [s1, s2, s3, s4, s5]", 1000, 1.10},
                                         Cluster{{.sites = 5, .nodes = 100}, "any 3 of [s1, s2, s3, s4, s5]", 1000, 1.10},
                                         Cluster{{.sites = 5, .nodes = 100}, "any 4 of [s1, s2, s3, s4, s5]", 1000, 1.10}));

TEST(RingBalanceOfSites, AnyOfGivesSitesByTheirWeight) {
  Random random(5);
  Topology topology = shaped_topology(random, {.sites = 4, .nodes = 10});
  std::erase_if(topology.nodes, [skip = 5](const TopologyNode& node) mutable { return node.site == "s4" && skip-- > 0; });
  const auto ring = Ring::build(topology);
  const auto loads = measure_load(*ring, plan_tenants(*ring, 256, placed("any 1 of [s1, s2, s3, s4]"), 64));
  for (const SiteLoad& site : loads) EXPECT_NEAR(site.mean, 256.0 * 64 / 35, 20) << site.site;
}

struct Change {
  Shape shape;
  const char* placement;
  std::uint32_t tenants = 256;
  double max_over_mean = 1.15;  // after a join

  friend void PrintTo(const Change& change, std::ostream* out) {
    *out << change.shape.sites << " x " << change.shape.nodes << " nodes, " << change.shape.racks << " racks, "
         << change.shape.weights_milli.size() << " weights, " << change.placement;
  }
};

class RingMovement : public testing::TestWithParam<Change> {};

constexpr std::uint64_t kTrials = 3;

TEST_P(RingMovement, AJoinMovesLittleMoreThanTheNewNodesShare) {
  for (std::uint64_t seed = 1; seed <= kTrials; ++seed) {
    Random random(seed);
    Topology topology = shaped_topology(random, GetParam().shape);
    const auto before = Ring::build(topology);
    const TenantPlan plan = plan_tenants(*before, GetParam().tenants, placed(GetParam().placement), 64);
    TopologyNode& newcomer = topology.nodes.emplace_back(shaped_node(random, GetParam().shape, 0, GetParam().shape.nodes));
    newcomer.token = choose_token(*before, topology, newcomer.id, tenants_of(plan));
    const auto after = Ring::build(topology, before.get());
    EXPECT_LE(measure_movement(*before, *after, plan).ratio(), 1.25) << "seed " << seed;
    EXPECT_LE(worst(measure_load(*after, plan)), GetParam().max_over_mean) << "seed " << seed;
  }
}

TEST_P(RingMovement, ALeaveMovesLittleMoreThanWhatTheNodeHeld) {
  for (std::uint64_t seed = 1; seed <= kTrials; ++seed) {
    Random random(seed);
    Topology topology = shaped_topology(random, GetParam().shape);
    const auto before = Ring::build(topology);
    const TenantPlan plan = plan_tenants(*before, GetParam().tenants, placed(GetParam().placement), 64);
    topology.nodes.erase(topology.nodes.begin());  // of s1
    const Movement movement = measure_movement(*before, *Ring::build(topology, before.get()), plan);
    EXPECT_LE(movement.ratio(), 1.25) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Changes, RingMovement,
                         testing::Values(Change{{.sites = 1, .nodes = 100}, "s1:1"}, Change{{.sites = 1, .nodes = 100}, "s1:3"},
                                         Change{{.sites = 1, .nodes = 20}, "s1:5"},
                                         Change{{.sites = 1, .nodes = 100, .racks = 3}, "s1:3"},
                                         Change{{.sites = 1, .nodes = 100, .racks = 10}, "s1:3"},
                                         Change{{.sites = 1, .nodes = 100, .weights_milli = {1000, 2000}}, "s1:2"},
                                         Change{{.sites = 2, .nodes = 30}, "s1:2,s2:1"},
                                         Change{{.sites = 1, .nodes = 10}, "s1:3"}, Change{{.sites = 2, .nodes = 5}, "s1:2,s2:1"},
                                         Change{{.sites = 2, .nodes = 4}, "s1:2,s2:1"},
                                         Change{{.sites = 3, .nodes = 10}, "any 3 of [s1, s2, s3]"},
                                         Change{{.sites = 5, .nodes = 20}, "any 3 of [s1, s2, s3, s4, s5]"},
                                         // So few tenants that a node holds 98 partitions.
                                         Change{{.sites = 5, .nodes = 100}, "any 3 of [s1, s2, s3, s4, s5]", 256, 1.25},
                                         Change{{.sites = 5, .nodes = 100}, "any 3 of [s1, s2, s3, s4, s5]", 1000},
                                         Change{{.sites = 5, .nodes = 100}, "any 1 of [s1, s2, s3, s4, s5]", 1000},
                                         Change{{.nodes = 10, .weights_milli = {4000, 1000, 1000, 1000}}, "s1:3"}));

}  // namespace
}  // namespace latium
