// Of the tokens that a newcomer may get, the one is taken with which it takes over its share.
#include "ring/token_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ring/ring_load.h"
#include "tests/ring/ring_shapes.h"

namespace latium {
namespace {

class TokenChoice : public testing::Test {
 protected:
  void form(const Shape& shape, const char* placement, std::uint32_t tenants) {
    before_ = Ring::build(shaped_topology(random_, shape));
    plan_ = plan_tenants(*before_, tenants, placed(placement), 64);
    tenants_ = tenants_of(plan_);
  }
  TopologyNode& add(std::uint32_t site, std::uint32_t weight_milli) {
    after_ = before_->topology();
    return after_.nodes.emplace_back(shaped_node(random_, {.weights_milli = {weight_milli}}, site, 0));
  }
  std::uint32_t chosen(const TopologyNode& newcomer) const { return choose_token(*before_, after_, newcomer.id, tenants_); }
  double off_with(TopologyNode& newcomer, std::uint32_t token) const {
    newcomer.token = token;
    return std::abs(measure_movement(*before_, *Ring::build(after_, before_.get()), plan_).ratio() - 1);
  }

  Random random_{3};
  std::shared_ptr<const Ring> before_;
  TenantPlan plan_;
  std::vector<Tenant> tenants_;
  Topology after_;
};

TEST_F(TokenChoice, WithoutTenantsItIsTheFirst) {
  form({.sites = 2, .nodes = 4}, "s1:1", 0);
  EXPECT_EQ(chosen(add(0, 1000)), 0u);
}

TEST_F(TokenChoice, WhereNoTenantMayLieItIsTheFirst) {
  form({.sites = 2, .nodes = 4}, "s1:1", 20);
  EXPECT_EQ(chosen(add(1, 1000)), 0u);
}

TEST_F(TokenChoice, TheFirstThatIsNearTheShare) {
  form({.sites = 1, .nodes = 50}, "s1:1", 40);
  int later = 0;
  for (int trial = 0; trial < 10; ++trial) {
    TopologyNode& newcomer = add(0, 1000);
    const std::uint32_t token = chosen(newcomer);
    ASSERT_LT(token, kTokenChoices);
    EXPECT_LE(off_with(newcomer, token), 0.07) << "whole partitions of 50 and their share";
    for (std::uint32_t i = 0; i < token; ++i) EXPECT_GT(off_with(newcomer, i), 0.03) << i << " before " << token;
    later += token > 0 ? 1 : 0;
  }
  EXPECT_GT(later, 2) << "the first would do as well: the test shows nothing";
}

// Light nodes beside heavy ones take more than their share with every token.
TEST_F(TokenChoice, TheNearestWhereNoneIsNear) {
  form({.sites = 1, .nodes = 10, .weights_milli = {4000, 1000, 1000, 1000}}, "s1:3", 100);
  TopologyNode& newcomer = add(0, 1000);
  const double least = off_with(newcomer, chosen(newcomer));
  EXPECT_GT(least, 0.06) << "one is near: the test shows nothing";
  for (std::uint32_t token = 0; token < kTokenChoices; ++token) EXPECT_GE(off_with(newcomer, token), least - 0.002) << token;
}

}  // namespace
}  // namespace latium
