#include "node/cli/sql_output.h"

#include <gtest/gtest.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <sstream>

namespace latium::cli {
namespace {

client::SqlPage page() {
  client::SqlPage out;
  for (const char* column : {"id", "name", "share", "data"}) out.add_columns(column);
  client::SqlRow& first = *out.add_rows();
  first.add_values()->set_integer(-7);
  first.add_values()->set_text("say \"hi\",\nthen go");
  first.add_values()->set_real(std::bit_cast<std::uint64_t>(2.0));
  first.add_values()->set_blob(std::string("\x00\xff", 2));
  client::SqlRow& second = *out.add_rows();
  for (int i = 0; i < 4; ++i) second.add_values();
  out.set_changes(0);
  out.mutable_stats()->set_batches(3);
  return out;
}

std::string printed(SqlMode mode, const client::SqlPage& what) {
  std::ostringstream out;
  const auto printer = make_sql_printer(mode, out);
  printer->page(what);
  printer->finish();
  return out.str();
}

TEST(SqlOutputTest, Csv) {
  EXPECT_EQ(printed(SqlMode::csv, page()), "id,name,share,data\r\n-7,\"say \"\"hi\"\",\nthen go\",2.0,X'00FF'\r\n,,,\r\n");
}

TEST(SqlOutputTest, Table) {
  EXPECT_EQ(printed(SqlMode::table, page()),
            "id    name                  share  data\n"
            "--    ----                  -----  ----\n"
            "-7    say \"hi\",\\x0athen go  2.0    X'00FF'\n"
            "NULL  NULL                  NULL   NULL\n");
}

TEST(SqlOutputTest, Line) {
  EXPECT_EQ(printed(SqlMode::line, page()),
            "   id = -7\n name = say \"hi\",\nthen go\nshare = 2.0\n data = X'00FF'\n\n   id = \n name = \nshare = \n data = \n");
}

TEST(SqlOutputTest, Json) {
  const auto json = nlohmann::json::parse(printed(SqlMode::json, page()));
  EXPECT_EQ(json["columns"], (nlohmann::json{"id", "name", "share", "data"}));
  EXPECT_EQ(json["rows"][0][0], -7);
  EXPECT_EQ(json["rows"][0][2], 2.0);
  EXPECT_EQ(json["rows"][0][3]["base64"], "AP8=");
  EXPECT_TRUE(json["rows"][1][1].is_null());
  EXPECT_EQ(json["stats"]["batches"], 3);
  EXPECT_EQ(json["changes"], 0);
}

TEST(SqlOutputTest, AStatementWithoutColumnsPrintsNothingButJson) {
  EXPECT_EQ(printed(SqlMode::table, client::SqlPage()), "");
  EXPECT_EQ(printed(SqlMode::csv, client::SqlPage()), "");
  EXPECT_EQ(nlohmann::json::parse(printed(SqlMode::json, client::SqlPage()))["rows"], nlohmann::json::array());
}

TEST(SqlOutputTest, ModesByName) {
  for (const SqlMode mode : {SqlMode::table, SqlMode::csv, SqlMode::json, SqlMode::line}) {
    EXPECT_EQ(parse_sql_mode(to_string(mode)).value(), mode);
  }
  EXPECT_FALSE(parse_sql_mode("xml"));
}

}  // namespace
}  // namespace latium::cli
