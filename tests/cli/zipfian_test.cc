#include "node/cli/zipfian.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace latium::cli {
namespace {

std::vector<double> shares(const Zipfian& zipfian, std::size_t items, int draws) {
  Random random(7);
  std::vector<double> shares(items);
  for (int i = 0; i < draws; ++i) shares[zipfian.rank(random)] += 1.0 / draws;
  return shares;
}

TEST(Zipfian, RefusesWhatHasNoMeaning) {
  EXPECT_EQ(Zipfian::make(0, 0.5).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(Zipfian::make(10, 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(Zipfian::make(10, -0.1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(Zipfian::make(10, std::nan("")).error().code, ErrorCode::invalid_argument);
}

TEST(Zipfian, ZeroIsUniform) {
  for (const double share : shares(*Zipfian::make(10, 0), 10, 100'000)) EXPECT_NEAR(share, 0.1, 0.01);
}

// The first two ranks are drawn exactly, the others by the method's approximation.
TEST(Zipfian, RanksHaveTheSharesOfTheLaw) {
  constexpr std::size_t kItems = 1000;
  constexpr double kTheta = 0.99;
  double zeta = 0;
  for (std::size_t i = 1; i <= kItems; ++i) zeta += std::pow(static_cast<double>(i), -kTheta);
  const auto found = shares(*Zipfian::make(kItems, kTheta), kItems, 400'000);
  EXPECT_NEAR(found[0], 1 / zeta, 0.003);
  EXPECT_NEAR(found[1], std::pow(2, -kTheta) / zeta, 0.003);
  double first_hundred = 0;
  double expected = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    first_hundred += found[i];
    expected += std::pow(static_cast<double>(i + 1), -kTheta) / zeta;
  }
  EXPECT_NEAR(first_hundred, expected, 0.02);
  EXPECT_GT(found[kItems - 1] + found[kItems - 2] + found[kItems - 3], 0);
}

TEST(Zipfian, FewItemsAreAllDrawn) {
  Random random(1);
  for (const std::uint64_t items : {1, 2, 3}) {
    const auto zipfian = Zipfian::make(items, 0.5);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(zipfian->rank(random));
    EXPECT_EQ(seen.size(), items);
    EXPECT_LT(*seen.rbegin(), items);
  }
}

TEST(Zipfian, HotItemsAreScattered) {
  const auto zipfian = Zipfian::make(1'000'000, 0.99);
  Random random(1);
  std::vector<int> halves(2);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t item = zipfian->item(random);
    ASSERT_LT(item, 1'000'000u);
    ++halves[item / 500'000];
    seen.insert(item);
  }
  EXPECT_GT(halves[1], 1000);
  EXPECT_LT(seen.size(), 8000u);  // hot items repeat
}

TEST(Zipfian, TheSameSeedDrawsTheSame) {
  const auto zipfian = Zipfian::make(1000, 0.9);
  Random one(5);
  Random other(5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zipfian->item(one), zipfian->item(other));
}

}  // namespace
}  // namespace latium::cli
