#include "node/cli/import_line.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "latium/bucket.h"

namespace latium::cli {
namespace {

std::string reason(std::string_view line) {
  const auto parsed = parse_import_line(line);
  if (parsed) return "it was taken";
  EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  return parsed.error().message;
}

TEST(ImportLine, TakesTextAndBase64) {
  EXPECT_EQ(*parse_import_line(R"({"key":"k","value":"v"})"), (ImportLine{"k", "v"}));
  EXPECT_EQ(*parse_import_line("  {\"key\":\"k\",\"value\":\"\",\"more\":[1,{}]}\r"), (ImportLine{"k", ""}));
  EXPECT_EQ(*parse_import_line(R"({"key":"k","value":"AP8=","encoding":"base64"})"), (ImportLine{"k", std::string("\0\xff", 2)}));
  EXPECT_EQ(*parse_import_line(R"({"key":"/w==","value":"v","key_encoding":"base64","encoding":"text"})"),
            (ImportLine{"\xff", "v"}));
  EXPECT_EQ(*parse_import_line(R"({"key":"\u00e9","value":"\u0000"})"), (ImportLine{"\u00e9", std::string(1, '\0')}));
}

TEST(ImportLine, PassesOverBlankLines) {
  for (const char* blank : {"", " ", "\t\r"}) {
    const auto parsed = parse_import_line(blank);
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(*parsed);
  }
}

TEST(ImportLine, SaysWhatIsWrong) {
  EXPECT_EQ(reason("not json"), "not valid JSON at byte 2");
  EXPECT_EQ(reason(R"({"key":"k","value":)"), "not valid JSON: it ends too early");
  EXPECT_EQ(reason(R"({"key":"k","value":"v"} x)"), "not valid JSON at byte 25");
  EXPECT_EQ(reason("{\"key\":\"\xff\",\"value\":\"v\"}"), "not valid UTF-8: write bytes as base64");
  EXPECT_EQ(reason(R"({"key":"\ud800","value":"v"})").substr(0, 14), "not valid JSON");
  EXPECT_EQ(reason(R"({"key":"k","value":"v","n":1e999})").substr(0, 14), "not valid JSON");
  EXPECT_EQ(reason("[1]"), "not a JSON object but of type array");
  EXPECT_EQ(reason(R"({"value":"v"})"), "field \"key\" is missing");
  EXPECT_EQ(reason(R"({"key":"k"})"), "field \"value\" is missing");
  EXPECT_EQ(reason(R"({"key":"k","value":{"a":1}})"), "field \"value\" is of type object and must be a string");
  EXPECT_EQ(reason(R"({"key":7,"value":"v"})"), "field \"key\" is of type number and must be a string");
  EXPECT_EQ(reason(R"({"key":"k","value":"v","encoding":"hex"})"), "\"encoding\" is 'hex' and must be text or base64");
  EXPECT_EQ(reason(R"({"key":"k","value":"v","encoding":1})"), "field \"encoding\" is of type number and must be a string");
  EXPECT_EQ(reason(R"({"key":"k","value":"!","encoding":"base64"})"), "field \"value\" is not valid base64");
  EXPECT_EQ(reason(R"({"key":"!","value":"v","key_encoding":"base64"})"), "field \"key\" is not valid base64");
  EXPECT_EQ(reason(R"({"key":"","value":"v"})"), "the key is empty: keys are 1 byte to 64 KiB");
}

TEST(ImportLine, HoldsTheBoundsOfKeysAndValues) {
  const auto line = [](std::size_t key, std::size_t value) {
    return R"({"key":")" + std::string(key, 'k') + R"(","value":")" + std::string(value, 'v') + "\"}";
  };
  EXPECT_TRUE(parse_import_line(line(kMaxKeyBytes, 1)));
  EXPECT_NE(reason(line(kMaxKeyBytes + 1, 1)).find("64 KiB"), std::string::npos);
  EXPECT_TRUE(parse_import_line(line(1, kMaxValueBytes)));
  EXPECT_NE(reason(line(1, kMaxValueBytes + 1)).find("16 MiB"), std::string::npos);
}

TEST(ImportLine, DeepNestingIsNoProblem) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(parse_import_line(R"({"key":"k","value":"v","x":)" + deep + "}"));
}

TEST(ImportLine, FormatsTextAsTextAndBytesAsBase64) {
  EXPECT_EQ(format_import_line("k\n", "v\u00e9"), "{\"key\":\"k\\n\",\"value\":\"v\u00e9\"}\n");
  EXPECT_EQ(format_import_line("k", "\xff"), "{\"key\":\"k\",\"value\":\"/w==\",\"encoding\":\"base64\"}\n");
  EXPECT_EQ(format_import_line("\xff", "v"), "{\"key\":\"/w==\",\"key_encoding\":\"base64\",\"value\":\"v\"}\n");
}

RC_GTEST_PROP(ImportLine, TakesBackWhatItFormats, (std::string key, std::string value)) {
  RC_PRE(!key.empty());
  const auto parsed = parse_import_line(format_import_line(key, value));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == (ImportLine{key, value}));
}

RC_GTEST_PROP(ImportLine, NeverStopsOnAnyBytes, (std::string bytes)) {
  const auto parsed = parse_import_line(bytes);
  RC_ASSERT(parsed || parsed.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace latium::cli
