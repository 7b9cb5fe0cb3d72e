#include "relational/named_row.h"

#include <algorithm>
#include <optional>

#include "relational/schema_parts.h"

namespace latium {

namespace {

Result<std::size_t> position_of(const TableSchema& schema, const std::string& name) {
  if (const ColumnSchema* const column = schema.find_column(name)) return schema.position(column->id);
  std::string have;
  for (const std::string& each : column_names(schema)) have += (have.empty() ? "" : ", ") + each;
  return refused(schema, "there is no column '" + printable(name, 64) + "': it has " + printable(have, 500));
}

// None of the columns is named twice.
Result<std::vector<std::size_t>> positions_of(const TableSchema& schema, const NamedValues& values) {
  std::vector<std::size_t> out;
  for (const auto& [name, value] : values) {
    LATIUM_TRY(const std::size_t at, position_of(schema, name));
    if (std::ranges::find(out, at) != out.end()) return refused(schema, "column '" + printable(name) + "' is given twice");
    out.push_back(at);
  }
  return out;
}

}  // namespace

std::vector<std::string> column_names(const TableSchema& schema) {
  std::vector<std::string> out;
  for (const ColumnSchema& column : schema.columns) out.push_back(column.name);
  return out;
}

Result<std::vector<std::size_t>> column_positions(const TableSchema& schema, const std::vector<std::string>& names) {
  std::vector<std::size_t> out;
  for (const std::string& name : names) {
    LATIUM_TRY(out.emplace_back(), position_of(schema, name));
  }
  return out;
}

Result<Row> new_row(const TableSchema& schema, NamedValues values) {
  LATIUM_TRY(const std::vector<std::size_t> positions, positions_of(schema, values));
  Row row;
  row.values.resize(schema.columns.size());
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const ColumnSchema& column = schema.columns[i];
    const auto given = std::ranges::find(positions, i);
    if (given != positions.end()) {
      row.values[i] = std::move(values[static_cast<std::size_t>(given - positions.begin())].second);
      continue;
    }
    if (column.default_value.is_null() && !column.nullable && !column.auto_increment) {
      return refused(schema, "column '" + column.name + "' has no default: give it a value");
    }
    row.values[i] = column.default_value;
  }
  return row;
}

Result<Row> changed_row(const TableSchema& schema, Row row, NamedValues values) {
  LATIUM_TRY(const std::vector<std::size_t> positions, positions_of(schema, values));
  for (std::size_t i = 0; i < values.size(); ++i) row.values[positions[i]] = std::move(values[i].second);
  return row;
}

Result<std::vector<Value>> primary_key_in(const TableSchema& schema, const NamedValues& values) {
  LATIUM_TRY(const std::vector<std::size_t> positions, positions_of(schema, values));
  std::vector<Value> key;
  for (const ColumnId id : schema.primary_key) {
    const auto given = std::ranges::find(positions, schema.position(id));
    if (given == positions.end()) {
      return refused(schema, "column '" + schema.column(id).name + "' of the primary key is not given");
    }
    key.push_back(values[static_cast<std::size_t>(given - positions.begin())].second);
  }
  return key;
}

}  // namespace latium
