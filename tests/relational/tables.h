// Tables and rows for tests.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "latium/row.h"
#include "relational/schema.h"
#include "tests/relational/values.h"

namespace latium {

/// Every kind of thing that a table can have.
inline TableDefinition instances() {
  return {.name = "instances",
          .columns = {{.name = "uuid", .type = ValueType::uuid},
                      {.name = "host", .type = ValueType::text, .nullable = true, .nocase = true},
                      {.name = "vcpus", .type = ValueType::integer, .default_value = 1},
                      {.name = "load", .type = ValueType::real, .nullable = true},
                      {.name = "number", .type = ValueType::integer, .auto_increment = true},
                      {.name = "project", .type = ValueType::text, .nullable = true}},
          .primary_key = {"uuid"},
          .indexes = {{.name = "by_host", .columns = {"host", "vcpus"}},
                      {.name = "one_number", .columns = {"project", "number"}, .unique = true}},
          .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}},
          .parent = "",
          .tenant_by = "project"};
}

inline TableSchema instances_schema() {
  return make_schema(instances(), TableId{7}).value();
}

/// A column of any type and kind that can be added to a table.
inline rc::Gen<Column> any_column(std::string name) {
  return rc::gen::exec([=] {
    const ValueType type = *any_type();
    Column column{.name = name, .type = type, .nullable = *rc::gen::arbitrary<bool>()};
    if (!column.nullable || *rc::gen::arbitrary<bool>()) column.default_value = *value_of(type);
    if (type == ValueType::text) column.nocase = *rc::gen::arbitrary<bool>();
    return column;
  });
}

/// Up to ten columns of any types, a key of one to three of them, two indexes.
inline rc::Gen<TableSchema> any_schema() {
  return rc::gen::exec([] {
    TableDefinition table{.name = "t", .columns = {}, .primary_key = {}};
    const int key_columns = *rc::gen::inRange(1, 4);
    const int columns = *rc::gen::inRange(key_columns, 11);
    std::vector<std::string> names;
    for (int i = 0; i < columns; ++i) {
      names.push_back("c" + std::to_string(i));
      table.columns.push_back(*any_column(names.back()));
      if (i < key_columns) {
        table.columns.back().nullable = false;
        table.primary_key.push_back(names.back());
      }
    }
    for (const bool unique : {false, true}) {
      Index index{.name = unique ? "one" : "many", .columns = {*rc::gen::elementOf(names)}, .unique = unique};
      const std::string second = *rc::gen::elementOf(names);
      if (second != index.columns.front()) index.columns.push_back(second);
      table.indexes.push_back(index);
    }
    return make_schema(table, TableId{static_cast<std::uint32_t>(*rc::gen::inRange(1, 1000))}).value();
  });
}

/// A row of the table; often with nulls and defaults in it.
inline rc::Gen<Row> any_row(const TableSchema& schema) {
  return rc::gen::exec([schema] {
    Row row;
    for (const ColumnSchema& column : schema.columns) {
      const int choice = *rc::gen::inRange(0, 4);
      if (choice == 0 && column.nullable) {
        row.values.emplace_back();
      } else if (choice == 1 && !column.default_value.is_null()) {
        row.values.push_back(column.default_value);
      } else {
        row.values.push_back(*value_of(column.type));
      }
    }
    return row;
  });
}

}  // namespace latium

namespace rc {
inline void showValue(const latium::Row& row, std::ostream& out) {
  for (const latium::Value& value : row.values) out << value.to_string() << ", ";
}
inline void showValue(const latium::TableSchema& schema, std::ostream& out) {
  out << "version " << schema.version << ':';
  for (const auto& column : schema.columns) out << ' ' << column.id.value << ' ' << to_string(column.type);
}
inline void showValue(const latium::Column& column, std::ostream& out) {
  out << column.name << ' ' << to_string(column.type) << (column.nullable ? " null" : "") << ' '
      << column.default_value.to_string();
}
}  // namespace rc
