#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "proto/catalog.pb.h"
#include "tests/relational/tables.h"

namespace latium {
namespace {

TEST(SchemaCodec, KeepsEverything) {
  TableSchema schema = instances_schema();
  schema = add_column(schema, {.name = "memory", .type = ValueType::integer, .default_value = 512}).value();
  schema = drop_index(add_index(schema, {.name = "i", .columns = {"load"}}).value(), "by_host").value();
  EXPECT_EQ(decode_schema(encode_schema(schema)), schema);
  TableDefinition child = instances();
  child.tenant_by = "";
  child.parent = "hosts";
  const TableSchema beside = make_schema(child, TableId{8}).value();
  EXPECT_EQ(decode_schema(encode_schema(beside)), beside);
}

RC_GTEST_PROP(SchemaCodecProperty, IsTheSameAfterEncodingAndDecoding, ()) {
  TableSchema schema = *any_schema();
  schema = add_column(schema, *any_column("added")).value();
  RC_ASSERT((decode_schema(encode_schema(schema)) == schema));
}

TEST(SchemaCodec, HasThePinnedBytes) {
  const TableDefinition table{.name = "t",
                              .columns = {{.name = "k", .type = ValueType::integer}, {.name = "v", .default_value = "x"}},
                              .primary_key = {"k"},
                              .indexes = {{.name = "i", .columns = {"v"}, .unique = true}}};
  EXPECT_EQ(to_hex(encode_schema(make_schema(table, TableId{3}).value())),
            "0803"
            "1001"
            "1a0174"
            "2207"
            "0801"
            "12016b"
            "1802"
            "220d"
            "0802"
            "120176"
            "1804"
            "2a04"
            "30780001"
            "2a0101"
            "320c"
            "0801"
            "120169"
            "1a0102"
            "2001"
            "2802"
            "5003"
            "5802");
}

TEST(SchemaCodec, RefusesWhatCannotBe) {
  const std::function<void(catalog::TableRecord&)> spoils[] = {
      [](auto& r) { r.set_id(0); },
      [](auto& r) { r.set_version(0); },
      [](auto& r) { r.set_name("no\nname"); },
      [](auto& r) { r.mutable_columns()->SwapElements(0, 1); },
      [](auto& r) { r.mutable_columns(1)->set_id(1); },
      [](auto& r) { r.mutable_columns(1)->set_type(catalog::TYPE_UNKNOWN); },
      [](auto& r) { r.mutable_columns(1)->set_type(static_cast<catalog::Type>(99)); },
      [](auto& r) { r.mutable_columns(2)->set_default_value("\x30x"); },
      [](auto& r) { r.mutable_columns(2)->set_default_value(std::string("\x30x\0\x01", 4)); },
      [](auto& r) { r.mutable_columns(2)->set_default_value("\x18\x18"); },
      [](auto& r) { r.mutable_columns(2)->set_absent_value("\x02"); },
      // An integer would do for a real, but is not the form in which one is held.
      [](auto& r) { r.mutable_columns(3)->set_absent_value("\x18"); },
      [](auto& r) { r.set_primary_key(0, 99); },
      [](auto& r) { r.clear_primary_key(); },
      [](auto& r) { r.mutable_indexes(1)->set_id(1); },
      [](auto& r) { r.mutable_indexes(1)->set_state(catalog::STATE_UNKNOWN); },
      [](auto& r) { r.mutable_indexes(1)->set_state(static_cast<catalog::State>(4)); },
      [](auto& r) { r.mutable_indexes(1)->set_columns(0, 0); },
      [](auto& r) { r.mutable_foreign_keys(0)->clear_referenced(); },
      [](auto& r) { r.set_tenant_by(99); },
      [](auto& r) { r.set_parent("p"); },
      [](auto& r) { r.set_next_column(6); },
      [](auto& r) { r.set_next_index(2); },
  };
  const Bytes good = encode_schema(instances_schema());
  for (std::size_t i = 0; i < std::size(spoils); ++i) {
    catalog::TableRecord record;
    ASSERT_TRUE(record.ParseFromString(good));
    spoils[i](record);
    const auto schema = decode_schema(record.SerializeAsString());
    ASSERT_FALSE(schema) << i;
    EXPECT_EQ(schema.error().code, ErrorCode::corruption) << i;
  }
  EXPECT_EQ(decode_schema("x").error().code, ErrorCode::corruption);
  EXPECT_EQ(decode_schema("").error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace latium
