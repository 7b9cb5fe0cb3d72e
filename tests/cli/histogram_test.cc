#include "node/cli/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace latium::cli {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0), 1u);
  EXPECT_EQ(histogram.percentile(50), 50u);
  EXPECT_EQ(histogram.percentile(99), 99u);
  EXPECT_EQ(histogram.percentile(99.9), 100u);
  EXPECT_EQ(histogram.percentile(100), 100u);
  EXPECT_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, TakesTheWholeRange) {
  Histogram histogram;
  histogram.record(0);
  histogram.record(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(histogram.percentile(50), 0u);
  EXPECT_EQ(histogram.percentile(100), std::numeric_limits<std::uint64_t>::max());
}

TEST(Histogram, MergesAsIfRecordedInOne) {
  Histogram one;
  Histogram other;
  Histogram both;
  for (std::uint64_t value = 1; value < 1'000'000; value = value * 3 + 1) {
    (value % 2 == 0 ? one : other).record(value);
    both.record(value);
  }
  one.merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.max(), both.max());
  for (const double percent : {10.0, 50.0, 90.0, 99.0}) EXPECT_EQ(one.percentile(percent), both.percentile(percent));
}

RC_GTEST_PROP(Histogram, PercentilesAreWithinOnePercentAbove, (std::vector<std::uint64_t> values)) {
  RC_PRE(!values.empty());
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  std::ranges::sort(values);
  for (const double percent : {1.0, 50.0, 99.0, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const std::uint64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
    const std::uint64_t found = histogram.percentile(percent);
    RC_ASSERT(found >= exact);
    RC_ASSERT(found - exact <= exact / 100);
  }
}

}  // namespace
}  // namespace latium::cli
