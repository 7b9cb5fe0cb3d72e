#include "relational/key_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <compare>

#include "tests/relational/values.h"

namespace latium {
namespace {

using namespace std::string_literals;
using Tuple = std::vector<Value>;

Bytes encoded(const Tuple& tuple) {
  auto out = encode_tuple(tuple);
  EXPECT_TRUE(out);
  return *out;
}

bool starts_with(const Tuple& tuple, const Tuple& start) {
  return tuple.size() >= start.size() && std::equal(start.begin(), start.end(), tuple.begin());
}

// Two tuples that are often the same at the beginning.
rc::Gen<std::pair<Tuple, Tuple>> tuple_pairs() {
  return rc::gen::map(rc::gen::tuple(any_tuple(), any_tuple(), any_tuple(), rc::gen::arbitrary<bool>()), [](const auto& parts) {
    auto [common, a, b, share] = parts;
    if (!share) return std::pair(a, b);
    Tuple left = common;
    Tuple right = common;
    left.insert(left.end(), a.begin(), a.end());
    right.insert(right.end(), b.begin(), b.end());
    return std::pair(left, right);
  });
}

TEST(KeyCodec, HasThePinnedBytes) {
  const Uuid uuid{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  EXPECT_EQ(to_hex(encoded({Value(), true, 258, "a\0b"s})),
            "0103"
            "1a0102"
            "306100ff620001");
  EXPECT_EQ(to_hex(encoded({Timestamp{1}})), "408000000000000001");
  EXPECT_EQ(to_hex(encoded({Timestamp{-1}})), "407fffffffffffffff");
  EXPECT_EQ(to_hex(encoded({uuid})), "480102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(to_hex(encoded({Json{"{}"}})), "507b7d0001");
}

RC_GTEST_PROP(KeyCodecProperty, BytesSortAsTuplesDo, ()) {
  const auto [a, b] = *tuple_pairs();
  const auto order = std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  RC_TAG(order < 0 ? "less" : order > 0 ? "greater" : "equal");
  RC_ASSERT((encoded(a) <=> encoded(b)) == order);
}

RC_GTEST_PROP(KeyCodecProperty, SingleValuesSortToo, ()) {
  const ValueType type = *any_type();
  const Value a = *value_of(type);
  const Value b = *value_of(type);
  RC_ASSERT((encoded({a}) <=> encoded({b})) == (a <=> b));
}

RC_GTEST_PROP(KeyCodecProperty, DecodesWhatItEncodes, ()) {
  const Tuple tuple = *any_tuple();
  RC_ASSERT((decode_tuple(encoded(tuple)) == tuple));
}

RC_GTEST_PROP(KeyCodecProperty, WhatDecodesEncodesToTheSameBytes, ()) {
  Bytes bytes = encoded(*any_tuple());
  RC_PRE(!bytes.empty());
  bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  if (const auto tuple = decode_tuple(bytes)) {
    RC_ASSERT(encoded(*tuple) == bytes);
  } else {
    RC_ASSERT(tuple.error().code == ErrorCode::corruption);
  }
}

TEST(KeyCodec, RefusesWhatHasNoPlaceInAKey) {
  for (const Value& value : {Value(NAN), Value("\xFF"), Value(Json{"\xC3"})}) {
    Bytes out = "before";
    const auto done = append_tuple(out, Tuple{1, value});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(out, "before");
  }
  EXPECT_EQ(encode_tuple(Tuple{NAN}).error().message, "NaN can be no part of a key");
  EXPECT_EQ(encode_tuple(Tuple{"\xFF"}).error().message, "text that is not UTF-8 can be no part of a key");
}

TEST(KeyCodec, RefusesWhatItCannotHaveMade) {
  const Bytes nan = "\x28\xFF\xF8\0\0\0\0\0\0"s;
  for (const Bytes& bytes : {"\0"s, "\xFF"s, "\x41"s, nan, "\x30\xFF\0\x01"s, "\x30q"s, "\x40\x80\0\0\0\0\0\0"s, "\x48\x01"s,
                             "\x50\xFF\0\x01"s, "\x50{}"s, "\x50{}\0\x02"s}) {
    BytesView in = bytes;
    const auto value = take_key_value(in);
    ASSERT_FALSE(value) << to_hex(bytes);
    EXPECT_EQ(value.error().code, ErrorCode::corruption);
    EXPECT_EQ(in, bytes) << "a refused value takes nothing";
  }
}

TEST(FoldNocase, FoldsLettersOfAsciiOnly) {
  EXPECT_EQ(fold_nocase("@AZ[`az{\u00c9"), "@az[`az{\u00c9");
}

RC_GTEST_PROP(TupleRangeProperty, HoldsTheTuplesThatBeginWithTheValues, ()) {
  const auto [start, other] = *tuple_pairs();
  const Bytes before = *any_bytes();
  Tuple extension = start;
  const Tuple more = *any_tuple();
  extension.insert(extension.end(), more.begin(), more.end());
  const auto range = tuples_starting_with(start, before);
  RC_ASSERT(range->contains(before + encoded(start)));
  RC_ASSERT(range->contains(before + encoded(extension)));
  RC_ASSERT(range->contains(before + encoded(other)) == starts_with(other, start));
}

RC_GTEST_PROP(TupleRangeProperty, HoldsTheValuesBetweenTheBounds, ()) {
  const Tuple start = *any_tuple();
  const ValueType type = *any_type();
  const auto bound = [&]() -> std::optional<KeyBound> {
    if (*rc::gen::inRange(0, 4) == 0) return std::nullopt;
    return KeyBound{*value_of(type), *rc::gen::arbitrary<bool>()};
  };
  const auto low = bound();
  const auto high = bound();
  const auto range = tuples_between(start, low, high, "t");

  // Often one of the bounds itself.
  const int choice = *rc::gen::inRange(0, 4);
  const Value value = choice == 0 && low ? low->value : choice == 1 && high ? high->value : *value_of(type);
  const bool above = !low || (low->inclusive ? value >= low->value : value > low->value);
  const bool below = !high || (high->inclusive ? value <= high->value : value < high->value);
  Tuple tuple = start;
  tuple.push_back(value);
  RC_ASSERT(range->contains("t" + encoded(tuple)) == (above && below));
  const Tuple more = *any_tuple();
  tuple.insert(tuple.end(), more.begin(), more.end());
  RC_ASSERT(range->contains("t" + encoded(tuple)) == (above && below));
}

RC_GTEST_PROP(TupleRangeProperty, HoldsTheTextsThatBeginWithThePrefix, ()) {
  const Tuple start = *any_tuple();
  const std::string prefix = *any_text();
  const std::string text =
      *rc::gen::oneOf(any_text(), rc::gen::map(any_text(), [=](const std::string& more) { return prefix + more; }));
  const auto range = texts_starting_with(start, prefix, "t");
  Tuple tuple = start;
  tuple.emplace_back(text);
  RC_ASSERT(range->contains("t" + encoded(tuple)) == text.starts_with(prefix));
  tuple.back() = *any_value();
  const auto* as_text = tuple.back().get_if<std::string>();
  RC_ASSERT(range->contains("t" + encoded(tuple)) == (as_text != nullptr && as_text->starts_with(prefix)));
}

TEST(TupleRange, NullsCanBeLeftOut) {
  const auto range = tuples_between({}, KeyBound{Value(), false}, KeyBound{5, false});
  EXPECT_FALSE(range->contains(encoded({Value()})));
  EXPECT_TRUE(range->contains(encoded({4})));
  EXPECT_FALSE(range->contains(encoded({5})));
}

}  // namespace
}  // namespace latium
