// Plan: by which index a cursor goes over a table, and with which of the values that SQLite gives it.
#pragma once

#include <sqlite3.h>

#include <compare>
#include <optional>
#include <vector>

#include "relational/sql/table.h"

namespace latium::sql {

struct Plan {
  static constexpr int kPrimaryKey = -1;
  static constexpr int kNumber = -2;  ///< rows that the session has numbered

  /// One column that has a value.
  struct Equal {
    int argument = -1;   ///< which of xFilter's; -1: it is null
    bool list = false;   ///< any of these values
    bool nulls = false;  ///< IS: a null is a value like others
    friend auto operator<=>(const Equal&, const Equal&) = default;
  };
  struct Bound {
    int argument = -1;
    bool inclusive = true;
    bool literal = false;  ///< it has no affinity: nothing makes a number of the text in the column
    friend auto operator<=>(const Bound&, const Bound&) = default;
  };

  int index = kPrimaryKey;  ///< or where it stands in the schema's indexes
  std::vector<Equal> equal{};
  std::optional<Bound> low{};
  std::optional<Bound> high{};
  int limit = -1;   ///< the argument with the number of rows that are wanted: a hint
  int offset = -1;  ///< and of how many are passed over before

  friend auto operator<=>(const Plan&, const Plan&) = default;
};

/// The best for what `info` asks, which is answered but for idxNum.
Plan make_plan(const SqlTable& table, sqlite3_index_info& info);

/// The columns of the key that a plan goes by.
const std::vector<ColumnId>& key_columns(const SqlTable& table, const Plan& plan);

}  // namespace latium::sql
