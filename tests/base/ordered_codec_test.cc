#include "base/ordered_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <compare>
#include <limits>
#include <variant>
#include <vector>

namespace latium::ordered {
namespace {

// The model: what the encodings must sort like. Alternatives stand in the order of the kinds.
struct Null {
  friend auto operator<=>(const Null&, const Null&) = default;
};
struct Text {
  Bytes bytes;
  friend auto operator<=>(const Text&, const Text&) = default;
};
struct Blob {
  Bytes bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};
using Value = std::variant<Null, bool, std::int64_t, double, Text, Blob>;
using Tuple = std::vector<Value>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// IEEE order, but that NaN is a value like others, above infinity.
std::weak_ordering compare_reals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  return a < b ? std::weak_ordering::less : a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

std::weak_ordering compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() <=> b.index();
  return std::visit(
      [&](const auto& left) -> std::weak_ordering {
        using T = std::decay_t<decltype(left)>;
        if constexpr (std::is_same_v<T, double>) {
          return compare_reals(left, std::get<T>(b));
        } else {
          return left <=> std::get<T>(b);
        }
      },
      a);
}

std::weak_ordering compare(const Tuple& a, const Tuple& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                [](const Value& x, const Value& y) { return compare(x, y); });
}

std::weak_ordering sign_of(std::strong_ordering order) {
  return order;
}

struct Put {
  Bytes& out;
  void operator()(Null) const { put_null(out); }
  void operator()(bool value) const { put_bool(out, value); }
  void operator()(std::int64_t value) const { put_int(out, value); }
  void operator()(double value) const { put_real(out, value); }
  void operator()(const Text& value) const { put_text(out, value.bytes); }
  void operator()(const Blob& value) const { put_bytes(out, value.bytes); }
};

Bytes encode(const Tuple& tuple) {
  Bytes out;
  for (const Value& value : tuple) std::visit(Put{out}, value);
  return out;
}

Bytes encode(const Value& value) {
  return encode(Tuple{value});
}

// libstdc++ 12 has no std::expected::transform.
template <class T>
Result<Value> wrap(Result<T> taken) {
  LATIUM_TRY(T value, std::move(taken));
  return Value(std::move(value));
}

Result<Value> take(BytesView& in) {
  LATIUM_TRY(const Kind kind, peek_kind(in));
  switch (kind) {
    case Kind::null:
      LATIUM_CHECKED(take_null(in));
      return Value(Null{});
    case Kind::boolean:
      return wrap(take_bool(in));
    case Kind::integer:
      return wrap(take_int(in));
    case Kind::real:
      return wrap(take_real(in));
    case Kind::text: {
      LATIUM_TRY(Bytes text, take_text(in));
      return Value(Text{std::move(text)});
    }
    case Kind::bytes: {
      LATIUM_TRY(Bytes bytes, take_bytes(in));
      return Value(Blob{std::move(bytes)});
    }
  }
  return fail(ErrorCode::internal, "no such kind");
}

Result<Tuple> decode(BytesView in) {
  Tuple tuple;
  while (!in.empty()) {
    LATIUM_TRY(Value value, take(in));
    tuple.push_back(std::move(value));
  }
  return tuple;
}

// Integers at and around every change of length, as well as any.
rc::Gen<std::int64_t> integers() {
  const auto near_power = rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 64), rc::gen::inRange(-2, 3)), [](const auto& pair) {
    return static_cast<std::int64_t>((std::uint64_t{1} << std::get<0>(pair)) + static_cast<std::uint64_t>(std::get<1>(pair)));
  });
  const auto negated =
      rc::gen::map(near_power, [](std::int64_t v) { return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(v)); });
  return rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(), near_power, negated, rc::gen::element(kMin, kMax, std::int64_t{0}));
}

rc::Gen<double> reals() {
  const auto any_bits =
      rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>()),
                   [](const auto& p) { return std::bit_cast<double>(p.first * 0x9E3779B97F4A7C15 ^ p.second); });
  const auto subnormals =
      rc::gen::map(rc::gen::inRange(-1000, 1000), [](int n) { return n * std::numeric_limits<double>::denorm_min(); });
  return rc::gen::oneOf(rc::gen::arbitrary<double>(), any_bits, subnormals,
                        rc::gen::element(0.0, -0.0, kInfinity, -kInfinity, kNan, -kNan, 1.0, -1.0));
}

// Few letters, so that strings share prefixes and hold the bytes that the escape is about.
rc::Gen<Bytes> strings() {
  return rc::gen::oneOf(rc::gen::arbitrary<Bytes>(),
                        rc::gen::container<Bytes>(rc::gen::element('\0', '\x01', 'a', '\xFE', '\xFF')));
}

rc::Gen<Value> values() {
  const auto to_value = [](const auto& value) { return Value(value); };
  return rc::gen::oneOf(rc::gen::just(Value(Null{})), rc::gen::map(rc::gen::arbitrary<bool>(), to_value),
                        rc::gen::map(integers(), to_value), rc::gen::map(reals(), to_value),
                        rc::gen::map(strings(), [](Bytes bytes) { return Value(Text{std::move(bytes)}); }),
                        rc::gen::map(strings(), [](Bytes bytes) { return Value(Blob{std::move(bytes)}); }));
}

rc::Gen<Tuple> tuples() {
  return rc::gen::resize(6, rc::gen::container<Tuple>(values()));
}

// In the order that their encodings must have, across all kinds.
Tuple ladder() {
  return {Null{}, false, true,
          // integers
          kMin, kMin + 1, std::int64_t{-65537}, std::int64_t{-65536}, std::int64_t{-65535}, std::int64_t{-257},
          std::int64_t{-256}, std::int64_t{-255}, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
          std::int64_t{255}, std::int64_t{256}, std::int64_t{65535}, std::int64_t{65536}, kMax - 1, kMax,
          // reals
          -kInfinity, std::numeric_limits<double>::lowest(), -1.5, -1.0, -std::numeric_limits<double>::min(),
          -std::numeric_limits<double>::denorm_min(), 0.0, std::numeric_limits<double>::denorm_min(),
          2 * std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::min(), 1.0, 1.5,
          std::numeric_limits<double>::max(), kInfinity, kNan,
          // text, then bytes, by their bytes
          Text{""}, Text{Bytes(1, '\0')}, Text{Bytes(2, '\0')}, Text{Bytes("\0a", 2)}, Text{Bytes("\0\xFF", 2)}, Text{"\x01"},
          Text{"a"}, Text{Bytes("a\0", 2)}, Text{Bytes("a\0b", 3)}, Text{"a\x01"}, Text{"aa"}, Text{"b"}, Text{"\xFF"},
          Text{"\xFF\xFF"}, Blob{""}, Blob{Bytes(1, '\0')}, Blob{"\x01"}, Blob{"a"}, Blob{"\xFF"}};
}

TEST(OrderedCodec, KnownOrderAcrossAllKinds) {
  const Tuple steps = ladder();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (std::size_t j = 0; j < steps.size(); ++j) {
      EXPECT_EQ(encode(steps[i]) <=> encode(steps[j]), i <=> j) << i << " against " << j;
    }
  }
}

RC_GTEST_PROP(OrderedCodec, IntegersKeepTheirOrder, ()) {
  const std::int64_t a = *integers();
  const std::int64_t b = *integers();
  RC_ASSERT((encode(Value(a)) <=> encode(Value(b))) == (a <=> b));
}

RC_GTEST_PROP(OrderedCodec, RealsKeepTheirOrder, ()) {
  const double a = *reals();
  const double b = *reals();
  RC_ASSERT(sign_of(encode(Value(a)) <=> encode(Value(b))) == compare_reals(a, b));
}

RC_GTEST_PROP(OrderedCodec, StringsKeepTheirOrder, ()) {
  const Bytes a = *strings();
  const Bytes b = *strings();
  RC_ASSERT((encode(Value(Text{a})) <=> encode(Value(Text{b}))) == (a <=> b));
  RC_ASSERT((encode(Value(Blob{a})) <=> encode(Value(Blob{b}))) == (a <=> b));
}

RC_GTEST_PROP(OrderedCodec, MixedKindsKeepTheirOrder, ()) {
  const Value a = *values();
  const Value b = *values();
  RC_ASSERT(sign_of(encode(a) <=> encode(b)) == compare(a, b));
}

RC_GTEST_PROP(OrderedCodec, TuplesKeepTheirOrder, ()) {
  const Tuple head = *tuples();
  Tuple a = head;
  Tuple b = head;
  for (const Value& value : *tuples()) a.push_back(value);
  for (const Value& value : *tuples()) b.push_back(value);
  RC_ASSERT(sign_of(encode(a) <=> encode(b)) == compare(a, b));
}

// A scan over all tuples that begin with some values is a scan over a byte prefix.
RC_GTEST_PROP(OrderedCodec, TuplePrefixIsBytePrefix, ()) {
  const Tuple head = *tuples();
  const Tuple other = *tuples();
  const bool begins = other.size() >= head.size() &&
                      compare(Tuple(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(head.size())), head) == 0;
  RC_ASSERT(encode(other).starts_with(encode(head)) == begins);
}

RC_GTEST_PROP(OrderedCodec, TuplesRoundTrip, ()) {
  const Tuple tuple = *tuples();
  const auto decoded = decode(encode(tuple));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(std::is_eq(compare(*decoded, tuple)));
}

RC_GTEST_PROP(OrderedCodec, EveryTruncationIsRefusedAndTakesNothing, ()) {
  const Bytes encoded = encode(*values());
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    BytesView in = BytesView(encoded).substr(0, length);
    const auto value = take(in);
    RC_ASSERT(!value.has_value());
    RC_ASSERT(value.error().code == ErrorCode::corruption);
    RC_ASSERT(in.size() == length);
  }
}

RC_GTEST_PROP(OrderedCodec, WhatDecodesHasOneEncoding, ()) {
  Bytes bytes = encode(*tuples());
  const auto changes = *rc::gen::container<std::vector<std::pair<std::uint16_t, char>>>(
      rc::gen::pair(rc::gen::arbitrary<std::uint16_t>(), rc::gen::arbitrary<char>()));
  for (const auto& [place, byte] : changes) {
    if (!bytes.empty()) bytes[place % bytes.size()] = byte;
  }
  if (const auto tuple = decode(bytes)) RC_ASSERT(encode(*tuple) == bytes);
}

RC_GTEST_PROP(OrderedCodec, OtherKindsAreRefused, ()) {
  const Value value = *values();
  const Bytes encoded = encode(value);
  const auto takes = [&](auto take_kind) {
    BytesView in = encoded;
    return take_kind(in).has_value();
  };
  RC_ASSERT(takes(take_null) == std::holds_alternative<Null>(value));
  RC_ASSERT(takes(take_bool) == std::holds_alternative<bool>(value));
  RC_ASSERT(takes(take_int) == std::holds_alternative<std::int64_t>(value));
  RC_ASSERT(takes(take_real) == std::holds_alternative<double>(value));
  RC_ASSERT(takes(take_text) == std::holds_alternative<Text>(value));
  RC_ASSERT(takes(take_bytes) == std::holds_alternative<Blob>(value));
}

// The disk format, as docs/formats.md has it.
TEST(OrderedCodec, KnownBytes) {
  const std::vector<std::pair<Value, const char*>> known = {
      {Null{}, "01"},
      {false, "02"},
      {true, "03"},
      {kMin, "107fffffffffffffff"},
      {std::int64_t{-256}, "16feff"},
      {std::int64_t{-255}, "1700"},
      {std::int64_t{-1}, "17fe"},
      {std::int64_t{0}, "18"},
      {std::int64_t{1}, "1901"},
      {std::int64_t{256}, "1a0100"},
      {kMax, "207fffffffffffffff"},
      {-kInfinity, "28000fffffffffffff"},
      {-1.5, "284007ffffffffffff"},
      {0.0, "288000000000000000"},
      {1.5, "28bff8000000000000"},
      {kInfinity, "28fff0000000000000"},
      {kNan, "28fff8000000000000"},
      {Text{"rennes"}, "3072656e6e65730001"},
      {Text{Bytes("a\0b", 3)}, "306100ff620001"},
      {Blob{""}, "380001"},
  };
  for (const auto& [value, bytes] : known) EXPECT_EQ(to_hex(encode(value)), bytes);
}

TEST(OrderedCodec, ZeroesAndNansHaveOneForm) {
  EXPECT_EQ(encode(Value(-0.0)), encode(Value(0.0)));
  EXPECT_EQ(encode(Value(-kNan)), encode(Value(kNan)));
  EXPECT_EQ(encode(Value(std::bit_cast<double>(0x7FF0000000000001))), encode(Value(kNan)));
}

TEST(OrderedCodec, SecondFormsAreRefused) {
  const std::vector<BytesView> second_forms = {
      BytesView("\x19\x00", 2),                              // 0 in one byte
      BytesView("\x1A\x00\x01", 3),                          // 1 in two bytes
      BytesView("\x17\xFF", 2),                              // -0
      BytesView("\x16\xFF\xFE", 3),                          // -1 in two bytes
      BytesView("\x20\x80\x00\x00\x00\x00\x00\x00\x00", 9),  // 2^63
      BytesView("\x10\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFE", 9),  // -2^63 - 1
      BytesView("\x28\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9),  // -0.0
      BytesView("\x28\xFF\xF0\x00\x00\x00\x00\x00\x01", 9),  // another NaN
      BytesView("\x28\x00\x00\x00\x00\x00\x00\x00\x00", 9),  // a negative NaN
      BytesView("\x30\x00\x02\x00\x01", 5),                  // an escape that nobody writes
  };
  for (const BytesView bytes : second_forms) {
    const auto decoded = decode(bytes);
    ASSERT_FALSE(decoded) << to_hex(bytes);
    EXPECT_EQ(decoded.error().code, ErrorCode::corruption);
  }
}

TEST(OrderedCodec, UnknownTagsAreRefused) {
  for (int tag = 0; tag < 256; ++tag) {
    const Bytes bytes(1, static_cast<char>(tag));
    const bool known = (tag >= 1 && tag <= 3) || (tag >= 0x10 && tag <= 0x20) || tag == 0x28 || tag == 0x30 || tag == 0x38;
    EXPECT_EQ(peek_kind(bytes).has_value(), known) << tag;
  }
  EXPECT_FALSE(peek_kind(""));
}

RC_GTEST_PROP(Escaped, RoundTripsBeforeAnythingAndKeepsOrder, (const Bytes& tail)) {
  const Bytes a = *strings();
  const Bytes b = *strings();
  Bytes encoded_a;
  Bytes encoded_b;
  put_escaped(encoded_a, a);
  put_escaped(encoded_b, b);
  RC_ASSERT((encoded_a + tail <=> encoded_b) == (a == b ? tail <=> Bytes() : a <=> b));
  const Bytes with_tail = encoded_a + tail;
  BytesView in = with_tail;
  RC_ASSERT((take_escaped(in) == a));
  RC_ASSERT(in == tail);
}

}  // namespace
}  // namespace latium::ordered
