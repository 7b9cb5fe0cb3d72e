#include "relational/row_keys.h"

#include <algorithm>
#include <utility>

#include "relational/row_codec.h"

namespace latium {
namespace {

constexpr char kAboveAll = '\xFF';  // no tag of a value: above every key that goes on with one

Bytes head(TableId table, TableKeyKind kind) {
  Bytes out;
  put_u32_be(out, table.value);
  out.push_back(static_cast<char>(kind));
  return out;
}

Bytes index_head(TableId table, const IndexSchema& index) {
  Bytes out = head(table, index.unique ? TableKeyKind::unique_entry : TableKeyKind::entry);
  put_u32_be(out, index.id.value);
  return out;
}

TupleRange all_after(Bytes begin) {
  Bytes end = begin + kAboveAll;
  return {std::move(begin), std::move(end)};
}

// A number of a column that takes any type: the nearest real, then what is missing to it. So integers and reals sort among each
// other, and equal ones are the same.
void append_number(std::vector<Value>& out, const Value& value) {
  if (const auto* real = value.get_if<double>()) {
    out.emplace_back(*real);
    out.emplace_back(0);
    return;
  }
  const auto integer = value.get<std::int64_t>();
  const auto nearest = static_cast<double>(integer);
  out.emplace_back(nearest);
  out.emplace_back(static_cast<std::int64_t>(static_cast<__int128>(integer) - static_cast<__int128>(nearest)));
}

// The value as it stands in keys. Nulls pass: for the ranges that ask for them; rows are checked where they are encoded.
Result<void> append_key_form(std::vector<Value>& out, const TableSchema& schema, ColumnId id, const Value& value) {
  const ColumnSchema& column = schema.column(id);
  if (value.is_null()) {
    out.push_back(value);
    return {};
  }
  LATIUM_TRY(Value fitted, fit_value(schema, column, value));
  const bool number = fitted.type() == ValueType::integer || fitted.type() == ValueType::real;
  if (column.type == ValueType::any && number) {
    append_number(out, fitted);
  } else if (column.nocase && fitted.type() == ValueType::text) {
    out.emplace_back(fold_nocase(fitted.get<std::string>()));
  } else {
    out.push_back(std::move(fitted));
  }
  return {};
}

std::unexpected<Error> wrong_count(const TableSchema& schema, std::string_view of, std::size_t most, std::size_t given) {
  return fail(ErrorCode::invalid_argument, std::string(of) + " of table '" + printable(schema.name) + "' has " +
                                               std::to_string(most) + " columns, given " + std::to_string(given) + " values");
}

Result<std::vector<Value>> key_values(const TableSchema& schema, const std::vector<ColumnId>& columns,
                                      std::span<const Value> values) {
  if (values.size() > columns.size()) return wrong_count(schema, "a key", columns.size(), values.size());
  std::vector<Value> out;
  out.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    LATIUM_CHECKED(append_key_form(out, schema, columns[i], values[i]));
  }
  return out;
}

// All columns' values, appended to what stands in front.
Result<void> append_values(Bytes& out, const TableSchema& schema, const std::vector<ColumnId>& columns,
                           std::span<const Value> values) {
  if (values.size() != columns.size()) return wrong_count(schema, "a key", columns.size(), values.size());
  LATIUM_TRY(const std::vector<Value> tuple, key_values(schema, columns, values));
  LATIUM_CHECKED(append_tuple(out, tuple));
  if (out.size() <= kMaxTableKeyBytes) return {};
  return fail(ErrorCode::invalid_argument, "a key of table '" + printable(schema.name) + "' takes " + std::to_string(out.size()) +
                                               " bytes, above " + std::to_string(kMaxTableKeyBytes) +
                                               ": shorten the values of its key or index");
}

Result<void> append_primary_key(Bytes& out, const TableSchema& schema, std::span<const Value> values) {
  for (std::size_t i = 0; i < values.size() && i < schema.primary_key.size(); ++i) {
    if (values[i].is_null()) LATIUM_CHECKED(fit_value(schema, schema.column(schema.primary_key[i]), values[i]));
  }
  return append_values(out, schema, schema.primary_key, values);
}

Result<Bytes> bound_key(const TableSchema& schema, ColumnId column, const Value& value, Bytes common) {
  std::vector<Value> form;
  LATIUM_CHECKED(append_key_form(form, schema, column, value));
  LATIUM_CHECKED(append_tuple(common, form));
  return common;
}

Result<TupleRange> between(const TableSchema& schema, const std::vector<ColumnId>& columns, Bytes before,
                           std::span<const Value> values, std::optional<KeyBound> low, std::optional<KeyBound> high) {
  const bool bounded = low || high;
  if (values.size() + (bounded ? 1 : 0) > columns.size()) {
    return wrong_count(schema, "a key", columns.size(), values.size() + (bounded ? 1 : 0));
  }
  LATIUM_TRY(const std::vector<Value> tuple, key_values(schema, columns, values));
  LATIUM_TRY(TupleRange range, tuples_starting_with(tuple, before));
  const Bytes common = range.begin;
  if (low) {
    LATIUM_TRY(range.begin, bound_key(schema, columns[values.size()], low->value, common));
    if (!low->inclusive) range.begin.push_back(kAboveAll);
  }
  if (high) {
    LATIUM_TRY(range.end, bound_key(schema, columns[values.size()], high->value, common));
    if (high->inclusive) range.end.push_back(kAboveAll);
  }
  return range;
}

Result<TupleRange> with_prefix(const TableSchema& schema, const std::vector<ColumnId>& columns, const Bytes& before,
                               std::span<const Value> values, std::string_view prefix) {
  if (values.size() >= columns.size()) return wrong_count(schema, "a key", columns.size(), values.size() + 1);
  const ColumnSchema& column = schema.column(columns[values.size()]);
  if (column.type != ValueType::text && column.type != ValueType::any) {
    return fail(ErrorCode::invalid_argument, "column '" + printable(column.name) + "' of table '" + printable(schema.name) +
                                                 "' is " + std::string(to_string(column.type)) + ": only text has prefixes");
  }
  LATIUM_TRY(const std::vector<Value> tuple, key_values(schema, columns, values));
  return texts_starting_with(tuple, column.nocase ? fold_nocase(prefix) : std::string(prefix), before);
}

std::vector<Value> values_of(const TableSchema& schema, const std::vector<ColumnId>& columns, const Row& row) {
  std::vector<Value> out;
  out.reserve(columns.size());
  for (const ColumnId column : columns) out.push_back(row.values.at(schema.position(column)));
  return out;
}

Result<void> check_row(const TableSchema& schema, const Row& row) {
  if (row.values.size() == schema.columns.size()) return {};
  return wrong_count(schema, "a row", schema.columns.size(), row.values.size());
}

}  // namespace

TupleRange table_range(TableId table) {
  Bytes begin;
  put_u32_be(begin, table.value);
  return all_after(std::move(begin));
}

TupleRange row_range(TableId table) {
  return all_after(head(table, TableKeyKind::row));
}

TupleRange index_range(TableId table, const IndexSchema& index) {
  return all_after(index_head(table, index));
}

Result<Bytes> row_key(const TableSchema& schema, std::span<const Value> primary_key) {
  Bytes out = head(schema.id, TableKeyKind::row);
  LATIUM_CHECKED(append_primary_key(out, schema, primary_key));
  return out;
}

Result<Bytes> row_key(const TableSchema& schema, const Row& row) {
  LATIUM_CHECKED(check_row(schema, row));
  return row_key(schema, primary_key_of(schema, row));
}

Result<TupleRange> rows_starting_with(const TableSchema& schema, std::span<const Value> values) {
  return rows_between(schema, values, std::nullopt, std::nullopt);
}

Result<TupleRange> entries_starting_with(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values) {
  return entries_between(schema, index, values, std::nullopt, std::nullopt);
}

Result<TupleRange> rows_between(const TableSchema& schema, std::span<const Value> values, std::optional<KeyBound> low,
                                std::optional<KeyBound> high) {
  return between(schema, schema.primary_key, head(schema.id, TableKeyKind::row), values, std::move(low), std::move(high));
}

Result<TupleRange> entries_between(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values,
                                   std::optional<KeyBound> low, std::optional<KeyBound> high) {
  return between(schema, index.columns, index_head(schema.id, index), values, std::move(low), std::move(high));
}

Result<TupleRange> rows_with_prefix(const TableSchema& schema, std::span<const Value> values, std::string_view prefix) {
  return with_prefix(schema, schema.primary_key, head(schema.id, TableKeyKind::row), values, prefix);
}

Result<TupleRange> entries_with_prefix(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values,
                                       std::string_view prefix) {
  return with_prefix(schema, index.columns, index_head(schema.id, index), values, prefix);
}

Result<std::optional<Bytes>> unique_entry_key(const TableSchema& schema, const IndexSchema& index,
                                              std::span<const Value> values) {
  LATIUM_TRY(Bytes key, index_route(schema, index, values));
  if (std::ranges::any_of(values, &Value::is_null)) return std::nullopt;
  return key;
}

Result<std::optional<Bytes>> unique_entry_key(const TableSchema& schema, const IndexSchema& index, const Row& row) {
  LATIUM_CHECKED(check_row(schema, row));
  return unique_entry_key(schema, index, indexed_values(schema, index, row));
}

Result<IndexEntryKey> index_entry_key(const TableSchema& schema, const IndexSchema& index, const Row& row) {
  LATIUM_CHECKED(check_row(schema, row));
  IndexEntryKey out;
  LATIUM_TRY(out.key, index_route(schema, index, indexed_values(schema, index, row)));
  out.route_bytes = out.key.size();
  LATIUM_CHECKED(append_primary_key(out.key, schema, primary_key_of(schema, row)));
  return out;
}

Result<Bytes> index_route(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values) {
  Bytes out = index_head(schema.id, index);
  LATIUM_CHECKED(append_values(out, schema, index.columns, values));
  return out;
}

Bytes counter_key(TableId table) {
  return head(table, TableKeyKind::counter);
}

std::vector<Value> primary_key_of(const TableSchema& schema, const Row& row) {
  return values_of(schema, schema.primary_key, row);
}

std::vector<Value> indexed_values(const TableSchema& schema, const IndexSchema& index, const Row& row) {
  return values_of(schema, index.columns, row);
}

}  // namespace latium
