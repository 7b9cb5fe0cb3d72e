#include "base/units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace latium {
namespace {

using std::chrono::milliseconds;

TEST(ParseDuration, TakesWhatPeopleWrite) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("10s"), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("2d"), milliseconds(172'800'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds::max());
}

TEST(ParseDuration, RefusesTheRestAndSaysWhatToWrite) {
  for (const char* bad : {"", "10", "s", "10 s", " 10s", "10s ", "-1s", "+1s", "1.5s", "10S", "10sec", "10us", "30m1h", "1s1s",
                          "1h30", "9223372036854775808ms", "106751991168d", "99999999999999999999s", "9223372036854775807ms1s"}) {
    const auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(parsed.error().message.find("such as 10s"), std::string::npos);
  }
}

TEST(ParseDuration, RefusesASumOverTheLimit) {
  EXPECT_TRUE(parse_duration("106751991167d7h12m55s807ms"));
  EXPECT_FALSE(parse_duration("106751991167d7h12m55s808ms"));
}

TEST(FormatDuration, IsExact) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(format_duration(milliseconds(172'800'001)), "2d1ms");
  EXPECT_EQ(format_duration(milliseconds(-1500)), "-1s500ms");
  EXPECT_EQ(format_duration(milliseconds::min()), "-106751991167d7h12m55s808ms");
}

RC_GTEST_PROP(FormatDuration, IsTakenBack, ()) {
  const auto count = *rc::gen::oneOf(rc::gen::nonNegative<std::int64_t>(), rc::gen::inRange<std::int64_t>(0, 200'000'000));
  RC_ASSERT((parse_duration(format_duration(milliseconds(count))) == milliseconds(count)));
}

TEST(ParseSize, TakesWhatPeopleWrite) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("100"), 100U);
  EXPECT_EQ(parse_size("100B"), 100U);
  EXPECT_EQ(parse_size("512KiB"), 524'288U);
  EXPECT_EQ(parse_size("64MiB"), 67'108'864U);
  EXPECT_EQ(parse_size("1GiB"), 1'073'741'824U);
  EXPECT_EQ(parse_size("2TiB"), 2'199'023'255'552U);
  EXPECT_EQ(parse_size("1PiB"), 1'125'899'906'842'624U);
  EXPECT_EQ(parse_size("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST(ParseSize, RefusesTheRestAndSaysWhatToWrite) {
  for (const char* bad :
       {"", "MiB", "64 MiB", "64MB", "64M", "64mib", "-1", "1.5GiB", "1GiB1MiB", "18446744073709551616", "16384PiB", "64MiB "}) {
    const auto parsed = parse_size(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(parsed.error().message.find("such as 64MiB"), std::string::npos);
  }
}

TEST(FormatSize, TakesTheLargestUnitReached) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1023), "1023B");
  EXPECT_EQ(format_size(1024), "1KiB");
  EXPECT_EQ(format_size(1536), "1.5KiB");
  EXPECT_EQ(format_size(64ULL << 20), "64MiB");
  EXPECT_EQ(format_size((1ULL << 30) - 1), "1023.9MiB");
  EXPECT_EQ(format_size(std::numeric_limits<std::uint64_t>::max()), "16383.9PiB");
}

}  // namespace
}  // namespace latium
