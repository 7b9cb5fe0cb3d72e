#include "node/cli/acked_log.h"

#include <gtest/gtest.h>

#include "node/cli/atomic_file.h"
#include "node/cli/bench_data.h"
#include "tests/support/temp_directory.h"

namespace latium::cli {
namespace {

TEST(AckedLog, KeepsTheLastOfEachKeyOverRuns) {
  const TempDirectory directory;
  const std::string path = directory / "acked";
  for (const std::uint64_t base : {10, 20}) {
    auto log = AckedLog::open(path);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->add("a", base + 1));
    ASSERT_TRUE(log->add("b", base + 5));
    ASSERT_TRUE(log->add("a", base));
  }
  const auto parsed = parse_acked_log(*read_file(path));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (std::map<Bytes, std::uint64_t>{{"a", 21}, {"b", 25}}));
}

TEST(AckedLog, ACutLastLineIsLeftOut) {
  EXPECT_EQ(parse_acked_log("a 12\nb 3")->size(), 1u);
  EXPECT_EQ(parse_acked_log("")->size(), 0u);
}

TEST(AckedLog, OtherTextsAreRefusedByLine) {
  for (const char* text : {"a 1\nb\n", "a 1\n 2\n", "a 1\nb x\n", "a 1\nb 1 \n", "a 1\n\n"}) {
    const auto parsed = parse_acked_log(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find("line 2"), std::string::npos);
  }
}

TEST(AckedLog, NamesThePathThatCannotBeWritten) {
  const auto log = AckedLog::open("/nonexistent/log");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::io_error);
  EXPECT_NE(log.error().message.find("/nonexistent/log"), std::string::npos);
}

TEST(BenchData, ValuesCarryTheirSequence) {
  BenchData data(20, 1, 1000);
  const std::uint64_t first = data.next_sequence();
  const std::uint64_t second = data.next_sequence();
  EXPECT_GT(second, first);
  EXPECT_EQ(data.value(second).size(), 20u);
  EXPECT_EQ(BenchData::sequence_of(data.value(second)), second);
  EXPECT_GT(BenchData(20, 1, 1001).next_sequence(), second);
}

TEST(BenchData, ShortValuesCarryNone) {
  BenchData data(15, 1, 1000);
  EXPECT_EQ(data.value(1).size(), 15u);
  EXPECT_FALSE(BenchData::sequence_of(data.value(1)));
  EXPECT_TRUE(BenchData(0, 1, 1).value(1).empty());
  EXPECT_FALSE(BenchData::sequence_of("not hexadecimal!"));
}

TEST(BenchData, KeysAreOrderedAndEqualInLength) {
  EXPECT_EQ(BenchData::key(7), "key0000000007");
  EXPECT_LT(BenchData::key(99), BenchData::key(100));
}

}  // namespace
}  // namespace latium::cli
