#include "base/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium {
namespace {

// As RFC 3629 section 3 gives it, for any number up to 21 bits: `length` bytes whether that is the shortest form or not.
Bytes encode(std::uint32_t code, int length) {
  if (length == 1) return Bytes(1, static_cast<char>(code));
  static constexpr unsigned kLeads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  Bytes bytes(1, static_cast<char>(kLeads[length] | code >> (6 * (length - 1))));
  for (int i = length - 2; i >= 0; --i) bytes.push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F)));
  return bytes;
}

int shortest(std::uint32_t code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

TEST(Utf8, EveryCodePointButSurrogatesIsTaken) {
  for (std::uint32_t code = 0; code < 0x110000; ++code) {
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    ASSERT_EQ(is_utf8(encode(code, shortest(code))), !surrogate) << std::hex << code;
  }
}

TEST(Utf8, NothingAboveTheLastCodePointIsTaken) {
  for (std::uint32_t code = 0x110000; code < 0x200000; ++code) ASSERT_FALSE(is_utf8(encode(code, 4))) << std::hex << code;
}

TEST(Utf8, NoOverlongFormIsTaken) {
  for (std::uint32_t code = 0; code < 0x10000; ++code) {
    for (int length = shortest(code) + 1; length <= 4; ++length) ASSERT_FALSE(is_utf8(encode(code, length))) << std::hex << code;
  }
}

TEST(Utf8, StrayAndMissingContinuationsAreRefused) {
  for (const char* bad : {"\x80", "a\xBF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2(\xA1", "\xF0\x9F(\x80", "\xFE",
                          "\xFF", "\xF8\x88\x80\x80\x80", "plain ascii, then \xFF"}) {
    EXPECT_FALSE(is_utf8(bad)) << to_hex(BytesView(bad));
  }
}

TEST(Utf8, EmptyAndZeroAreText) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(BytesView("\0", 1)));
}

// Whatever stands before or after: a concatenation is text when its parts are, and one bad part spoils it at any offset.
RC_GTEST_PROP(Utf8, PartsDecide, (std::uint8_t before, std::uint8_t after)) {
  const auto code = *rc::gen::inRange<std::uint32_t>(0xE000, 0x110000);
  const Bytes good = Bytes(before, 'a') + encode(code, shortest(code)) + Bytes(after, 'b');
  RC_ASSERT(is_utf8(good));
  Bytes bad = good;
  bad[before] = '\xFF';
  RC_ASSERT(!is_utf8(bad));
}

}  // namespace
}  // namespace latium
