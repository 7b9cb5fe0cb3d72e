#include "ring/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace latium {
namespace {

TEST(Partition, CountsArePowersOfTwo) {
  for (const std::uint32_t good : {1u, 2u, 64u, 4096u}) EXPECT_TRUE(valid_partitions(good)) << good;
  for (const std::uint32_t bad : {0u, 3u, 63u, 8192u, 65536u}) EXPECT_FALSE(valid_partitions(bad)) << bad;
}

// On disk: a change would lose every key.
TEST(Partition, KnownAnswersNeverChange) {
  EXPECT_EQ(partition_of(TenantId{1}, "vm-1", 64).value, 37);
  EXPECT_EQ(partition_of(TenantId{2}, "vm-1", 64).value, 43);
  EXPECT_EQ(partition_of(TenantId{1}, "", 4096).value, 1244);
}

RC_GTEST_PROP(PartitionProperty, IsInRangeAndSplitsEvenly, (std::uint32_t tenant, const std::string& key)) {
  const auto bits = *rc::gen::inRange(0, 12);
  const auto count = static_cast<std::uint16_t>(1u << bits);
  const auto fine = partition_of(TenantId{tenant}, key, static_cast<std::uint16_t>(count * 2)).value;
  // Twice the partitions cut each one in two: the top bits decide.
  RC_ASSERT(partition_of(TenantId{tenant}, key, count).value == fine / 2);
  RC_ASSERT(fine < count * 2);
}

TEST(Partition, SpreadsKeys) {
  std::vector<int> count(64);
  for (int i = 0; i < 64'000; ++i) ++count[partition_of(TenantId{7}, "instance-" + std::to_string(i), 64).value];
  EXPECT_GT(*std::ranges::min_element(count), 850);
  EXPECT_LT(*std::ranges::max_element(count), 1150);
}

}  // namespace
}  // namespace latium
