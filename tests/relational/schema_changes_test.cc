#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/relational/tables.h"

namespace latium {
namespace {

void expect_error(const Result<TableSchema>& schema, ErrorCode code, std::string_view message) {
  ASSERT_FALSE(schema) << message;
  EXPECT_EQ(schema.error().code, code);
  EXPECT_EQ(schema.error().message, message);
}

TEST(SchemaChange, AddsAColumnThatOldRowsHaveAValueFor) {
  const TableSchema before = instances_schema();
  const auto after = add_column(before, {.name = "memory", .type = ValueType::real, .default_value = 512});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->version, 2U);
  EXPECT_EQ(after->columns.back().id, ColumnId{7});
  EXPECT_EQ(after->columns.back().default_value, Value(512.0));
  EXPECT_EQ(after->columns.back().absent_value, Value(512.0));
  EXPECT_TRUE(add_column(before, {.name = "memory", .nullable = true}));
}

TEST(SchemaChange, RefusesAColumnThatOldRowsHaveNoValueFor) {
  const TableSchema schema = instances_schema();
  expect_error(add_column(schema, {.name = "memory"}), ErrorCode::invalid_argument,
               "table 'instances': column 'memory' must be nullable or have a default: rows that are there have no value for it");
  expect_error(add_column(schema, {.name = "n", .type = ValueType::integer, .auto_increment = true}), ErrorCode::invalid_argument,
               "table 'instances': column 'n' is auto_increment, which rows that are there have no numbers for");
  expect_error(add_column(schema, {.name = "UUID", .nullable = true}), ErrorCode::already_exists,
               "table 'instances': there is a column 'UUID' already");
}

TEST(SchemaChange, NeverReusesAColumnsId) {
  const TableSchema first = instances_schema();
  const TableSchema without = drop_column(first, "load").value();
  EXPECT_EQ(without.version, 2U);
  EXPECT_EQ(without.find_column("load"), nullptr);
  const TableSchema again = add_column(without, {.name = "load", .type = ValueType::text, .nullable = true}).value();
  EXPECT_EQ(again.version, 3U);
  EXPECT_EQ(again.find_column("load")->id, ColumnId{7});
  EXPECT_EQ(again.position(ColumnId{5}), 3U) << "those after the dropped one have moved";
  // The newest column too.
  const TableSchema last = add_column(drop_column(again, "load").value(), {.name = "x", .nullable = true}).value();
  EXPECT_EQ(last.find_column("x")->id, ColumnId{8});
}

TEST(SchemaChange, RefusesToDropAColumnInUse) {
  const TableSchema schema = instances_schema();
  const std::string cannot = " cannot be dropped: it is part of ";
  expect_error(drop_column(schema, "uuid"), ErrorCode::invalid_argument,
               "table 'instances': column 'uuid'" + cannot + "the primary key");
  expect_error(drop_column(schema, "vcpus"), ErrorCode::invalid_argument,
               "table 'instances': column 'vcpus'" + cannot + "index 'by_host' (drop it first)");
  expect_error(drop_column(schema, "nobody"), ErrorCode::not_found, "table 'instances': there is no column 'nobody'");
  TableDefinition plain = instances();
  plain.indexes.clear();
  const TableSchema bare = make_schema(plain, TableId{1}).value();
  expect_error(drop_column(bare, "host"), ErrorCode::invalid_argument,
               "table 'instances': column 'host'" + cannot + "the foreign key to 'hosts'");
  expect_error(drop_column(bare, "project"), ErrorCode::invalid_argument,
               "table 'instances': column 'project'" + cannot + "tenant_by");
}

TEST(SchemaChange, RenamesAColumnAndNothingElse) {
  TableDefinition table = instances();
  table.foreign_keys.push_back({.columns = {"project"}, .table = "instances", .referenced = {"uuid"}});
  const TableSchema before = make_schema(table, TableId{7}).value();
  const auto after = rename_column(before, "uuid", "id");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->foreign_keys.back().referenced, std::vector<std::string>{"id"}) << "a foreign key to the table itself";
  TableSchema expected = before;
  expected.version = 2;
  expected.columns[0].name = "id";
  expected.foreign_keys.back().referenced = {"id"};
  EXPECT_EQ(*after, expected);
  EXPECT_TRUE(rename_column(before, "uuid", "Uuid")) << "another case of its own name";
  expect_error(rename_column(before, "uuid", "HOST"), ErrorCode::already_exists,
               "table 'instances': there is a column 'HOST' already");
  expect_error(rename_column(before, "x", "y"), ErrorCode::not_found, "table 'instances': there is no column 'x'");
  EXPECT_EQ(rename_column(before, "uuid", "no\nname").error().code, ErrorCode::invalid_argument);
}

TEST(SchemaChange, TakesAnIndexThroughItsStates) {
  const TableSchema first = instances_schema();
  const TableSchema added = add_index(first, {.name = "by_load", .columns = {"load"}}).value();
  EXPECT_EQ(added.version, 2U);
  EXPECT_EQ(added.find_index("by_load")->state, IndexState::write_only);
  const TableSchema open = index_became_public(added, "BY_LOAD").value();
  EXPECT_EQ(open.version, 3U);
  EXPECT_EQ(open.find_index("by_load")->state, IndexState::published);
  const TableSchema dropping = drop_index(open, "by_load").value();
  EXPECT_EQ(dropping.find_index("by_load")->state, IndexState::dropping);
  EXPECT_EQ(drop_column(dropping, "load").error().code, ErrorCode::invalid_argument) << "writers still keep it up";
  const TableSchema gone = forget_index(dropping, "by_load").value();
  EXPECT_EQ(gone.version, 5U);
  EXPECT_EQ(gone.find_index("by_load"), nullptr);
  EXPECT_TRUE(drop_column(gone, "load"));
  // Its entries may still be there: another index must not take them for its own.
  EXPECT_EQ(add_index(gone, {.name = "by_load", .columns = {"load"}})->find_index("by_load")->id, IndexId{4});
}

TEST(SchemaChange, RefusesStepsOutOfOrder) {
  const TableSchema schema = instances_schema();
  expect_error(add_index(schema, {.name = "by_HOST", .columns = {"host"}}), ErrorCode::already_exists,
               "table 'instances': there is an index 'by_HOST' already");
  expect_error(add_index(schema, {.name = "i", .columns = {"nobody"}}), ErrorCode::invalid_argument,
               "table 'instances': index 'i' names column 'nobody', which the table does not have");
  expect_error(index_became_public(schema, "by_host"), ErrorCode::conflict,
               "table 'instances': index 'by_host' is public: only a write-only one becomes public");
  expect_error(forget_index(schema, "by_host"), ErrorCode::conflict,
               "table 'instances': index 'by_host' is public: drop it first");
  expect_error(drop_index(drop_index(schema, "by_host").value(), "by_host"), ErrorCode::conflict,
               "table 'instances': index 'by_host' is dropping: it needs no second drop");
  expect_error(drop_index(schema, "nobody"), ErrorCode::not_found, "table 'instances': there is no index 'nobody'");
}

TEST(SchemaChange, EndsWhereIdsEnd) {
  TableSchema schema = instances_schema();
  schema.next_column = ColumnId{kMaxColumnId};
  const auto last = add_column(schema, {.name = "last", .nullable = true});
  ASSERT_TRUE(last);
  expect_error(add_column(*last, {.name = "more", .nullable = true}), ErrorCode::invalid_argument,
               "table 'instances': it has had 18999 columns, and no more can be added: copy it to a new table");
}

}  // namespace
}  // namespace latium
