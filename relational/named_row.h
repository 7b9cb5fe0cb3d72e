// Rows from values that are given by the names of their columns.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "latium/row.h"
#include "relational/schema.h"

namespace latium {

/// Values by the names of columns, without regard to case.
using NamedValues = std::vector<std::pair<std::string, Value>>;

/// Where the columns of these names stand in a Row, in the order of the names. `invalid_argument`: a column that the table has
/// not.
Result<std::vector<std::size_t>> column_positions(const TableSchema& schema, const std::vector<std::string>& names);

/// A new row: columns that are left out get their defaults, an auto_increment column null. `invalid_argument`: a column that the
/// table has not, one that is given twice, one without a default that is left out.
Result<Row> new_row(const TableSchema& schema, NamedValues values);

/// The row with these columns changed. `invalid_argument`: a column that the table has not, one that is given twice.
Result<Row> changed_row(const TableSchema& schema, Row row, NamedValues values);

/// The values of the primary key, in its order. `invalid_argument`: one of them is not given.
Result<std::vector<Value>> primary_key_in(const TableSchema& schema, const NamedValues& values);

/// The names of the columns, in the order of a Row's values.
std::vector<std::string> column_names(const TableSchema& schema);

}  // namespace latium
