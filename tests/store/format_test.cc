#include "store/format.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/store/engine_kit.h"

namespace latium::testing {
namespace {

TEST(Format, TheRecordIsTwelveBytesForEver) {
  Bytes expected("LTMF\x01\0\0\0", 8);
  put_u32(expected, crc32c(expected));
  EXPECT_EQ(encode_format(1), expected);
  EXPECT_EQ(to_hex(encode_format(1)).substr(0, 16), "4c544d4601000000");
}

TEST(Format, ReadsWhatItWrites) {
  for (const std::uint32_t version : {0u, 1u, 2u, 0xFFFFFFFFu}) {
    const auto decoded = decode_format(encode_format(version));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, version);
  }
  EXPECT_EQ(*decode_format(encode_format(7) + "what newer software adds"), 7u);
}

TEST(Format, EveryFlippedBitAndEveryCutIsCorruption) {
  const Bytes record = encode_format(1);
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    Bytes damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(code_of(decode_format(damaged)), "corruption") << bit;
  }
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_EQ(code_of(decode_format(record.substr(0, size))), "corruption");
}

class FormatOfDirectory : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Engine>> open() {
    return open_rocks_engine(small_rocks_options(directory_ / "db", completions_.executor()));
  }
  void write(WriteBatch batch) {
    auto engine = open();
    ASSERT_TRUE(engine.has_value()) << message_of(engine);
    ASSERT_EQ(outcome((*engine)->write(std::move(batch), Durability::sync)), "ok");
  }

  TempDirectory directory_;
  Completions completions_;
};

TEST_F(FormatOfDirectory, IsMarkedAtTheFirstStart) {
  auto engine = open();
  ASSERT_TRUE(engine.has_value());
  EXPECT_EQ(get_text(**engine, kFormatKey, Family::system), encode_format(kFormatVersion));
}

TEST_F(FormatOfDirectory, ANewerOneIsRefusedNamingBoth) {
  write(put_batch(kFormatKey, encode_format(kFormatVersion + 41), Family::system));
  const auto engine = open();
  EXPECT_EQ(code_of(engine), "incompatible_format");
  EXPECT_NE(message_of(engine).find("42"), std::string::npos) << message_of(engine);
  EXPECT_NE(message_of(engine).find("up to 1"), std::string::npos) << message_of(engine);
}

TEST_F(FormatOfDirectory, DataWithoutAMarkIsCorruption) {
  WriteBatch batch = put_batch("a", "1");
  batch.remove(Family::system, kFormatKey);
  write(std::move(batch));
  EXPECT_EQ(code_of(open()), "corruption");
}

TEST_F(FormatOfDirectory, AnEmptyDirectoryWithoutAMarkIsMarked) {
  write(remove_batch(kFormatKey, Family::system));  // as after a crash in the middle of the first start
  auto engine = open();
  ASSERT_TRUE(engine.has_value()) << message_of(engine);
  EXPECT_EQ(get_text(**engine, kFormatKey, Family::system), encode_format(kFormatVersion));
}

TEST_F(FormatOfDirectory, ADamagedMarkIsCorruption) {
  write(put_batch(kFormatKey, "LTMF, or so", Family::system));
  EXPECT_EQ(code_of(open()), "corruption");
}

}  // namespace
}  // namespace latium::testing
