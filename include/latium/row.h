// Row: the values of one row of a table.
#pragma once

#include <string>
#include <vector>

#include "latium/value.h"

namespace latium {

struct Row {
  std::vector<Value> values;  ///< in the order of the table's columns, one each

  /// Columns that a newer version of the table has and the one that this row was read under has not, as they are stored. Keep it
  /// with a row that is read, changed and written back, or those columns lose their values. Empty in a new row.
  std::string unknown{};

  friend bool operator==(const Row&, const Row&) = default;
};

}  // namespace latium
