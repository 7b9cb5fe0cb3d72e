#include "relational/row_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <ranges>

#include "tests/relational/tables.h"

namespace latium {
namespace {

using namespace std::string_literals;

TableSchema of_columns(std::vector<Column> columns) {
  columns.insert(columns.begin(), {.name = "k", .type = ValueType::integer});
  return make_schema({.name = "t", .columns = std::move(columns), .primary_key = {"k"}}, TableId{1}).value();
}

// A table `t` with the key `k`, and then one column of each type, all nullable.
TableSchema all_types() {
  std::vector<Column> columns;
  for (int type = 1; type <= static_cast<int>(ValueType::json); ++type) {
    columns.push_back({.name = "c" + std::to_string(type), .type = static_cast<ValueType>(type), .nullable = true});
  }
  return of_columns(columns);
}

void expect_corrupt(const TableSchema& schema, const Bytes& stored, const std::string& message) {
  const auto row = decode_row(schema, stored);
  ASSERT_FALSE(row) << message;
  EXPECT_EQ(row.error().code, ErrorCode::corruption);
  EXPECT_EQ(row.error().message, "a stored row of table 't': " + message);
}

TEST(RowCodec, HasThePinnedBytes) {
  const Uuid uuid{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
  const Row row{.values = {-1, true, 300, 0.5, "a\0"s, Blob{"\xFF"}, Timestamp{2}, uuid, Json{"{}"}}};
  const auto stored = encode_row(all_types(), row);
  ASSERT_TRUE(stored);
  EXPECT_EQ(to_hex(*stored),
            "0801"
            "1001"
            "18d804"
            "21000000000000e03f"
            "2a026100"
            "3201ff"
            "3804"
            "42100102030405060708090a0b0c0d0e0f10"
            "4a027b7d");
  EXPECT_EQ(decode_row(all_types(), *stored), row);
}

TEST(RowCodec, HasThePinnedBytesOfColumnsOfAnyType) {
  std::vector<Column> columns;
  for (const char* name : {"a", "b", "c", "d"}) columns.push_back({.name = name, .type = ValueType::any, .nullable = true});
  const TableSchema schema = of_columns(columns);
  const Row row{.values = {0, -1, 0.5, "a\0"s, Blob{"\xFF"}}};
  const auto stored = encode_row(schema, row);
  ASSERT_TRUE(stored);
  EXPECT_EQ(to_hex(*stored),
            "0800"
            "120217fe"
            "1a0928bfe0000000000000"
            "2206306100ff0001"
            "2a0438ff0001");
  EXPECT_EQ(decode_row(schema, *stored), row);
}

TEST(RowCodec, WritesNoNulls) {
  Row row{.values = std::vector<Value>(9)};
  row.values[0] = 0;
  EXPECT_EQ(to_hex(*encode_row(all_types(), row)), "0800");
}

TEST(RowCodec, MarksTheNullOfAColumnThatWasAddedWithADefault) {
  TableSchema schema = of_columns({});
  for (const ColumnSchema& column : all_types().columns) {
    if (column.name == "k") continue;
    const Value value = column.type == ValueType::boolean     ? Value(true)
                        : column.type == ValueType::integer   ? Value(5)
                        : column.type == ValueType::real      ? Value(5.0)
                        : column.type == ValueType::text      ? Value("five")
                        : column.type == ValueType::bytes     ? Value(Blob{"five"})
                        : column.type == ValueType::timestamp ? Value(Timestamp{5})
                        : column.type == ValueType::uuid      ? Value(Uuid{{5}})
                                                              : Value(Json{"5"});
    schema = add_column(schema, {.name = column.name, .type = column.type, .nullable = true, .default_value = value}).value();
  }
  Row row{.values = {1}};
  for (const ColumnSchema& column : schema.columns | std::views::drop(1)) row.values.push_back(column.default_value);
  EXPECT_EQ(to_hex(*encode_row(schema, row)), "0802") << "defaults read as such without being there";
  EXPECT_EQ(decode_row(schema, "\x08\x02"), row);

  for (Value& value : row.values | std::views::drop(1)) value = Value();
  const Bytes stored = *encode_row(schema, row);
  EXPECT_EQ(to_hex(stored),
            "0802"
            "1200"
            "1a00"
            "2000"
            "2800"
            "3000"
            "3a00"
            "4000"
            "4800");
  EXPECT_EQ(decode_row(schema, stored), row);

  // Empty and zero values are not null.
  row.values = {1, false, 0, 0.0, "", Blob{}, Timestamp{0}, Uuid{}, Json{}};
  EXPECT_EQ(decode_row(schema, *encode_row(schema, row)), row);
}

RC_GTEST_PROP(RowCodecProperty, DecodesWhatItEncodes, ()) {
  const TableSchema schema = *any_schema();
  const Row row = *any_row(schema);
  const auto stored = encode_row(schema, row);
  RC_ASSERT(stored.has_value());
  RC_ASSERT((decode_row(schema, *stored) == row));
}

RC_GTEST_PROP(RowCodecProperty, WhatDecodesEncodesToTheSameBytes, ()) {
  const TableSchema schema = *any_schema();
  Bytes stored = *encode_row(schema, *any_row(schema));
  RC_PRE(!stored.empty());
  stored[*rc::gen::inRange<std::size_t>(0, stored.size())] = *rc::gen::arbitrary<char>();
  const auto row = decode_row(schema, stored);
  if (!row) {
    RC_ASSERT(row.error().code == ErrorCode::corruption);
    return;
  }
  // A row may lack a column that must not be null: it is read, and not written.
  if (const auto again = encode_row(schema, *row)) RC_ASSERT(*again == stored);
}

// What a node that knows the column sees of what one that does not has read, changed and written, and the other way round.
RC_GTEST_PROP(RowCodecProperty, OldAndNewSchemasLoseNothingOfEachOther, ()) {
  const TableSchema old_schema = *any_schema();
  TableSchema new_schema = old_schema;
  const int added = *rc::gen::inRange(1, 4);
  for (int i = 0; i < added; ++i) new_schema = add_column(new_schema, *any_column("added" + std::to_string(i))).value();
  const std::size_t known = old_schema.columns.size();

  const Row new_row = *any_row(new_schema);
  Row through_old = decode_row(old_schema, *encode_row(new_schema, new_row)).value();
  RC_ASSERT(std::equal(through_old.values.begin(), through_old.values.end(), new_row.values.begin()));
  const Row change = *any_row(old_schema);
  through_old.values = change.values;
  const Row back = decode_row(new_schema, *encode_row(old_schema, through_old)).value();
  RC_ASSERT(std::equal(change.values.begin(), change.values.end(), back.values.begin()));
  RC_ASSERT(std::equal(back.values.begin() + known, back.values.end(), new_row.values.begin() + known));

  const Row old_row = *any_row(old_schema);
  Row through_new = decode_row(new_schema, *encode_row(old_schema, old_row)).value();
  for (std::size_t i = known; i < through_new.values.size(); ++i) {
    RC_ASSERT(through_new.values[i] == new_schema.columns[i].default_value);
  }
  RC_ASSERT((decode_row(old_schema, *encode_row(new_schema, through_new)) == old_row));
}

TEST(RowCodec, ForgetsADroppedColumnAtTheNextWrite) {
  const TableSchema before = of_columns({{.name = "a"}, {.name = "b", .type = ValueType::integer}});
  const TableSchema after = drop_column(before, "a").value();
  const Bytes stored = *encode_row(before, {.values = {1, "x", 2}});
  const auto row = decode_row(after, stored);
  ASSERT_TRUE(row);
  EXPECT_EQ(*row, (Row{.values = {1, 2}}));
  const Bytes rewritten = *encode_row(after, *row);
  EXPECT_EQ(to_hex(rewritten),
            "0802"
            "1804");
  // A node that has not heard of the drop reads a null, though the column is not nullable.
  EXPECT_EQ(decode_row(before, rewritten), (Row{.values = {1, Value(), 2}}));
  // A column of that name that comes later does not find the old values.
  const TableSchema again = add_column(after, {.name = "a", .nullable = true}).value();
  EXPECT_EQ(decode_row(again, stored), (Row{.values = {1, 2, Value()}}));
}

TEST(RowCodec, RefusesValuesThatDoNotFit) {
  const TableSchema schema = instances_schema();
  const Row good{.values = {Uuid{}, "n1", 2, 0.5, 1, "p"}};
  ASSERT_TRUE(encode_row(schema, good));
  const struct {
    std::size_t at;
    Value value;
    std::string message;
  } refusals[] = {
      {2, "x", "column 'vcpus' of table 'instances' is an integer, given text 'x'"},
      {2, 1.0, "column 'vcpus' of table 'instances' is an integer, given real 1.0"},
      {2, true, "column 'vcpus' of table 'instances' is an integer, given boolean true"},
      {2, Value(), "column 'vcpus' of table 'instances' must not be null: give it a value"},
      {1, 1, "column 'host' of table 'instances' is text, given integer 1"},
      {1, Blob{"a"}, "column 'host' of table 'instances' is text, given bytes x'61'"},
      {1, Json{"1"}, "column 'host' of table 'instances' is text, given json '1'"},
      {1, "\xFF", "column 'host' of table 'instances' must be UTF-8, given \\xff: a column of bytes takes anything"},
      {0, "x", "column 'uuid' of table 'instances' is a uuid, given text 'x'"},
      {3, NAN, "column 'load' of table 'instances' cannot be NaN: give null"},
      {3, "1", "column 'load' of table 'instances' is a real, given text '1'"},
  };
  for (const auto& refusal : refusals) {
    Row row = good;
    row.values[refusal.at] = refusal.value;
    for (const Error& error : {encode_row(schema, row).error(), fit_row(schema, row).error(),
                               fit_value(schema, schema.columns[refusal.at], refusal.value).error()}) {
      EXPECT_EQ(error.code, ErrorCode::invalid_argument);
      EXPECT_EQ(error.message, refusal.message);
    }
  }
  EXPECT_EQ(encode_row(schema, {.values = {1}}).error().message, "a row of table 'instances' has 6 values, given 1");
  EXPECT_EQ(fit_row(schema, {.values = {}}).error().code, ErrorCode::invalid_argument);
}

TEST(RowCodec, WidensIntegersToReals) {
  const TableSchema schema = of_columns({{.name = "r", .type = ValueType::real}});
  const Row row{.values = {1, 2}};
  EXPECT_EQ(fit_row(schema, row), (Row{.values = {1, 2.0}}));
  EXPECT_EQ(decode_row(schema, *encode_row(schema, row)), (Row{.values = {1, 2.0}}));
  const TableSchema added = add_column(schema, {.name = "d", .type = ValueType::real, .default_value = 3}).value();
  EXPECT_EQ(encode_row(added, {.values = {1, 2, 3}}), encode_row(schema, row)) << "3 is the 3.0 that rows without it hold";
}

TEST(RowCodec, RefusesWhatItCannotHaveMade) {
  const TableSchema schema = all_types();
  expect_corrupt(schema, "\x08", "varint cut short");
  expect_corrupt(schema, "\x08\x80\x00"s, "varint not in its shortest form");
  expect_corrupt(schema, "\x00\x01"s, "a field without a number");
  expect_corrupt(schema, "\x0B", "a wire type that rows do not use");
  expect_corrupt(schema, "\x21\x01\x02", "a real cut short");
  expect_corrupt(schema, "\x2A\x02x", "length 2 with 1 bytes left");
  expect_corrupt(schema, "\x10\x01\x08\x02", "fields do not ascend");
  expect_corrupt(schema, "\x08\x02\x08\x02", "fields do not ascend");
  expect_corrupt(schema, "\x09\0\0\0\0\0\0\0\0"s, "column 'k' has another type");
  expect_corrupt(schema, "\x10\x02", "column 'c1' is neither true nor false");
  expect_corrupt(schema, "\x21\0\0\0\0\0\0\xF8\x7F"s, "column 'c3' is NaN");
  expect_corrupt(schema, "\x2A\x01\xFF", "column 'c4' is not UTF-8");
  expect_corrupt(schema, "\x42\x01x", "column 'c7' is not 16 bytes");
  expect_corrupt(schema, "\x4A\x01\xFF", "column 'c8' is not UTF-8");
  expect_corrupt(schema, "\x12\x00"s, "column 'c1' is written needlessly");
  const TableSchema added = add_column(schema, {.name = "d", .type = ValueType::integer, .default_value = 3}).value();
  expect_corrupt(added, "\x50\x06", "column 'd' is written needlessly");
  expect_corrupt(added, "\x52\x00"s, "column 'd' is null");
}

TEST(RowCodec, RefusesUnknownColumnsThatItHasNotRead) {
  const TableSchema schema = of_columns({});
  for (const Bytes& unknown : {"x"s, "\x10"s, "\x08\x01"s, "\x18\x01\x10\x01"s}) {
    EXPECT_EQ(encode_row(schema, {.values = {1}, .unknown = unknown}).error().message,
              "Row::unknown of a row of table 't' is not as it was read: read the row again");
  }
  EXPECT_TRUE(encode_row(schema, {.values = {1}, .unknown = "\x10\x01\x18\x01"}));
}

}  // namespace
}  // namespace latium
