#include "relational/row_codec.h"

#include <cmath>

#include "base/utf8.h"
#include "relational/row_field.h"

namespace latium {
namespace {

std::string name_of(const TableSchema& schema, const ColumnSchema& column) {
  return "column '" + printable(column.name) + "' of table '" + printable(schema.name) + "'";
}

std::string_view with_article(ValueType type) {
  switch (type) {
    case ValueType::null:
      return "of no type";
    case ValueType::boolean:
      return "a boolean";
    case ValueType::integer:
      return "an integer";
    case ValueType::real:
      return "a real";
    case ValueType::text:
      return "text";
    case ValueType::bytes:
      return "bytes";
    case ValueType::timestamp:
      return "a timestamp";
    case ValueType::uuid:
      return "a uuid";
    case ValueType::json:
      return "json";
    case ValueType::any:
      return "an integer, a real, text or bytes";
  }
  return "of no type";
}

// Of JSON and null, the value alone says what it is.
std::string described(const Value& value) {
  const bool plain = value.is_null() || value.type() == ValueType::json;
  return plain ? value.to_string() : std::string(to_string(value.type())) + " " + value.to_string();
}

bool widens(const ColumnSchema& column, const Value& value) {
  return column.type == ValueType::real && value.type() == ValueType::integer;
}
bool any_takes(const ColumnSchema& column, const Value& value) {
  return column.type == ValueType::any && value.type() >= ValueType::integer && value.type() <= ValueType::bytes;
}
Value widened(const Value& value) {
  return static_cast<double>(value.get<std::int64_t>());
}

Result<void> check_fits(const TableSchema& schema, const ColumnSchema& column, const Value& value) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::invalid_argument, name_of(schema, column) + " " + why);
  };
  if (value.is_null()) {
    if (column.nullable) return {};
    return refuse("must not be null: give it a value");
  }
  if (value.type() != column.type && !widens(column, value) && !any_takes(column, value)) {
    return refuse("is " + std::string(with_article(column.type)) + ", given " + described(value));
  }
  if (const auto* real = value.get_if<double>(); real != nullptr && std::isnan(*real)) return refuse("cannot be NaN: give null");
  const auto* text = value.get_if<std::string>();
  const auto* json = value.get_if<Json>();
  if ((text != nullptr && !is_utf8(*text)) || (json != nullptr && !is_utf8(json->text))) {
    return refuse("must be UTF-8, given " + printable(text != nullptr ? *text : json->text) +
                  ": a column of bytes takes anything");
  }
  return {};
}

Result<void> check_count(const TableSchema& schema, const Row& row) {
  if (row.values.size() == schema.columns.size()) return {};
  return fail(ErrorCode::invalid_argument, "a row of table '" + printable(schema.name) + "' has " +
                                               std::to_string(schema.columns.size()) + " values, given " +
                                               std::to_string(row.values.size()));
}

Result<void> check_unknown(const TableSchema& schema, BytesView unknown) {
  ColumnId last;
  while (!unknown.empty()) {
    const auto field = take_row_field(unknown);
    if (!field || field->column < schema.next_column || field->column <= last) {
      return fail(ErrorCode::invalid_argument,
                  "Row::unknown of a row of table '" + printable(schema.name) + "' is not as it was read: read the row again");
    }
    last = field->column;
  }
  return {};
}

std::unexpected<Error> corrupt(const TableSchema& schema, const std::string& what) {
  return fail(ErrorCode::corruption, "a stored row of table '" + printable(schema.name) + "': " + what);
}

Result<Value> stored_value(const TableSchema& schema, const ColumnSchema& column, const RowField& field) {
  auto value = row_field_value(column, field);
  if (!value) return corrupt(schema, "column '" + printable(column.name) + "' " + value.error().message);
  if (*value == column.absent_value) return corrupt(schema, "column '" + printable(column.name) + "' is written needlessly");
  if (value->is_null() && !column.nullable) return corrupt(schema, "column '" + printable(column.name) + "' is null");
  return value;
}

}  // namespace

Result<Value> fit_value(const TableSchema& schema, const ColumnSchema& column, Value value) {
  LATIUM_CHECKED(check_fits(schema, column, value));
  if (widens(column, value)) return widened(value);
  return value;
}

Result<Row> fit_row(const TableSchema& schema, Row row) {
  LATIUM_CHECKED(check_count(schema, row));
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    LATIUM_TRY(row.values[i], fit_value(schema, schema.columns[i], std::move(row.values[i])));
  }
  return row;
}

Result<Bytes> encode_row(const TableSchema& schema, const Row& row) {
  LATIUM_CHECKED(check_count(schema, row));
  Bytes out;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    const Value& value = row.values[i];
    LATIUM_CHECKED(check_fits(schema, column, value));
    if (widens(column, value)) {
      const Value real = widened(value);
      if (real != column.absent_value) put_row_field(out, column, real);
    } else if (value != column.absent_value) {
      put_row_field(out, column, value);
    }
  }
  LATIUM_CHECKED(check_unknown(schema, row.unknown));
  // Newer columns have higher ids: the fields go on ascending.
  out.append(row.unknown);
  return out;
}

Result<Row> decode_row(const TableSchema& schema, BytesView stored) {
  Row row;
  row.values.reserve(schema.columns.size());
  // Columns that the row passes over before the one with this id hold their absent values.
  const auto fill_before = [&](ColumnId id) {
    while (row.values.size() < schema.columns.size() && schema.columns[row.values.size()].id < id) {
      row.values.push_back(schema.columns[row.values.size()].absent_value);
    }
  };
  ColumnId last;
  while (!stored.empty()) {
    const auto field = take_row_field(stored);
    if (!field) return corrupt(schema, field.error().message);
    if (field->column <= last) return corrupt(schema, "fields do not ascend");
    last = field->column;
    if (field->column >= schema.next_column) {
      row.unknown.append(field->raw);
      continue;
    }
    fill_before(field->column);
    // Otherwise it is a column that was dropped.
    if (row.values.size() < schema.columns.size() && schema.columns[row.values.size()].id == field->column) {
      LATIUM_TRY(Value value, stored_value(schema, schema.columns[row.values.size()], *field));
      row.values.push_back(std::move(value));
    }
  }
  fill_before(schema.next_column);
  return row;
}

}  // namespace latium
