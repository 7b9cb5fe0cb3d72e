#include "ring/arc_cost.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ring/ring_member.h"

namespace latium {
namespace {

std::vector<LogCost> sorted_costs(NodeId node, std::uint32_t token, std::uint32_t weight_milli) {
  const NodeDraw draw(node, token, weight_milli);
  std::vector<LogCost> out;
  for (std::uint32_t arc = 0; arc < kArcs; ++arc) out.push_back(draw.cost(arc));
  std::ranges::sort(out);
  return out;
}

// Near each other, as nobody gives them, or not.
rc::Gen<NodeId> any_node() {
  return rc::gen::map(rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(1, 100), rc::gen::positive<std::uint64_t>()),
                      [](std::uint64_t id) { return NodeId{id}; });
}

rc::Gen<std::uint32_t> any_token() {
  return rc::gen::inRange<std::uint32_t>(0, 16);
}

RC_GTEST_PROP(NodeDraw, AllNodesHaveAsManyArcsBelowAnyBound, ()) {
  const auto one = sorted_costs(*any_node(), *any_token(), 1000);
  const auto other = sorted_costs(*any_node(), *any_token(), 1000);
  for (std::size_t i = 1; i < kArcs; ++i) {
    RC_ASSERT(one[i - 1] <= other[i]);
    RC_ASSERT(other[i - 1] <= one[i]);
  }
}

RC_GTEST_PROP(NodeDraw, OfTwoNodesEachIsFirstByItsWeight, ()) {
  const NodeId one = *any_node();
  const NodeId other = *any_node();
  RC_PRE(one != other);
  const auto weight = *rc::gen::elementOf(std::vector<std::uint32_t>{1000, 2000, 4000});
  const NodeDraw heavy(one, *any_token(), weight);
  const NodeDraw light(other, *any_token(), 1000);
  double first = 0;
  for (std::uint32_t arc = 0; arc < kArcs; ++arc) first += heavy.cost(arc) < light.cost(arc) ? 1 : 0;
  RC_ASSERT(std::abs(first / kArcs - weight / (weight + 1000.0)) < 0.03);
}

TEST(NodeDraw, NodesMeetWhereTheyAreEarlyNoMoreOftenThanByChance) {
  // Of a node's 256 earliest arcs, 4 are expected among those of another.
  double both = 0;
  constexpr std::uint64_t kPairs = 400;
  for (std::uint64_t n = 1; n <= kPairs; ++n) {
    const NodeDraw one(NodeId{n}, 0, 1000);
    const NodeDraw other(NodeId{n + 1}, 0, 1000);
    const LogCost bound = sorted_costs(NodeId{n}, 0, 1000)[256];
    for (std::uint32_t arc = 0; arc < kArcs; ++arc) both += one.cost(arc) < bound && other.cost(arc) < bound ? 1 : 0;
  }
  EXPECT_NEAR(both / kPairs, 4, 0.5);
}

TEST(NodeDraw, ANodesDrawsWithOneTokenSayNothingOfThoseWithAnother) {
  double both = 0;
  for (std::uint64_t n = 1; n <= 400; ++n) {
    const NodeDraw one(NodeId{n}, 0, 1000);
    const NodeDraw other(NodeId{n}, 1, 1000);
    const LogCost bound = sorted_costs(NodeId{n}, 0, 1000)[256];
    for (std::uint32_t arc = 0; arc < kArcs; ++arc) both += one.cost(arc) < bound && other.cost(arc) < bound ? 1 : 0;
  }
  EXPECT_NEAR(both / 400, 4, 0.5);
}

}  // namespace
}  // namespace latium
