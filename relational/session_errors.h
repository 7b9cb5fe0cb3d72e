// How refusals of rows are said.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "relational/schema.h"

namespace latium {

/// "table.a, table.b"
inline std::string columns_of(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::string out;
  for (const ColumnId id : columns) out += (out.empty() ? "" : ", ") + schema.name + "." + schema.column(id).name;
  return out;
}

inline std::string values_of(const std::vector<Value>& values) {
  std::string out;
  for (const Value& value : values) out += (out.empty() ? "" : ", ") + value.to_string();
  return out;
}

inline std::unexpected<Error> duplicate(const TableSchema& schema, const std::vector<ColumnId>& columns,
                                        const std::vector<Value>& values) {
  return fail(ErrorCode::already_exists,
              "UNIQUE constraint failed: " + columns_of(schema, columns) + " (" + values_of(values) + ")");
}

/// A row has these values in the columns of a foreign key to `table`, where no row has them.
inline std::unexpected<Error> names_nothing(const TableSchema& schema, const std::vector<ColumnId>& columns,
                                            const std::vector<Value>& values, const std::string& table) {
  return fail(ErrorCode::broken_reference, "FOREIGN KEY constraint failed: " + columns_of(schema, columns) + " = " +
                                               values_of(values) + " has no row in '" + table + "'");
}

/// A row with these values was to lose them, and a row of `child` names it by them.
inline std::unexpected<Error> is_named(const TableSchema& schema, const std::vector<ColumnId>& columns,
                                       const std::vector<Value>& values, const std::string& child) {
  return fail(ErrorCode::broken_reference, "FOREIGN KEY constraint failed: " + columns_of(schema, columns) + " = " +
                                               values_of(values) + " is named by a row of '" + child +
                                               "': remove or change that first");
}

/// `key`: of the primary key.
inline std::unexpected<Error> no_such_row(const TableSchema& schema, const std::vector<Value>& key) {
  return fail(ErrorCode::not_found,
              "table '" + schema.name + "' has no row with " + columns_of(schema, schema.primary_key) + " = " + values_of(key));
}

}  // namespace latium
