#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"

#include "tests/support/temp_directory.h"

namespace latium {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

constexpr const char* kTime = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z";

class LoggerTest : public testing::Test {
 protected:
  std::string path() const { return folder_ / "node.log"; }

  std::shared_ptr<Logger> open(Logger::Format format, Severity level = Severity::debug) const {
    auto logger = Logger::open({.level = level, .format = format, .file = path()});
    return logger ? *logger : nullptr;
  }

  std::vector<std::string> lines() const {
    std::ifstream in(path());
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  // The lines without their time, which is checked.
  std::vector<std::string> text_lines() const {
    std::vector<std::string> out;
    for (const std::string& line : lines()) {
      EXPECT_THAT(line, MatchesRegex(std::string(kTime) + " .*"));
      out.push_back(line.substr(line.find(' ') + 1));
    }
    return out;
  }

  TempDirectory folder_;
};

TEST_F(LoggerTest, TextLine) {
  const auto logger = open(Logger::Format::text);
  ASSERT_NE(logger, nullptr);
  logger->log(Severity::debug, "tick", {});
  logger->log(Severity::info, "node_started", {{"site", "rennes"}, {"port", "7400"}});
  logger->log(Severity::warn, "disk_slow", {{"what", "fsync took long"}});
  logger->log(Severity::error, "stopped", {});
  EXPECT_THAT(text_lines(), ElementsAre("DEBUG tick", "INFO node_started site=rennes port=7400",
                                        "WARN disk_slow what=\"fsync took long\"", "ERROR stopped"));
}

TEST_F(LoggerTest, TextValueCannotPassForFieldsOrLines) {
  const auto logger = open(Logger::Format::text);
  ASSERT_NE(logger, nullptr);
  logger->log(Severity::info, "odd",
              {{"empty", ""},
               {"line", "a\nERROR b"},
               {"field", "x=y"},
               {"quote", "say \"x\""},
               {"escape", "\x1B[1m"},
               {"utf8", "Liège"}});
  logger->log(Severity::info, "bytes", {{"key", "\xFF"}});
  EXPECT_THAT(text_lines(), ElementsAre("INFO odd empty=\"\" line=\"a\\nERROR b\" field=\"x=y\" quote=\"say \\\"x\\\"\" "
                                        "escape=\"\\u001b[1m\" utf8=Liège",
                                        "INFO bytes key=\"\xEF\xBF\xBD\""));
}

TEST_F(LoggerTest, PercentSignsAreNoPatterns) {
  const auto logger = open(Logger::Format::text);
  ASSERT_NE(logger, nullptr);
  logger->log(Severity::info, "disk", {{"used", "90%v{}"}});
  EXPECT_THAT(text_lines(), ElementsAre("INFO disk used=90%v{}"));
}

TEST_F(LoggerTest, JsonLine) {
  const auto logger = open(Logger::Format::json);
  ASSERT_NE(logger, nullptr);
  logger->log(Severity::warn, "node_started", {{"site", "a \"b\"\n"}, {"key", "\xFF"}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1U);
  EXPECT_TRUE(written[0].starts_with("{\"ts\":\"")) << written[0];
  const auto json = nlohmann::ordered_json::parse(written[0]);
  EXPECT_THAT(json["ts"].get<std::string>(), MatchesRegex(kTime));
  EXPECT_EQ(json["level"], "warn");
  EXPECT_EQ(json["event"], "node_started");
  EXPECT_EQ(json["site"], "a \"b\"\n");
  EXPECT_EQ(json["key"], "\xEF\xBF\xBD");
  EXPECT_EQ(json.size(), 5U);
}

TEST_F(LoggerTest, JsonFieldsCannotPassForTheTimeTheLevelOrTheEvent) {
  const auto logger = open(Logger::Format::json);
  ASSERT_NE(logger, nullptr);
  logger->log(Severity::info, "real", {{"event", "forged"}, {"level", "error"}, {"ts", "forged"}});
  const auto json = nlohmann::json::parse(lines().at(0));
  EXPECT_THAT(json["ts"].get<std::string>(), MatchesRegex(kTime));
  EXPECT_EQ(json["event"], "real");
  EXPECT_EQ(json["level"], "info");
}

TEST_F(LoggerTest, LevelIsTheLeastThatIsWritten) {
  const auto logger = open(Logger::Format::text, Severity::warn);
  ASSERT_NE(logger, nullptr);
  EXPECT_FALSE(logger->enabled(Severity::info));
  EXPECT_TRUE(logger->enabled(Severity::warn));
  logger->log(Severity::info, "quiet", {});
  logger->log(Severity::warn, "loud", {});
  EXPECT_THAT(text_lines(), ElementsAre("WARN loud"));
}

TEST_F(LoggerTest, LinesAreAppendedAndThereAtOnce) {
  open(Logger::Format::text)->log(Severity::info, "first", {});
  const auto logger = open(Logger::Format::text);
  logger->log(Severity::info, "second", {});
  EXPECT_THAT(text_lines(), ElementsAre("INFO first", "INFO second"));
}

TEST_F(LoggerTest, ThreadsWriteWholeLines) {
  const auto logger = open(Logger::Format::text);
  ASSERT_NE(logger, nullptr);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) logger->log(Severity::info, "work", {{"value", "abc"}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto written = text_lines();
  EXPECT_EQ(written.size(), 800U);
  EXPECT_THAT(written, testing::Each("INFO work value=abc"));
}

TEST_F(LoggerTest, FileThatCannotBeOpenedIsAnError) {
  const auto logger = Logger::open({.file = folder_.path()});
  ASSERT_FALSE(logger);
  EXPECT_EQ(logger.error().code, ErrorCode::io_error);
  EXPECT_NE(logger.error().message.find(folder_.path()), std::string::npos);
}

TEST(LoggerToStderr, IsTheDefault) {
  testing::internal::CaptureStderr();
  const auto logger = Logger::open({});
  ASSERT_TRUE(logger);
  (*logger)->log(Severity::info, "hello", {});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), MatchesRegex(std::string(kTime) + " INFO hello\n"));
}

TEST(NullLogger, WritesNothing) {
  const auto logger = Logger::null();
  testing::internal::CaptureStderr();
  logger->log(Severity::error, "unheard", {});
  EXPECT_FALSE(logger->enabled(Severity::error));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace latium
