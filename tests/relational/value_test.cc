#include "latium/value.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "tests/relational/values.h"

namespace latium {
namespace {

TEST(Value, KnowsItsType) {
  EXPECT_EQ(Value().type(), ValueType::null);
  EXPECT_EQ(Value(true).type(), ValueType::boolean);
  EXPECT_EQ(Value(7).type(), ValueType::integer);
  EXPECT_EQ(Value(7U).type(), ValueType::integer);
  EXPECT_EQ(Value(1.5F).type(), ValueType::real);
  EXPECT_EQ(Value("x").type(), ValueType::text);
  EXPECT_EQ(Value(std::string_view("x")).type(), ValueType::text);
  EXPECT_EQ(Value(Blob{"x"}).type(), ValueType::bytes);
  EXPECT_EQ(Value(Timestamp{1}).type(), ValueType::timestamp);
  EXPECT_EQ(Value(Uuid{}).type(), ValueType::uuid);
  EXPECT_EQ(Value(Json{"{}"}).type(), ValueType::json);
  static_assert(!std::is_convertible_v<int*, Value>, "a pointer is no boolean");
  static_assert(!std::is_convertible_v<std::uint64_t, Value>, "it may not fit");
}

TEST(Value, SortsByTypeThenByValue) {
  const std::vector<Value> ascending = {Value(),          Value(false),         Value(true),       Value(-1),
                                        Value(2),         Value(-INFINITY),     Value(1.0),        Value(NAN),
                                        Value(""),        Value("a"),           Value("\xC3\xA9"), Value(Blob{"a"}),
                                        Value(Blob{"b"}), Value(Timestamp{-1}), Value(Uuid{}),     Value(Json{"1"})};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j) << i << ' ' << j;
  }
  EXPECT_EQ(Value(0.0), Value(-0.0));
  EXPECT_NE(Value(1), Value(1.0));
}

TEST(Value, IsShownInMessages) {
  EXPECT_EQ(Value().to_string(), "null");
  EXPECT_EQ(Value(true).to_string(), "true");
  EXPECT_EQ(Value(-42).to_string(), "-42");
  EXPECT_EQ(Value(1.0).to_string(), "1.0");
  EXPECT_EQ(Value(0.1).to_string(), "0.1");
  EXPECT_EQ(Value("it's\n").to_string(), "'it''s\\x0a'");
  EXPECT_EQ(Value(Blob{"\x01\xFF"}).to_string(), "x'01ff'");
  EXPECT_EQ(Value(Json{"{}"}).to_string(), "json '{}'");
}

TEST(Value, CutsLongTextBetweenCharacters) {
  std::string euros;
  for (int i = 0; i < 40; ++i) euros += "\u20ac";
  std::string shown;
  for (int i = 0; i < 26; ++i) shown += "\u20ac";
  EXPECT_EQ(Value(euros).to_string(), "'" + shown + "...'");
}

TEST(Timestamp, IsShownInUtc) {
  EXPECT_EQ(Timestamp{0}.to_string(), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Timestamp{-1}.to_string(), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Timestamp{1'709'208'000'000'001}.to_string(), "2024-02-29T12:00:00.000001Z");
  EXPECT_EQ(Timestamp{253'402'300'799'999'999}.to_string(), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(Timestamp{253'402'300'800'000'000}.to_string(), "253402300800000000 us");
}

TEST(Uuid, TakesEitherForm) {
  const auto uuid = Uuid::parse("01234567-89AB-cdef-0123-456789abcdef");
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->to_string(), "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(Uuid::parse("0123456789abcdef0123456789abcdef"), uuid);
}

TEST(Uuid, RefusesWhatIsNone) {
  for (const char* text :
       {"", "x", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdeg", "01234567089ab-cdef-0123-456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde ", "01234567-89ab-cdef-01234-56789abcdef", "0123456789abcdef0123456789abcdef0123"}) {
    const auto uuid = Uuid::parse(text);
    ASSERT_FALSE(uuid) << text;
    EXPECT_EQ(uuid.error().code, ErrorCode::invalid_argument);
  }
}

RC_GTEST_PROP(UuidProperty, ParsesWhatItShows, ()) {
  const Uuid uuid = *any_uuid();
  RC_ASSERT((Uuid::parse(uuid.to_string()) == uuid));
}

}  // namespace
}  // namespace latium
