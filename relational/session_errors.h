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

/// `key`: of the primary key.
inline std::unexpected<Error> no_such_row(const TableSchema& schema, const std::vector<Value>& key) {
  return fail(ErrorCode::not_found,
              "table '" + schema.name + "' has no row with " + columns_of(schema, schema.primary_key) + " = " + values_of(key));
}

}  // namespace latium
