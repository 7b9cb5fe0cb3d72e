#include "relational/table_definition.h"

namespace latium {

namespace {

std::vector<std::string> names_of(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::vector<std::string> names;
  for (const ColumnId column : columns) names.push_back(schema.column(column).name);
  return names;
}

}  // namespace

TableDefinition definition_of(const TableSchema& schema) {
  TableDefinition out{.name = schema.name, .columns = {}, .primary_key = names_of(schema, schema.primary_key)};
  for (const ColumnSchema& column : schema.columns) {
    out.columns.push_back({.name = column.name,
                           .type = column.type,
                           .nullable = column.nullable,
                           .default_value = column.default_value,
                           .nocase = column.nocase,
                           .auto_increment = column.auto_increment});
  }
  for (const IndexSchema& index : schema.indexes) {
    out.indexes.push_back({.name = index.name, .columns = names_of(schema, index.columns), .unique = index.unique});
  }
  for (const ForeignKeySchema& key : schema.foreign_keys) {
    out.foreign_keys.push_back({.columns = names_of(schema, key.columns), .table = key.table, .referenced = key.referenced});
  }
  out.parent = schema.parent;
  out.sql = schema.sql;
  out.sql_references = schema.sql_references;
  if (schema.tenant_by) out.tenant_by = schema.column(schema.tenant_by).name;
  return out;
}

}  // namespace latium
