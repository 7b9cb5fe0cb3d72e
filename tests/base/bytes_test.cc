#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace latium {
namespace {

TEST(Bytes, LittleEndianLayout) {
  Bytes out;
  put_u16(out, 0x0102);
  put_u32(out, 0x03040506);
  put_u64(out, 0x0708090A0B0C0D0E);
  EXPECT_EQ(to_hex(out), "0201060504030e0d0c0b0a090807");
  EXPECT_EQ(get_u16(out.data()), 0x0102);
  EXPECT_EQ(get_u32(out.data() + 2), 0x03040506U);
  EXPECT_EQ(get_u64(out.data() + 6), 0x0708090A0B0C0D0EU);
}

TEST(Bytes, BigEndianLayout) {
  Bytes out;
  put_u16_be(out, 0x0102);
  put_u32_be(out, 0x03040506);
  put_u64_be(out, 0x0708090A0B0C0D0E);
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(get_u16_be(out.data()), 0x0102);
  EXPECT_EQ(get_u32_be(out.data() + 2), 0x03040506U);
  EXPECT_EQ(get_u64_be(out.data() + 6), 0x0708090A0B0C0D0EU);
}

RC_GTEST_PROP(Bytes, BigEndianOrderIsValueOrder, (std::uint64_t a, std::uint64_t b)) {
  Bytes encoded_a;
  Bytes encoded_b;
  put_u64_be(encoded_a, a);
  put_u64_be(encoded_b, b);
  RC_ASSERT((encoded_a < encoded_b) == (a < b));
}

TEST(Bytes, PrefixEndOfKnownPrefixes) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end(BytesView("a\0", 2)), "a\x01");
  EXPECT_EQ(prefix_end("a\xFF\xFF"), "b");
  EXPECT_EQ(prefix_end("\x7F"), "\x80");
  EXPECT_EQ(prefix_end("\xFF\xFF"), "");
  EXPECT_EQ(prefix_end(""), "");
}

// Strings of few letters, so that one is often a prefix of another, and 0xFF is common.
rc::Gen<Bytes> short_bytes() {
  return rc::gen::container<Bytes>(rc::gen::element('\0', 'a', '\xFE', '\xFF'));
}

RC_GTEST_PROP(Bytes, PrefixEndIsTheLeastBoundAboveAllThatStartWithThePrefix, ()) {
  const Bytes prefix = *short_bytes();
  const Bytes key = *rc::gen::oneOf(short_bytes(), rc::gen::map(short_bytes(), [&](Bytes tail) { return prefix + tail; }));
  const Bytes end = prefix_end(prefix);
  const bool in_range = key >= prefix && (end.empty() || key < end);
  RC_ASSERT(in_range == key.starts_with(prefix));
}

TEST(Bytes, PrintableEscapesAndCuts) {
  EXPECT_EQ(printable(BytesView("a\0b\xFF ~\x7F", 7)), "a\\x00b\\xff ~\\x7f");
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef...");
  // An escape is not cut in two.
  EXPECT_EQ(printable("abcd\x01", 6), "abcd...");
  EXPECT_EQ(printable("", 0), "");
}

TEST(Bytes, ToHexIsLowerCase) {
  EXPECT_EQ(to_hex(BytesView("\x00\xAB\x7f", 3)), "00ab7f");
  EXPECT_EQ(to_hex(BytesView()), "");
}

}  // namespace
}  // namespace latium
