#include "relational/row_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "relational/row_codec.h"
#include "tests/relational/tables.h"

namespace latium {
namespace {

using Values = std::vector<Value>;

// The row's values as keys hold them.
Values key_form(const TableSchema& schema, const std::vector<ColumnId>& columns, const Row& row) {
  Values out;
  for (const ColumnId id : columns) {
    const ColumnSchema& column = schema.column(id);
    Value value = row.values[schema.position(id)];
    const auto* text = value.get_if<std::string>();
    out.push_back(column.nocase && text != nullptr ? Value(fold_nocase(*text)) : value);
  }
  return out;
}

std::weak_ordering compared(const Values& a, const Values& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

bool has_null(const Values& values) {
  return std::ranges::any_of(values, &Value::is_null);
}

// All keys that a row has.
std::vector<Bytes> keys_of(const TableSchema& schema, const Row& row) {
  std::vector<Bytes> keys = {row_key(schema, row).value(), counter_key(schema.id)};
  for (const IndexSchema& index : schema.indexes) {
    if (!index.unique) {
      keys.push_back(index_entry_key(schema, index, row)->key);
    } else if (const auto key = unique_entry_key(schema, index, row).value()) {
      keys.push_back(*key);
    }
  }
  return keys;
}

TEST(RowKeys, HaveThePinnedBytes) {
  const TableSchema schema = instances_schema();
  const Row row{.values = {Uuid{{0xAB}}, "N1", 2, 0.5, 3, "p"}};
  const std::string uuid = "48ab" + std::string(30, '0');
  EXPECT_EQ(to_hex(*row_key(schema, row)),
            "00000007"
            "72" +
                uuid);
  EXPECT_EQ(to_hex(**unique_entry_key(schema, schema.indexes[1], row)),
            "00000007"
            "75"
            "00000002"
            "30700001"
            "1903");
  const auto entry = index_entry_key(schema, schema.indexes[0], row);
  EXPECT_EQ(to_hex(entry->route()),
            "00000007"
            "78"
            "00000001"
            "306e310001"
            "1902");
  EXPECT_EQ(to_hex(entry->key), to_hex(entry->route()) + uuid);
  EXPECT_EQ(to_hex(counter_key(schema.id)),
            "00000007"
            "61");
}

TEST(RowKeys, HaveThePinnedBytesOfColumnsOfAnyType) {
  const TableSchema schema =
      make_schema({.name = "t", .columns = {{.name = "k", .type = ValueType::any}}, .primary_key = {"k"}}, TableId{7}).value();
  const auto key = [&](Value value) { return to_hex(*row_key(schema, std::vector<Value>{std::move(value)})); };
  EXPECT_EQ(key(1),
            "0000000772"
            "28bff0000000000000"
            "18");
  EXPECT_EQ(key(1.0), key(1));
  EXPECT_EQ(key(9007199254740993),
            "0000000772"
            "28c340000000000000"
            "1901");
  EXPECT_EQ(key("1"),
            "0000000772"
            "30310001");
  EXPECT_EQ(key(Blob{"1"}),
            "0000000772"
            "38310001");
}

RC_GTEST_PROP(RowKeysProperty, ParseBack, ()) {
  const TableSchema schema = *any_schema();
  const Row row = *any_row(schema);
  const Values primary = key_form(schema, schema.primary_key, row);

  const Bytes key = row_key(schema, row).value();
  const auto parsed = parse_table_key(schema, key);
  RC_ASSERT(parsed && parsed->kind == TableKeyKind::row && parsed->table == schema.id && !parsed->index);
  RC_ASSERT(parsed->values == primary);
  RC_ASSERT((row_key(schema, parsed->values) == key));
  RC_ASSERT((table_of_key(key) == schema.id));

  for (const IndexSchema& index : schema.indexes) {
    const Values values = key_form(schema, index.columns, row);
    if (index.unique) {
      const auto entry = unique_entry_key(schema, index, row).value();
      RC_ASSERT(entry.has_value() == !has_null(values));
      if (!entry) continue;
      const auto unique = parse_table_key(schema, *entry);
      RC_ASSERT(unique && unique->kind == TableKeyKind::unique_entry && unique->index == index.id);
      RC_ASSERT(unique->values == values);
    } else {
      const auto entry = index_entry_key(schema, index, row).value();
      const auto many = parse_table_key(schema, entry.key);
      RC_ASSERT(many && many->kind == TableKeyKind::entry && many->index == index.id);
      RC_ASSERT(many->values == values);
      RC_ASSERT(many->primary == primary);
      RC_ASSERT((index_route(schema, index, indexed_values(schema, index, row)) == Bytes(entry.route())));
    }
  }
}

RC_GTEST_PROP(RowKeysProperty, SortAsTheirValuesDo, ()) {
  const TableSchema schema = *any_schema();
  const Row a = *any_row(schema);
  const Row b = *any_row(schema);
  const Values primary_a = key_form(schema, schema.primary_key, a);
  const Values primary_b = key_form(schema, schema.primary_key, b);
  RC_ASSERT((*row_key(schema, a) <=> *row_key(schema, b)) == compared(primary_a, primary_b));
  const IndexSchema& many = schema.indexes[0];
  const auto by_values = compared(key_form(schema, many.columns, a), key_form(schema, many.columns, b));
  const auto order = by_values != 0 ? by_values : compared(primary_a, primary_b);
  RC_ASSERT((index_entry_key(schema, many, a)->key <=> index_entry_key(schema, many, b)->key) == order);
}

RC_GTEST_PROP(RowKeysProperty, LieInTheirRangesOnly, ()) {
  const TableSchema schema = *any_schema();
  TableSchema other = schema;
  ++other.id.value;
  const Row row = *any_row(schema);
  const std::vector<TupleRange> ranges = {row_range(schema.id), index_range(schema.id, schema.indexes[0]),
                                          index_range(schema.id, schema.indexes[1])};
  for (const Bytes& key : keys_of(schema, row)) {
    RC_ASSERT(table_range(schema.id).contains(key));
    const TableKey parsed = parse_table_key(schema, key).value();
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const bool mine = i == 0 ? parsed.kind == TableKeyKind::row : parsed.index.value == i;
      RC_ASSERT(ranges[i].contains(key) == mine);
    }
  }
  for (const Bytes& key : keys_of(other, row)) RC_ASSERT(!table_range(schema.id).contains(key));
}

RC_GTEST_PROP(RowKeysProperty, RangesHoldTheRowsWithTheValues, ()) {
  const TableSchema schema = *any_schema();
  const Row a = *any_row(schema);
  const Row b = *any_row(schema);
  const Values values = primary_key_of(schema, a);
  const auto given = std::span(values).first(*rc::gen::inRange<std::size_t>(0, values.size() + 1));
  const Values of_a = key_form(schema, schema.primary_key, a);
  const Values of_b = key_form(schema, schema.primary_key, b);
  const bool same = std::equal(of_a.begin(), of_a.begin() + static_cast<std::ptrdiff_t>(given.size()), of_b.begin());
  RC_ASSERT(rows_starting_with(schema, given)->contains(*row_key(schema, a)));
  RC_ASSERT(rows_starting_with(schema, given)->contains(*row_key(schema, b)) == same);

  // Above the first value of the index, or at it.
  const IndexSchema& many = schema.indexes[0];
  const Value first_a = key_form(schema, many.columns, a).front();
  const Value first_b = key_form(schema, many.columns, b).front();
  const bool inclusive = *rc::gen::arbitrary<bool>();
  const auto range =
      entries_between(schema, many, {}, KeyBound{indexed_values(schema, many, a).front(), inclusive}, std::nullopt);
  const Bytes entry = index_entry_key(schema, many, b)->key;
  RC_ASSERT(range->contains(entry) == (inclusive ? first_b >= first_a : first_b > first_a));
}

TEST(RowKeys, FoldNocaseText) {
  const TableSchema schema = instances_schema();
  const IndexSchema& by_host = schema.indexes[0];
  const Row lower{.values = {Uuid{}, "node1", 1, Value(), 1, "p"}};
  const Row upper{.values = {Uuid{}, "NODE1", 1, Value(), 1, "p"}};
  EXPECT_EQ(index_entry_key(schema, by_host, lower)->key, index_entry_key(schema, by_host, upper)->key);
  EXPECT_EQ(index_route(schema, by_host, Values{"Node1", 1}), Bytes(index_entry_key(schema, by_host, lower)->route()));
  const auto prefix = entries_with_prefix(schema, by_host, {}, "NoD");
  EXPECT_TRUE(prefix->contains(index_entry_key(schema, by_host, lower)->key));
  EXPECT_FALSE(prefix->contains(*index_route(schema, by_host, Values{"nope", 1})));
  EXPECT_TRUE(entries_between(schema, by_host, {}, KeyBound{"NODE1"}, KeyBound{"NODE1"})
                  ->contains(index_entry_key(schema, by_host, lower)->key));
  // Another column keeps its case: its rows are two.
  const IndexSchema& unique = schema.indexes[1];
  EXPECT_NE(unique_entry_key(schema, unique, Values{"p", 1}), unique_entry_key(schema, unique, Values{"P", 1}));
}

TEST(RowKeys, WidenIntegersToReals) {
  const TableSchema schema =
      make_schema({.name = "t", .columns = {{.name = "r", .type = ValueType::real}}, .primary_key = {"r"}}, TableId{1}).value();
  EXPECT_EQ(row_key(schema, Values{2}), row_key(schema, Values{2.0}));
  EXPECT_EQ(row_key(schema, Row{.values = {-0.0}}), row_key(schema, Values{0}));
}

TEST(RowKeys, NullsHaveNoUniqueEntry) {
  const TableSchema schema = instances_schema();
  const IndexSchema& unique = schema.indexes[1];
  EXPECT_EQ(unique_entry_key(schema, unique, Values{Value(), 1}), std::nullopt);
  EXPECT_NE(unique_entry_key(schema, unique, Values{"p", 1}), std::nullopt);
  // In other indexes null is a value like others.
  EXPECT_TRUE(index_route(schema, schema.indexes[0], Values{Value(), 1}));
}

TEST(RowKeys, RefuseValuesThatDoNotFit) {
  const TableSchema schema = instances_schema();
  const IndexSchema& by_host = schema.indexes[0];
  EXPECT_EQ(row_key(schema, Values{"x"}).error().message, "column 'uuid' of table 'instances' is a uuid, given text 'x'");
  EXPECT_EQ(row_key(schema, Values{Value()}).error().message,
            "column 'uuid' of table 'instances' must not be null: give it a value");
  EXPECT_EQ(row_key(schema, Values{}).error().message, "a key of table 'instances' has 1 columns, given 0 values");
  EXPECT_EQ(row_key(schema, Row{.values = {1}}).error().message, "a row of table 'instances' has 6 columns, given 1 values");
  EXPECT_EQ(index_route(schema, by_host, Values{"n1"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(entries_starting_with(schema, by_host, Values{"n1", 1, 1}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(entries_between(schema, by_host, Values{"n1", 1}, KeyBound{1}, std::nullopt).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(entries_with_prefix(schema, by_host, Values{"n1"}, "x").error().message,
            "column 'vcpus' of table 'instances' is integer: only text has prefixes");
  EXPECT_EQ(rows_with_prefix(schema, Values{Uuid{}}, "x").error().code, ErrorCode::invalid_argument);
  const auto too_long = index_route(schema, by_host, Values{std::string(kMaxTableKeyBytes, 'x'), 1});
  EXPECT_EQ(too_long.error().message,
            "a key of table 'instances' takes 65294 bytes, above 65280: shorten the values of its key or index");
}

TEST(RowKeys, RefuseToParseWhatIsNone) {
  const TableSchema schema = instances_schema();
  const Row row{.values = {Uuid{}, "n1", 2, 0.5, 3, "p"}};
  const Bytes key = *row_key(schema, row);
  const Bytes entry = index_entry_key(schema, schema.indexes[0], row)->key;
  const Bytes unique = **unique_entry_key(schema, schema.indexes[1], row);
  const auto changed = [](Bytes bytes, std::size_t at, char to) {
    bytes[at] = to;
    return bytes;
  };
  const Bytes none[] = {"",
                        "x",
                        key.substr(0, 4),
                        key.substr(0, 5),
                        key.substr(0, key.size() - 1),
                        key + "\x01",
                        changed(key, 3, 8),
                        changed(key, 4, 'z'),
                        changed(key, 5, 0x38),
                        key.substr(0, 5) + *encode_tuple(Values{Value()}),
                        key.substr(0, 5) + *encode_tuple(Values{1}),
                        entry.substr(0, 7),
                        changed(entry, 8, 2),
                        changed(entry, 8, 3),
                        changed(entry, 10, 'N'),
                        changed(entry, 4, 'u'),
                        Bytes(index_entry_key(schema, schema.indexes[0], row)->route()),
                        unique + key.substr(5),
                        unique.substr(0, 9) + *encode_tuple(Values{Value(), 3}),
                        counter_key(schema.id) + "\x01"};
  for (const Bytes& bytes : none) {
    const auto parsed = parse_table_key(schema, bytes);
    ASSERT_FALSE(parsed) << to_hex(bytes);
    EXPECT_EQ(parsed.error().code, ErrorCode::corruption);
  }
  for (const Bytes& bytes : keys_of(schema, row)) EXPECT_TRUE(parse_table_key(schema, bytes)) << to_hex(bytes);
  EXPECT_EQ(table_of_key(Bytes(4, '\0') + "r").error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace latium
