#include "replication/expiring_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium {
namespace {

DataKey any_key(std::uint16_t partition) {
  return {TenantId{*rc::gen::inRange(1u, 3u)}, PartitionId{partition}, *rc::gen::nonEmpty<Bytes>(), *rc::gen::arbitrary<Bytes>()};
}

RC_GTEST_PROP(ExpiringKeyTest, IsReadBack, (std::uint64_t due_ms, std::uint16_t partition)) {
  const DataKey key = any_key(partition);
  const auto parsed = parse_expiring_key(expiring_key(key, due_ms));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->due_ms == due_ms);
  RC_ASSERT(parsed->data_key == data_key(key.tenant, key.partition, key.bucket, key.user_key));
}

RC_GTEST_PROP(ExpiringKeyTest, InAPartitionTheOrderIsThatOfTheTimes, (std::uint64_t a, std::uint64_t b)) {
  DataKey one = any_key(3);
  DataKey other = any_key(3);
  other.tenant = one.tenant;
  RC_PRE(a != b);
  RC_ASSERT((expiring_key(one, a) < expiring_key(other, b)) == (a < b));
}

RC_GTEST_PROP(ExpiringKeyTest, TheRangeIsWhatIsDueOfThePartition, (std::uint64_t now_ms)) {
  const std::uint16_t partition = *rc::gen::element<std::uint16_t>(0, 1, 255, 256, 65535);
  const DataKey key = any_key(*rc::gen::element<std::uint16_t>(0, 1, 255, 256, 65535));
  const std::uint64_t due_ms = *rc::gen::oneOf(rc::gen::arbitrary<std::uint64_t>(), rc::gen::just(now_ms),
                                               rc::gen::just(now_ms + 1), rc::gen::just(now_ms - 1));
  const Bytes name = expiring_key(key, due_ms);
  const KeyRange range = expiring_range(TenantId{1}, PartitionId{partition}, now_ms);
  const bool inside = range.begin <= name && (range.end.empty() || name < range.end);
  RC_ASSERT(inside == (key.tenant.value == 1 && key.partition.value == partition && due_ms <= now_ms));
}

TEST(ExpiringKeyTest, WhatIsCutShortIsRefused) {
  const Bytes whole = expiring_key({TenantId{1}, PartitionId{2}, "b", "k"}, 3);
  for (std::size_t length = 0; length <= 14; ++length) {
    const auto parsed = parse_expiring_key(BytesView(whole).substr(0, length));
    ASSERT_FALSE(parsed.has_value()) << length;
    EXPECT_EQ(parsed.error().code, ErrorCode::corruption);
  }
}

}  // namespace
}  // namespace latium
