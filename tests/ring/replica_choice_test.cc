#include "ring/replica_choice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ring/partition.h"

namespace latium {
namespace {

std::string any_site() {
  return "s" + std::to_string(*rc::gen::arbitrary<std::uint32_t>());
}

std::uint32_t arc_at(TenantId tenant, std::uint32_t partition, const std::string& site) {
  return (first_arc(tenant, PartitionId{static_cast<std::uint16_t>(partition)}) + site_turn(tenant, site)) % kArcs;
}

RC_GTEST_PROP(ReplicaChoice, ThePartitionsOfATenantBeginAtDifferentArcs, ()) {
  const TenantId tenant{*rc::gen::arbitrary<std::uint32_t>()};
  std::set<std::uint32_t> arcs;
  for (std::uint32_t p = 0; p < kMaxPartitions; ++p) arcs.insert(first_arc(tenant, PartitionId{static_cast<std::uint16_t>(p)}));
  RC_ASSERT(arcs.size() == kMaxPartitions);
}

RC_GTEST_PROP(ReplicaChoice, TenantsThatFollowEachOtherBeginOnceAtEveryArcOfASite, ()) {
  const std::string site = any_site();
  const std::uint32_t block = *rc::gen::inRange<std::uint32_t>(0, 1000) * 256;
  std::vector<bool> begun(kArcs);
  for (std::uint32_t t = block; t < block + 256; ++t) {
    for (std::uint32_t p = 0; p < kDefaultPartitions; ++p) {
      const std::uint32_t arc = arc_at(TenantId{t}, p, site);
      RC_ASSERT(!begun[arc]);
      begun[arc] = true;
    }
  }
}

// What one site has of a tenant says nothing of what another has: how far their turns are apart takes every value as often.
TEST(ReplicaChoice, SitesTurnApart) {
  constexpr std::uint32_t kStep = kArcs / kDefaultPartitions;
  constexpr std::uint32_t kTenants = 6400;
  for (const auto& [one, other] : {std::pair("s1", "s2"), std::pair("rennes", "paris")}) {
    std::vector<int> times(kDefaultPartitions);
    for (std::uint32_t t = 1; t <= kTenants; ++t) {
      const std::uint32_t apart = (kArcs + site_turn(TenantId{t}, one) - site_turn(TenantId{t}, other)) % kArcs;
      ASSERT_EQ(apart % kStep, 0u);
      ++times[apart / kStep];
    }
    for (const int count : times) EXPECT_NEAR(count, 100, 40);
  }
}

}  // namespace
}  // namespace latium
