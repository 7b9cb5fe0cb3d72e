// Bytes that rot on the disk: always an error, never a wrong answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "tests/store/engine_kit.h"

namespace latium::testing {
namespace {

constexpr int kKeys = 400;

Bytes key_of(int i) {
  return "key/" + std::to_string(1000 + i);
}
Bytes value_of(int i) {
  Random random(static_cast<std::uint64_t>(i));
  Bytes value;
  for (int n = 0; n < 25; ++n) put_u64(value, random.next());
  return value;
}

class RocksDamage : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = open();
    ASSERT_TRUE(engine.has_value());
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_EQ(outcome((*engine)->write(put_batch(key_of(i), value_of(i)), Durability::buffered)), "ok");
    }
    ASSERT_EQ(outcome((*engine)->close()), "ok");
  }

  Result<std::unique_ptr<Engine>> open() {
    RocksOptions options = small_rocks_options(directory_ / "db", completions_.executor());
    options.write_buffer_bytes = std::size_t{1} << 20;  // everything stays in the log until the next start
    options.events = &events_;
    return open_rocks_engine(options);
  }

  /// The largest file of this kind.
  std::string largest(std::string_view extension) {
    std::string found;
    std::uintmax_t size = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_ / "db")) {
      if (file.path().extension() == extension && file.file_size() > size) {
        found = file.path();
        size = file.file_size();
      }
    }
    EXPECT_FALSE(found.empty());
    return found;
  }

  static void flip_byte(const std::string& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
    ASSERT_TRUE(file.good());
  }

  TempDirectory directory_;
  Completions completions_;
  RecordedEvents events_;
};

TEST_F(RocksDamage, AFlippedByteInATableIsFoundWhereverItIs) {
  ASSERT_TRUE(open().has_value());  // the log becomes a table
  const std::string table = largest(".sst");
  const std::uint64_t size = std::filesystem::file_size(table);
  std::size_t errors = 0;
  for (std::uint64_t offset = 3; offset < size; offset += size / 23) {
    SCOPED_TRACE("offset " + std::to_string(offset));
    flip_byte(table, offset);
    const auto engine = open();
    if (!engine) {
      EXPECT_EQ(code_of(engine), "corruption") << message_of(engine);
      ++errors;
    } else {
      for (int i = 0; i < kKeys; ++i) {
        const auto result = (*engine)->get(Family::data, key_of(i), ReadMode::may_block);
        if (result) {
          EXPECT_EQ(read_text(result), value_of(i));
          continue;
        }
        ++errors;
        EXPECT_EQ(code_of(result), "corruption");
        EXPECT_NE(message_of(result).find(".sst"), std::string::npos) << message_of(result);
        EXPECT_NE(message_of(result).find(key_of(i)), std::string::npos) << message_of(result);
      }
    }
    flip_byte(table, offset);
  }
  EXPECT_GE(errors, 20u);
  EXPECT_TRUE(events_.seen("store_corruption"));
}

TEST_F(RocksDamage, AScanStopsAtDamage) {
  ASSERT_TRUE(open().has_value());
  const std::string table = largest(".sst");
  flip_byte(table, std::filesystem::file_size(table) / 2);
  const auto engine = open();
  ASSERT_TRUE(engine.has_value());
  auto cursor = (*engine)->scan(Family::data, {});
  ASSERT_TRUE(cursor.has_value());
  int seen = 0;
  for (; (*cursor)->valid(); (*cursor)->next()) {
    EXPECT_EQ((*cursor)->key(), key_of(seen));
    EXPECT_EQ((*cursor)->value(), value_of(seen));
    ++seen;
  }
  EXPECT_LT(seen, kKeys);
  EXPECT_EQ(code_of((*cursor)->status()), "corruption");
  EXPECT_NE(message_of((*cursor)->status()).find(".sst"), std::string::npos) << message_of((*cursor)->status());
}

TEST_F(RocksDamage, AFlippedByteInTheLogRefusesTheStart) {
  const std::string log = largest(".log");
  const std::uint64_t size = std::filesystem::file_size(log);
  for (std::uint64_t offset = 5; offset < size - 1000; offset += size / 11) {
    SCOPED_TRACE("offset " + std::to_string(offset));
    flip_byte(log, offset);
    EXPECT_EQ(code_of(open()), "corruption");
    flip_byte(log, offset);
  }
  auto engine = open();
  ASSERT_TRUE(engine.has_value()) << message_of(engine);
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(get_text(**engine, key_of(i)), value_of(i));
}

TEST_F(RocksDamage, ALogThatIsCutShortIsReadUpToTheCut) {
  const std::string log = largest(".log");
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 10);
  auto engine = open();
  ASSERT_TRUE(engine.has_value()) << message_of(engine);
  for (int i = 0; i < kKeys - 1; ++i) EXPECT_EQ(get_text(**engine, key_of(i)), value_of(i));
  EXPECT_EQ(get_text(**engine, key_of(kKeys - 1)), "(absent)");
}

TEST_F(RocksDamage, AMissingTableRefusesTheStartOrTheRead) {
  ASSERT_TRUE(open().has_value());
  std::filesystem::remove(largest(".sst"));
  auto engine = open();
  if (!engine) {
    EXPECT_TRUE(code_of(engine) == "corruption" || code_of(engine) == "io_error") << message_of(engine);
    return;
  }
  EXPECT_FALSE((*engine)->get(Family::data, key_of(0), ReadMode::may_block).has_value());
}

}  // namespace
}  // namespace latium::testing
