// The table whose rows and keys are fuzzed: a column of every type, and both kinds of indexes.
#pragma once

#include "relational/schema.h"

namespace latium {

inline TableSchema fuzzed_table() {
  TableDefinition table{
      .name = "t",
      .columns = {{.name = "k", .type = ValueType::integer}, {.name = "n", .nullable = true, .nocase = true}},
      .primary_key = {"k", "c7"},
      .indexes = {{.name = "one", .columns = {"n", "c3"}, .unique = true}, {.name = "many", .columns = {"n", "c8"}}}};
  for (int type = 1; type <= static_cast<int>(ValueType::json); ++type) {
    table.columns.push_back({.name = "c" + std::to_string(type), .type = static_cast<ValueType>(type), .nullable = type != 7});
  }
  return make_schema(table, TableId{1}).value();
}

/// The same table later: with columns that have defaults, and one of the first ones gone.
inline TableSchema fuzzed_table_later() {
  TableSchema schema = fuzzed_table();
  schema = add_column(schema, {.name = "d1", .type = ValueType::integer, .nullable = true, .default_value = 5}).value();
  schema = add_column(schema, {.name = "d2", .default_value = "five"}).value();
  schema = add_column(schema, {.name = "d3", .type = ValueType::real, .nullable = true, .default_value = 5}).value();
  return drop_column(schema, "c2").value();
}

}  // namespace latium
