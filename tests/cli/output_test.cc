#include "node/cli/output.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/utf8.h"
#include "proto/client.pb.h"

namespace latium::cli {
namespace {

TEST(Output, KeysAndValuesAreTextWhereTheyCanBe) {
  Json json = Json::object();
  add_key(json, "k", Encoding::text);
  add_values(json, {"a", "\u00e9"}, Encoding::text);
  EXPECT_EQ(json_line(json), "{\"key\":\"k\",\"values\":[\"a\",\"\u00e9\"]}\n");
}

TEST(Output, OneValueOfBytesMakesAllBase64) {
  Json json = Json::object();
  add_key(json, "k", Encoding::text);
  add_values(json, {"a", "\xff"}, Encoding::text);
  EXPECT_EQ(json_line(json), "{\"key\":\"k\",\"values\":[\"YQ==\",\"/w==\"],\"encoding\":\"base64\"}\n");
}

TEST(Output, Base64WhenAskedFor) {
  Json json = Json::object();
  add_key(json, "k", Encoding::base64);
  add_values(json, {"a"}, Encoding::base64);
  EXPECT_EQ(json_line(json), "{\"key\":\"aw==\",\"key_encoding\":\"base64\",\"values\":[\"YQ==\"],\"encoding\":\"base64\"}\n");
}

TEST(Output, StatusHasTheFieldsThatScriptsRelyOn) {
  client::StatusResponse status;
  status.set_node_id(0xab);
  status.set_hints_count(3);
  status.set_members_suspect(2);
  status.add_not_up()->set_liveness("suspect");
  const Json json = to_json(status);
  EXPECT_EQ(json["node"], "00000000000000ab");
  EXPECT_EQ(json["hints"]["count"], 3);
  EXPECT_EQ(json["members"]["suspect"], 2);
  EXPECT_EQ(json["members"]["not_up"][0]["liveness"], "suspect");
  for (const char* name :
       {"site",     "state",        "epoch",       "uptime_ms", "tenants", "keys",       "cluster",      "rack",
        "role",     "state_reason", "incarnation", "version",   "listen",  "disk_bytes", "memory_bytes", "block_cache_bytes",
        "requests", "connections",  "members",     "work"}) {
    EXPECT_TRUE(json.contains(name)) << name;
  }
}

TEST(Output, ErrorsHaveCodeAndCertainty) {
  EXPECT_EQ(json_line(to_json(Error(ErrorCode::unavailable, Certainty::unknown, "gone\nfar"))),
            R"({"error":"gone\\x0afar","code":"unavailable","certainty":"unknown"})"
            "\n");
}

TEST(Output, TerminalsAreNotTricked) {
  EXPECT_EQ(for_terminal("a\tb\n\u00e9"), "a\tb\n\u00e9");
  EXPECT_EQ(for_terminal("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(for_one_line("a\nb"), "a\\x0ab");
  EXPECT_EQ(for_one_line("\xff"), "\\xff");
}

TEST(Output, TablesAreAlignedByCharacters) {
  std::ostringstream out;
  print_table(out, {{"NAME", "X"}, {"\u00e9\u00e9", "1"}});
  EXPECT_EQ(out.str(), "NAME  X\n\u00e9\u00e9    1\n");
  std::ostringstream fields;
  print_fields(fields, {{"a", "1"}, {"empty", ""}, {"long", "2"}});
  EXPECT_EQ(fields.str(), "a     1\nlong  2\n");
}

RC_GTEST_PROP(Output, IsAlwaysUtf8InOneLine, (std::string key, std::string value, std::string message)) {
  Json json = Json::object();
  add_key(json, key, Encoding::text);
  add_values(json, {value}, Encoding::text);
  for (const std::string& line : {json_line(json), json_line(to_json(Error(ErrorCode::internal, message)))}) {
    RC_ASSERT(is_utf8(line));
    RC_ASSERT(line.find('\n') == line.size() - 1);
  }
}

}  // namespace
}  // namespace latium::cli
