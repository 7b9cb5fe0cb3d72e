#include "base/varint.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace latium {
namespace {

Bytes varint(std::uint64_t value) {
  Bytes out;
  put_varint(out, value);
  return out;
}

// All widths alike, not mostly small numbers.
rc::Gen<std::uint64_t> any_width() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange(0, 64)),
                      [](const auto& pair) { return (pair.first * 0x9E3779B97F4A7C15 | std::uint64_t{1} << 63) >> pair.second; });
}

void expect_refused(BytesView bytes) {
  BytesView in = bytes;
  const auto value = take_varint(in);
  ASSERT_FALSE(value) << to_hex(bytes);
  EXPECT_EQ(value.error().code, ErrorCode::corruption);
  EXPECT_EQ(in, bytes) << "a refused varint takes nothing";
}

TEST(Varint, KnownBytes) {
  EXPECT_EQ(to_hex(varint(0)), "00");
  EXPECT_EQ(to_hex(varint(127)), "7f");
  EXPECT_EQ(to_hex(varint(128)), "8001");
  EXPECT_EQ(to_hex(varint(300)), "ac02");
  EXPECT_EQ(to_hex(varint(std::numeric_limits<std::uint64_t>::max())), "ffffffffffffffffff01");
}

RC_GTEST_PROP(Varint, RoundTripsAndTakesItselfOnly, (const Bytes& tail)) {
  const std::uint64_t value = *any_width();
  const Bytes encoded = varint(value) + tail;
  BytesView in = encoded;
  RC_ASSERT((take_varint(in) == value));
  RC_ASSERT(in == tail);
}

RC_GTEST_PROP(Varint, EveryTruncationIsRefused, ()) {
  const Bytes encoded = varint(*any_width());
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    BytesView in = BytesView(encoded).substr(0, length);
    const auto value = take_varint(in);
    RC_ASSERT(!value);
    RC_ASSERT(value.error().code == ErrorCode::corruption);
    RC_ASSERT(in.size() == length);
  }
}

TEST(Varint, LongerFormsAreRefused) {
  expect_refused(BytesView("\x80\x00", 2));
  expect_refused(BytesView("\xFF\x80\x00", 3));
  expect_refused(BytesView("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10));
}

TEST(Varint, MoreThan64BitsAreRefused) {
  expect_refused("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02");
  expect_refused("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x01");
  expect_refused(Bytes(20, '\x80'));
}

RC_GTEST_PROP(Varint, WhatDecodesHasOneEncoding, (const Bytes& bytes)) {
  BytesView in = bytes;
  if (const auto value = take_varint(in)) RC_ASSERT(varint(*value) == bytes.substr(0, bytes.size() - in.size()));
}

RC_GTEST_PROP(LengthPrefixed, RoundTripsAndRefusesEveryTruncation, (const Bytes& first, const Bytes& second)) {
  Bytes encoded;
  put_length_prefixed(encoded, first);
  const std::size_t first_length = encoded.size();
  put_length_prefixed(encoded, second);
  BytesView in = encoded;
  RC_ASSERT((take_length_prefixed(in) == BytesView(first)));
  RC_ASSERT((take_length_prefixed(in) == BytesView(second)));
  RC_ASSERT(in.empty());
  for (std::size_t length = 0; length < first_length; ++length) {
    BytesView cut = BytesView(encoded).substr(0, length);
    const auto refused = take_length_prefixed(cut);
    RC_ASSERT(!refused);
    RC_ASSERT(refused.error().code == ErrorCode::corruption);
    RC_ASSERT(cut.size() == length);
  }
}

TEST(LengthPrefixed, LengthNearTheEndOfTheNumbersIsRefused) {
  Bytes encoded = varint(std::numeric_limits<std::uint64_t>::max()) + "abc";
  BytesView in = encoded;
  EXPECT_FALSE(take_length_prefixed(in));
  EXPECT_EQ(in, encoded);
}

}  // namespace
}  // namespace latium
