#include "ring/ring.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ring/partition.h"
#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

std::string site_of(const Ring& ring, NodeId id) {
  return ring.node(id)->site;
}

std::map<std::string, std::size_t> by_site(const Ring& ring, const std::vector<NodeId>& nodes) {
  std::map<std::string, std::size_t> out;
  for (const NodeId id : nodes) ++out[site_of(ring, id)];
  return out;
}

// Two to four sites of one to twelve nodes, some joining, some clients.
rc::Gen<Topology> any_topology() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange<std::uint32_t>(2, 5)), [](auto drawn) {
    Random random(drawn.first);
    Topology out{.epoch = Epoch{1 + random.below(9)}, .cluster = ClusterId{1}, .nodes = {}, .voters = {}, .transition = {}};
    for (std::uint32_t site = 0; site < drawn.second; ++site) {
      const auto nodes = static_cast<std::uint32_t>(random.between(1, 12));
      const Shape shape{.racks = static_cast<std::uint32_t>(random.below(4)), .weights_milli = {1000, 2000, 300}};
      for (std::uint32_t n = 0; n < nodes; ++n) {
        TopologyNode node = shaped_node(random, shape, site, n);
        if (n > 0 && random.chance(0.1)) node.state = NodeState::joining;
        if (n > 0 && random.chance(0.1)) node.storage = false;
        out.nodes.push_back(std::move(node));
      }
    }
    return out;
  });
}

rc::Gen<Placement> any_placement() {
  return rc::gen::map(rc::gen::elementOf(std::vector<std::string>{"s1:1", "s2:3", "s1:2,s2:1", "s1:5,s2:1,s9:2",
                                                                  "any 1 of [s1, s2]", "any 3 of [s1, s2]",
                                                                  "any 5 of [s2, s3, s4]", "everywhere: 1", "everywhere: 3"}),
                      placed);
}

bool allows(const Placement& placement, const std::string& site) {
  return placement.kind == Placement::Kind::everywhere ||
         std::ranges::find(placement.sites, site, &Placement::Site::name) != placement.sites.end();
}

RC_GTEST_PROP(Ring, AListHasDifferentOwningNodesOfThePlacementsSitesOnly, ()) {
  const auto ring = Ring::build(*any_topology());
  const Placement placement = *any_placement();
  const TenantId tenant{*rc::gen::arbitrary<std::uint32_t>()};
  const PartitionId partition{*rc::gen::inRange<std::uint16_t>(0, kMaxPartitions)};
  const PreferenceList list = ring->preference_list(tenant, placement, partition);
  std::vector<NodeId> all = list.replicas;
  all.insert(all.end(), list.stand_ins.begin(), list.stand_ins.end());
  for (const NodeId id : all) {
    RC_ASSERT(ring->node(id) != nullptr);
    RC_ASSERT(ring->node(id)->owns());
    RC_ASSERT(allows(placement, site_of(*ring, id)));
  }
  RC_ASSERT(std::set(all.begin(), all.end()).size() == all.size());
}

RC_GTEST_PROP(Ring, AListHasTheReplicasThatThePlacementAsksForOrAllThatThereAre, ()) {
  const auto ring = Ring::build(*any_topology());
  const Placement placement = *any_placement();
  const auto replicas = by_site(*ring, ring->preference_list(TenantId{7}, placement, PartitionId{3}).replicas);
  std::size_t available = 0;
  std::size_t given = 0;
  for (const Ring::Site& site : ring->site_rings()) {
    if (!allows(placement, site.name)) continue;
    const std::size_t nodes = site.ring->members().size();
    const auto found = replicas.find(site.name);
    const std::size_t here = found == replicas.end() ? 0 : found->second;
    available += nodes;
    given += here;
    if (placement.kind == Placement::Kind::everywhere) RC_ASSERT(here == std::min<std::size_t>(placement.replicas, nodes));
    if (placement.kind == Placement::Kind::per_site) {
      const auto named = std::ranges::find(placement.sites, site.name, &Placement::Site::name);
      RC_ASSERT(here == std::min<std::size_t>(named->replicas, nodes));
    }
  }
  if (placement.kind == Placement::Kind::any_of) RC_ASSERT(given == std::min<std::size_t>(placement.replicas, available));
}

RC_GTEST_PROP(Ring, AnyOfIsAsEvenOverTheSitesAsTheirSizesAllow, ()) {
  const auto ring = Ring::build(*any_topology());
  const Placement placement = placed("any 5 of [s1, s2, s3, s4]");
  const auto list = ring->preference_list(TenantId{1}, placement, PartitionId{*rc::gen::inRange<std::uint16_t>(0, 4096)});
  auto replicas = by_site(*ring, list.replicas);
  std::size_t most = 0;
  for (const auto& [site, count] : replicas) most = std::max(most, count);
  for (const Ring::Site& site : ring->site_rings()) {
    RC_ASSERT(replicas[site.name] + 1 >= most || replicas[site.name] == site.ring->members().size());
  }
}

RC_GTEST_PROP(Ring, TheTenantsTableIsThePreferenceListsReplicas, ()) {
  const auto ring = Ring::build(*any_topology());
  const Placement placement = *any_placement();
  const TenantId tenant{*rc::gen::arbitrary<std::uint32_t>()};
  const auto table = TenantRing::build(*ring, tenant, placement, 16);
  RC_ASSERT(table->epoch() == ring->epoch());
  RC_ASSERT(table->partitions() == 16);
  for (std::uint16_t p = 0; p < 16; ++p) {
    const auto list = ring->preference_list(tenant, placement, PartitionId{p});
    RC_ASSERT(std::ranges::equal(table->replicas(PartitionId{p}), list.replicas));
  }
}

RC_GTEST_PROP(Ring, IsTheSameWhateverTheOrderOfTheNodesAndWhateverCameBefore, ()) {
  Topology topology = *any_topology();
  const auto other = Ring::build(*any_topology());
  const auto ring = Ring::build(topology);
  std::ranges::reverse(topology.nodes);
  const auto again = Ring::build(topology, other.get());
  const auto shared = Ring::build(topology, ring.get());
  const Placement placement = *any_placement();
  for (std::uint16_t p = 0; p < 64; ++p) {
    const auto list = ring->preference_list(TenantId{5}, placement, PartitionId{p});
    RC_ASSERT(list == again->preference_list(TenantId{5}, placement, PartitionId{p}));
    RC_ASSERT(list == shared->preference_list(TenantId{5}, placement, PartitionId{p}));
  }
}

TEST(Ring, SharesTheRingsOfSitesThatAreTheSame) {
  Random random(1);
  Topology topology = shaped_topology(random, {.sites = 3, .nodes = 4});
  const auto before = Ring::build(topology);
  topology.nodes.push_back(shaped_node(random, {}, 1, 4));
  topology.nodes[0].address = "10.9.9.9:1";
  const auto after = Ring::build(topology, before.get());
  EXPECT_EQ(before->site_ring("s1"), after->site_ring("s1"));
  EXPECT_NE(before->site_ring("s2"), after->site_ring("s2"));
  EXPECT_EQ(before->site_ring("s3"), after->site_ring("s3"));
  EXPECT_EQ(after->site_ring("s4"), nullptr);
  EXPECT_EQ(after->site_ring("s2")->members().size(), 5u);
}

TEST(Ring, AWeightOrARackThatChangesIsAnotherRing) {
  Random random(1);
  Topology topology = shaped_topology(random, {.sites = 2, .nodes = 4});
  const auto before = Ring::build(topology);
  topology.nodes[0].weight_milli = 2000;  // of s1
  topology.nodes[5].rack = "far";         // of s2
  const auto after = Ring::build(topology, before.get());
  EXPECT_NE(before->site_ring("s1"), after->site_ring("s1"));
  EXPECT_NE(before->site_ring("s2"), after->site_ring("s2"));
}

TEST(Ring, NodesThatJoinAndClientsOwnNothing) {
  Random random(1);
  Topology topology = shaped_topology(random, {.sites = 1, .nodes = 4});
  const auto before = Ring::build(topology);
  topology.nodes.push_back(shaped_node(random, {}, 0, 4));
  topology.nodes.back().state = NodeState::joining;
  topology.nodes.push_back(shaped_node(random, {}, 1, 0));
  topology.nodes.back().storage = false;
  const auto after = Ring::build(topology, before.get());
  EXPECT_EQ(before->site_ring("s1"), after->site_ring("s1"));
  EXPECT_EQ(after->sites().size(), 1u);
  EXPECT_EQ(after->check(placed("s2:1")).error().code, ErrorCode::unsatisfiable_placement);
  EXPECT_TRUE(after->check(placed("s1:4")).has_value());
}

TEST(Ring, DistinctRacksWhereASiteHasThem) {
  Random random(2);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 2, .nodes = 9, .racks = 3}));
  const auto table = TenantRing::build(*ring, TenantId{3}, placed("s1:3,s2:2"), 256);
  for (std::uint16_t p = 0; p < 256; ++p) {
    std::set<std::pair<std::string, std::string>> racks;
    for (const NodeId id : table->replicas(PartitionId{p})) racks.emplace(ring->node(id)->site, ring->node(id)->rack);
    EXPECT_EQ(racks.size(), 5u) << p;
  }
}

TEST(Ring, StandInsOfAReplicaBeginWithItsOwnSite) {
  Random random(3);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 2, .nodes = 6}));
  const PreferenceList list = ring->preference_list(TenantId{1}, placed("s1:2,s2:2"), PartitionId{9});
  EXPECT_EQ(list.stand_ins.size(), 8u);
  for (const NodeId replica : list.replicas) {
    const std::vector<NodeId> stand_ins = ring->stand_ins_for(replica, list);
    ASSERT_EQ(stand_ins.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(site_of(*ring, stand_ins[i]) == site_of(*ring, replica), i < 4) << i;
  }
  EXPECT_EQ(ring->stand_ins_for(NodeId{12345}, list), list.stand_ins);
}

TEST(Ring, StandInsAreBounded) {
  Random random(3);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 1, .nodes = 50}));
  EXPECT_EQ(ring->preference_list(TenantId{1}, placed("s1:3"), PartitionId{0}).stand_ins.size(), kMaxStandInsPerSite);
}

TEST(Ring, HasThePinnedLists) {
  // Every node of a cluster computes these, whatever its version: other lists move the data of every cluster. (Free to
  // change until the first release.)
  Topology topology;
  for (std::uint64_t n = 1; n <= 9; ++n) {
    topology.nodes.push_back({.id = NodeId{n},
                              .site = "s" + std::to_string(n % 3 + 1),
                              .rack = "r" + std::to_string(n % 2),
                              .weight_milli = 1000,
                              .storage = true,
                              .state = NodeState::up,
                              .address = ""});
  }
  const auto ring = Ring::build(topology);
  const auto ids = [&](std::uint32_t tenant, std::uint16_t partition, const char* placement) {
    const PreferenceList list = ring->preference_list(TenantId{tenant}, placed(placement), PartitionId{partition});
    std::vector<std::uint64_t> out;
    for (const NodeId id : list.replicas) out.push_back(id.value);
    for (const NodeId id : list.stand_ins) out.push_back(id.value);
    return out;
  };
  EXPECT_EQ(ids(1, 0, "any 2 of [s1, s2, s3]"), (std::vector<std::uint64_t>{1, 2, 4, 7, 5, 8, 6, 3, 9}));
  EXPECT_EQ(ids(1, 63, "s1:2,s3:1"), (std::vector<std::uint64_t>{3, 6, 5, 9, 8, 2}));
  EXPECT_EQ(ids(700, 4095, "everywhere: 1"), (std::vector<std::uint64_t>{7, 2, 6, 4, 1, 5, 8, 3, 9}));
}

TEST(Ring, OfNothingHasNoLists) {
  const auto ring = Ring::build(Topology());
  EXPECT_TRUE(ring->sites().empty());
  EXPECT_EQ(ring->preference_list(TenantId{1}, placed("everywhere: 2"), PartitionId{0}), PreferenceList{});
  EXPECT_TRUE(TenantRing::build(*ring, TenantId{1}, placed("s1:1"), 64)->replicas(PartitionId{63}).empty());
}

TEST(SameReplicas, TellsWhetherDataMoves) {
  Random random(4);
  Topology topology = shaped_topology(random, {.sites = 2, .nodes = 5});
  const auto before = Ring::build(topology);
  topology.nodes.push_back(shaped_node(random, {}, 0, 5));
  const auto after = Ring::build(topology, before.get());
  const auto rebuilt = Ring::build(before->topology());
  EXPECT_FALSE(same_replicas(*before, *after, TenantId{1}, placed("s1:2"), 64));
  EXPECT_FALSE(same_replicas(*before, *after, TenantId{1}, placed("everywhere: 1"), 64));
  EXPECT_TRUE(same_replicas(*before, *after, TenantId{1}, placed("s2:2"), 64));
  EXPECT_TRUE(same_replicas(*before, *rebuilt, TenantId{1}, placed("s1:2"), 64));
}

TEST(SameReplicas, IsFalseWhereASiteHasANodeMoreToGive) {
  Random random(4);
  Topology topology = shaped_topology(random, {.sites = 1, .nodes = 2});
  const auto before = Ring::build(topology);
  topology.nodes.push_back(shaped_node(random, {}, 0, 2));
  EXPECT_FALSE(same_replicas(*before, *Ring::build(topology), TenantId{1}, placed("s1:3"), 1));
}

}  // namespace
}  // namespace latium
