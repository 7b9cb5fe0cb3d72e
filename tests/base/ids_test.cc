#include "base/ids.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace latium {
namespace {

TEST(Ids, OneKindDoesNotConvertToAnother) {
  static_assert(!std::is_convertible_v<NodeId, ClusterId>);
  static_assert(!std::is_convertible_v<NodeId, std::uint64_t>);
  static_assert(!std::is_convertible_v<std::uint64_t, NodeId>);
}

TEST(Ids, ZeroIsNone) {
  EXPECT_FALSE(NodeId{});
  EXPECT_TRUE(NodeId{1});
}

TEST(Ids, OrderAndHashFollowTheValue) {
  EXPECT_LT(Epoch{1}, Epoch{2});
  std::unordered_set<NodeId> ids{NodeId{1}, NodeId{2}, NodeId{1}};
  EXPECT_EQ(ids.size(), 2U);
}

TEST(Ids, HexIsSixteenDigits) {
  EXPECT_EQ(to_hex(std::uint64_t{0}), "0000000000000000");
  EXPECT_EQ(to_hex(std::uint64_t{0xABC}), "0000000000000abc");
  EXPECT_EQ(to_hex(~std::uint64_t{0}), "ffffffffffffffff");
}

TEST(Ids, FromHexTakesOneToSixteenDigits) {
  EXPECT_EQ(from_hex("0"), 0U);
  EXPECT_EQ(from_hex("aBc"), 0xABCU);
  EXPECT_EQ(from_hex("ffffffffffffffff"), ~std::uint64_t{0});
  for (const char* bad : {"", "g", "0x1", "-1", "+1", " 1", "1 ", "10000000000000000", "00000000000000000"}) {
    EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(Ids, HexRoundTrips, (std::uint64_t value)) {
  RC_ASSERT(from_hex(to_hex(value)) == value);
}

}  // namespace
}  // namespace latium
