#include "node/cli/bench_mix.h"

#include <gtest/gtest.h>

#include <map>

namespace latium::cli {
namespace {

TEST(BenchMix, KindsComeAsOftenAsTheWorkloadSays) {
  for (const char* name : {"a", "b", "c", "d", "e", "f", "w"}) {
    const YcsbMix mix = *find_mix(name);
    unsigned all = 0;
    for (const unsigned percent : mix.percent) all += percent;
    ASSERT_EQ(all, 100u) << name;
    std::array<unsigned, kYcsbKinds> drawn{};
    Random random(7);
    for (int i = 0; i < 100'000; ++i) ++drawn[static_cast<std::size_t>(draw_kind(mix, random))];
    for (std::size_t kind = 0; kind < kYcsbKinds; ++kind) EXPECT_NEAR(drawn[kind] / 1000.0, mix.percent[kind], 1) << name;
    if (mix.percent[0] == 0) EXPECT_EQ(drawn[0], 0u) << name;
  }
  EXPECT_EQ(find_mix("g").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(find_mix("").error().code, ErrorCode::invalid_argument);
}

TEST(BenchMix, DistributionsHaveNames) {
  for (const auto each : {KeyDistribution::zipfian, KeyDistribution::uniform, KeyDistribution::latest}) {
    EXPECT_EQ(*parse_distribution(to_string(each)), each);
  }
  EXPECT_EQ(parse_distribution("normal").error().code, ErrorCode::invalid_argument);
}

TEST(BenchMix, AKeyIsChosenOnceAllInsertsUpToItHaveEnded) {
  for (const auto each : {KeyDistribution::latest, KeyDistribution::uniform}) {
    KeyChooser keys = *KeyChooser::make(10, each);
    Random random(3);
    const auto greatest = [&] {
      std::uint64_t most = 0;
      for (int i = 0; i < 1000; ++i) most = std::max(most, keys.choose(random));
      return most;
    };
    EXPECT_EQ(greatest(), 9u);
    EXPECT_EQ(keys.begin_insert(), 10u);
    EXPECT_EQ(keys.begin_insert(), 11u);
    keys.end_insert(11);
    EXPECT_EQ(greatest(), 9u);
    keys.end_insert(10);
    EXPECT_EQ(greatest(), 11u);
  }
}

TEST(BenchMix, TheLatestKeysAreTheHottest) {
  KeyChooser keys = *KeyChooser::make(1000, KeyDistribution::latest);
  for (int i = 0; i < 5; ++i) keys.end_insert(keys.begin_insert());
  std::map<std::uint64_t, int> drawn;
  Random random(1);
  for (int i = 0; i < 20'000; ++i) ++drawn[keys.choose(random)];
  EXPECT_GT(drawn[1004], drawn[1003]);
  EXPECT_GT(drawn[1003], 10 * drawn[500]);
  EXPECT_LT(drawn.rbegin()->first, 1005u);
}

TEST(BenchMix, ThereMustBeKeys) {
  EXPECT_EQ(KeyChooser::make(0, KeyDistribution::uniform).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace latium::cli
