#include "ring/voters.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

// `sizes`: nodes in each site, all in state up. Racks in turn.
std::vector<TopologyNode> nodes_of(Random& random, const std::vector<std::uint32_t>& sizes, std::uint32_t racks = 0) {
  std::vector<TopologyNode> out;
  for (std::uint32_t site = 0; site < sizes.size(); ++site) {
    for (std::uint32_t n = 0; n < sizes[site]; ++n) out.push_back(shaped_node(random, {.racks = racks}, site, n));
  }
  return out;
}

struct Drawn {
  std::vector<TopologyNode> nodes;
  std::vector<NodeId> current;
};

// One to nine sites of one to nine nodes in up to three racks; voters chosen among them before, or of another cluster.
rc::Gen<Drawn> any_nodes() {
  return rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t seed) {
    Random random(seed);
    std::vector<std::uint32_t> sizes(static_cast<std::size_t>(random.between(1, 9)));
    for (std::uint32_t& size : sizes) size = static_cast<std::uint32_t>(random.between(1, random.chance(0.5) ? 2 : 9));
    Drawn out{.nodes = nodes_of(random, sizes, static_cast<std::uint32_t>(random.below(4))), .current = {}};
    if (random.chance(0.5)) out.current = choose_voters(nodes_of(random, sizes), {});
    if (random.chance(0.7)) out.current = choose_voters(out.nodes, {});
    return out;
  });
}

std::map<std::string, std::size_t> votes_by_site(const std::vector<TopologyNode>& nodes, const std::vector<NodeId>& voters) {
  std::map<std::string, std::size_t> out;
  for (const TopologyNode& node : nodes) out[node.site] += std::ranges::binary_search(voters, node.id) ? 1 : 0;
  return out;
}

std::size_t dropped(const std::vector<NodeId>& before, const std::vector<NodeId>& after) {
  std::vector<NodeId> gone;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  return gone.size();
}

RC_GTEST_PROP(Voters, AreAnOddNumberOfTheCandidatesSortedSevenAtMost, ()) {
  const Drawn drawn = *any_nodes();
  const auto voters = choose_voters(drawn.nodes, drawn.current);
  RC_ASSERT(voters.size() % 2 == 1);
  RC_ASSERT(voters.size() <= kMaxVoters);
  RC_ASSERT(std::ranges::is_sorted(voters));
  RC_ASSERT(std::set(voters.begin(), voters.end()).size() == voters.size());
  for (const NodeId voter : voters) RC_ASSERT(std::ranges::count(drawn.nodes, voter, &TopologyNode::id) == 1);
}

RC_GTEST_PROP(Voters, AreSpreadOverTheSitesAsTheirSizesAllow, ()) {
  const Drawn drawn = *any_nodes();
  const auto voters = choose_voters(drawn.nodes, drawn.current);
  const auto votes = votes_by_site(drawn.nodes, voters);
  std::size_t most = 0;
  for (const auto& [site, count] : votes) most = std::max(most, count);
  for (const auto& [site, count] : votes) {
    const auto size = static_cast<std::size_t>(std::ranges::count(drawn.nodes, site, &TopologyNode::site));
    RC_ASSERT(count + 1 >= most || count == size);
  }
  if (votes.size() >= 3) RC_ASSERT(most <= voters.size() / 2);
}

RC_GTEST_PROP(Voters, OfOneSiteAreInDifferentRacksFirst, ()) {
  const Drawn drawn = *any_nodes();
  const auto voters = choose_voters(drawn.nodes, drawn.current);
  std::map<std::pair<std::string, std::string>, std::size_t> size;
  std::map<std::pair<std::string, std::string>, std::size_t> votes;
  for (const TopologyNode& node : drawn.nodes) {
    ++size[{node.site, node.rack}];
    votes[{node.site, node.rack}] += std::ranges::binary_search(voters, node.id) ? 1 : 0;
  }
  for (const auto& [rack, count] : votes) {
    for (const auto& [other, more] : votes) {
      RC_ASSERT(rack.first != other.first || count + 1 >= more || count == size[rack]);
    }
  }
}

RC_GTEST_PROP(Voters, DependOnNoOrder, ()) {
  Drawn drawn = *any_nodes();
  const auto voters = choose_voters(drawn.nodes, drawn.current);
  std::ranges::reverse(drawn.nodes);
  std::ranges::reverse(drawn.current);
  RC_ASSERT(choose_voters(drawn.nodes, drawn.current) == voters);
}

RC_GTEST_PROP(Voters, StayOnceChosen, ()) {
  const Drawn drawn = *any_nodes();
  const auto voters = choose_voters(drawn.nodes, drawn.current);
  RC_ASSERT(choose_voters(drawn.nodes, voters) == voters);
}

// They become fewer by a join only where a third site takes the majority from a large one.
RC_GTEST_PROP(Voters, AJoinDropsOneVoterAtMostUnlessTheyMustBecomeFewer, ()) {
  Drawn drawn = *any_nodes();
  const auto before = choose_voters(drawn.nodes, drawn.current);
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  drawn.nodes.push_back(shaped_node(random, {.racks = 3}, static_cast<std::uint32_t>(random.below(10)), 2));
  const auto after = choose_voters(drawn.nodes, before);
  RC_ASSERT(dropped(before, after) <= 1 || (after.size() < before.size() && votes_by_site(drawn.nodes, after).size() == 3));
}

RC_GTEST_PROP(Voters, ALeaveDropsOneVoterBesidesAtMost, ()) {
  Drawn drawn = *any_nodes();
  const auto before = choose_voters(drawn.nodes, drawn.current);
  RC_PRE(drawn.nodes.size() > 1);
  const auto gone = *rc::gen::inRange<std::size_t>(0, drawn.nodes.size());
  const NodeId left = drawn.nodes[gone].id;
  drawn.nodes.erase(drawn.nodes.begin() + static_cast<std::ptrdiff_t>(gone));
  const std::size_t own = std::ranges::binary_search(before, left) ? 1 : 0;
  RC_ASSERT(dropped(before, choose_voters(drawn.nodes, before)) <= own + 1);
}

TEST(Voters, AreAllThatCanBeInSmallClusters) {
  Random random(1);
  EXPECT_TRUE(choose_voters({}, {}).empty());
  EXPECT_EQ(choose_voters(nodes_of(random, {1}), {}).size(), 1u);
  EXPECT_EQ(choose_voters(nodes_of(random, {2}), {}).size(), 1u);
  EXPECT_EQ(choose_voters(nodes_of(random, {3}), {}).size(), 3u);
  EXPECT_EQ(choose_voters(nodes_of(random, {1, 1, 1}), {}).size(), 3u);
  EXPECT_EQ(choose_voters(nodes_of(random, {2, 2, 1}), {}).size(), 5u);
  EXPECT_EQ(choose_voters(nodes_of(random, {50}), {}).size(), 7u);
}

TEST(Voters, AreRatherFewerThanAMajorityInOneSiteOfThree) {
  Random random(1);
  const auto nodes = nodes_of(random, {9, 1, 1});
  const auto voters = choose_voters(nodes, {});
  EXPECT_EQ(voters.size(), 3u);
  for (const auto& [site, count] : votes_by_site(nodes, voters)) EXPECT_EQ(count, 1u) << site;
}

TEST(Voters, OfManySitesStayWhereTheyAre) {
  Random random(2);
  auto nodes = nodes_of(random, std::vector<std::uint32_t>(100, 100));
  const auto before = choose_voters(nodes, {});
  EXPECT_EQ(before.size(), 7u);
  for (int joined = 0; joined < 20; ++joined) nodes.push_back(shaped_node(random, {}, 100 + joined % 4, 0));
  EXPECT_EQ(choose_voters(nodes, before), before);
  // One goes: one takes its place.
  std::erase_if(nodes, [&](const TopologyNode& node) { return node.id == before[3]; });
  EXPECT_EQ(dropped(before, choose_voters(nodes, before)), 1u);
}

TEST(Voters, OfATopologyAreItsStorageNodesThatAreUp) {
  Random random(3);
  Topology topology{.epoch = Epoch{1}, .cluster = ClusterId{1}, .nodes = nodes_of(random, {3}), .voters = {}, .transition = {}};
  topology.nodes[0].storage = false;
  topology.nodes[1].state = NodeState::joining;
  EXPECT_EQ(choose_voters(topology), std::vector{topology.nodes[2].id});
}

}  // namespace
}  // namespace latium
