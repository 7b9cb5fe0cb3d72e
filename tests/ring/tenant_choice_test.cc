// Of the numbers that a tenant may get, the one is taken that loads the nodes evenly.
#include "ring/tenant_choice.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

Placement placed(const char* text) {
  return Placement::parse(text).value();
}

TEST(TenantChoice, TheFirstTenantGetsTheNextNumber) {
  Random random(1);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 1, .nodes = 5}));
  EXPECT_EQ(choose_tenant_id(*ring, RingLoad(*ring), placed("s1:1"), 64, TenantId{7}), TenantId{7});
}

TEST(TenantChoice, ATenantComesToLieWhereTheLeastLies) {
  Random random(2);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 1, .nodes = 50}));
  const Placement placement = placed("s1:2");
  RingLoad load(*ring);
  for (std::uint32_t id = 1; id <= 10; ++id) load.add(*TenantRing::build(*ring, TenantId{id}, placement, 64));
  const auto held = [&](TenantId id) { return load.held_where(*TenantRing::build(*ring, id, placement, 64)); };
  const TenantId next{11};
  const TenantId chosen = choose_tenant_id(*ring, load, placement, 64, next);
  for (std::uint32_t i = 0; i < kTenantChoices; ++i) EXPECT_LE(held(chosen), held(TenantId{next.value + i}));
  EXPECT_LT(held(chosen), held(next)) << "this very number would do as well: the test shows nothing";
}

// Also where nodes weigh differently: a node of weight 2 is to hold twice as much.
TEST(TenantChoice, NodesAreLoadedByTheirWeight) {
  Random random(3);
  const auto ring = Ring::build(shaped_topology(random, {.sites = 2, .nodes = 20, .weights_milli = {1000, 2000}}));
  RingLoad load(*ring);
  std::map<NodeId, double> partitions;
  TenantId next{1};
  for (int i = 0; i < 200; ++i) {
    const TenantId id = choose_tenant_id(*ring, load, placed("any 1 of [s1, s2]"), 64, next);
    next = TenantId{id.value + 1};
    const auto tenant = TenantRing::build(*ring, id, placed("any 1 of [s1, s2]"), 64);
    load.add(*tenant);
    for (std::uint16_t p = 0; p < 64; ++p) partitions[tenant->replicas(PartitionId{p})[0]] += 1;
  }
  const double mean = 200.0 * 64 / (20 * 1 + 20 * 2);
  for (const auto& [id, count] : partitions) EXPECT_NEAR(count * 1000 / ring->node(id)->weight_milli, mean, 0.12 * mean);
}

}  // namespace
}  // namespace latium
