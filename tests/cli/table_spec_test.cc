// How columns and indexes are written.
#include "node/cli/table_spec.h"

#include <gtest/gtest.h>

namespace latium::cli {
namespace {

TEST(TableSpecTest, AColumnIsANameATypeAndWords) {
  const auto id = parse_column("id:integer:primary:auto");
  ASSERT_TRUE(id.has_value()) << id.error().message;
  EXPECT_TRUE(id->primary);
  EXPECT_EQ(id->column, (Column{.name = "id", .type = ValueType::integer, .auto_increment = true}));
  const auto host = parse_column("host:text:null:nocase:default=a:b=c");
  ASSERT_TRUE(host.has_value());
  EXPECT_FALSE(host->primary);
  EXPECT_EQ(host->column,
            (Column{.name = "host", .type = ValueType::text, .nullable = true, .default_value = "a:b=c", .nocase = true}));
}

TEST(TableSpecTest, ADefaultIsOfTheColumnsType) {
  const auto value = [](const std::string& text) { return parse_column("c:" + text).value().column.default_value; };
  EXPECT_EQ(value("boolean:default=true"), Value(true));
  EXPECT_EQ(value("integer:default=-3"), Value(-3));
  EXPECT_EQ(value("real:default=2.5"), Value(2.5));
  EXPECT_EQ(value("text:default="), Value(""));
  EXPECT_EQ(value("bytes:default=0aFF"), Value(Blob{"\x0a\xff"}));
  EXPECT_EQ(value("timestamp:default=7"), Value(Timestamp{7}));
  EXPECT_EQ(value("json:default={\"a\":1}"), Value(Json{"{\"a\":1}"}));
  EXPECT_EQ(value("uuid:default=00000000-0000-0000-0000-00000000002a").type(), ValueType::uuid);
}

TEST(TableSpecTest, WhatIsWrongIsNamed) {
  const auto said = [](const char* text) {
    const auto column = parse_column(text);
    return column ? "" : column.error().message;
  };
  EXPECT_NE(said("id").find("give NAME:TYPE"), std::string::npos) << said("id");
  EXPECT_NE(said(":integer").find("give NAME:TYPE"), std::string::npos);
  EXPECT_NE(said("id:int").find("there is no type 'int'"), std::string::npos) << said("id:int");
  EXPECT_NE(said("id:integer:key").find("'key' is none of primary"), std::string::npos) << said("id:integer:key");
  for (const char* text :
       {"c:integer:default=x", "c:integer:default=1x", "c:integer:default=", "c:boolean:default=1", "c:real:default=nan",
        "c:bytes:default=abc", "c:bytes:default=zz", "c:uuid:default=1", "c:timestamp:default=now"}) {
    EXPECT_NE(said(text).find("is not of type"), std::string::npos) << text << ": " << said(text);
  }
}

TEST(TableSpecTest, AnIndexIsNamedAfterItsColumnsUnlessItHasAName) {
  EXPECT_EQ(parse_index("host", false).value(), (Index{.name = "by_host", .columns = {"host"}}));
  EXPECT_EQ(parse_index("a,b", true).value(), (Index{.name = "unique_a_b", .columns = {"a", "b"}, .unique = true}));
  EXPECT_EQ(parse_index("i=a,b", false).value(), (Index{.name = "i", .columns = {"a", "b"}}));
  EXPECT_FALSE(parse_index("", false).has_value());
  EXPECT_FALSE(parse_index("i=", false).has_value());
}

TEST(TableSpecTest, AForeignKeyHasColumnsOnBothSides) {
  EXPECT_EQ(parse_foreign_key("a,b:t:x,y").value(), (ForeignKey{.columns = {"a", "b"}, .table = "t", .referenced = {"x", "y"}}));
  for (const char* text : {"", "a", "a:t", "a:t:", "a::x"}) EXPECT_FALSE(parse_foreign_key(text).has_value()) << text;
}

}  // namespace
}  // namespace latium::cli
