#include "store/key_layout.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium {
namespace {

RC_GTEST_PROP(KeyLayoutProperty, RoundTripsAndKeepsTheUsersOrder,
              (std::uint32_t tenant, std::uint16_t partition, const std::string& bucket, const std::string& a,
               const std::string& b)) {
  const Bytes key_a = data_key(TenantId{tenant}, PartitionId{partition}, bucket, a);
  const Bytes key_b = data_key(TenantId{tenant}, PartitionId{partition}, bucket, b);
  RC_ASSERT((key_a < key_b) == (a < b));
  const auto parsed = parse_data_key(key_a);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->tenant == TenantId{tenant});
  RC_ASSERT(parsed->partition == PartitionId{partition});
  RC_ASSERT(parsed->bucket == bucket);
  RC_ASSERT(parsed->user_key == a);
}

RC_GTEST_PROP(KeyLayoutProperty, BucketsDoNotMix, (const std::string& a, const std::string& b, const std::string& key)) {
  RC_PRE(a != b);
  const Bytes prefix = bucket_prefix(TenantId{1}, PartitionId{1}, a);
  RC_ASSERT(!data_key(TenantId{1}, PartitionId{1}, b, key).starts_with(prefix));
}

RC_GTEST_PROP(KeyLayoutProperty, GarbageIsRefusedOrParses, (const std::string& garbage)) {
  const auto parsed = parse_data_key(garbage);
  if (parsed) {
    RC_ASSERT(data_key(parsed->tenant, parsed->partition, parsed->bucket, parsed->user_key) == garbage);
  } else {
    RC_ASSERT(parsed.error().code == ErrorCode::corruption);
  }
}

// On disk: never changes.
TEST(KeyLayout, GoldenBytes) {
  EXPECT_EQ(to_hex(data_key(TenantId{0x01020304}, PartitionId{0x0506}, "ab", "k")),
            "0102030405066162"
            "0001"
            "6b");
  EXPECT_EQ(to_hex(tenant_prefix(TenantId{7})), "00000007");
}

}  // namespace
}  // namespace latium
