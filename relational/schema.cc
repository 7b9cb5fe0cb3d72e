#include "relational/schema.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "relational/row_codec.h"
#include "relational/schema_parts.h"

namespace latium {

std::string_view to_string(IndexState state) {
  switch (state) {
    case IndexState::write_only:
      return "write-only";
    case IndexState::published:
      return "public";
    case IndexState::dropping:
      return "dropping";
  }
  return "unknown state";
}

std::size_t TableSchema::position(ColumnId column) const {
  const auto found = std::ranges::lower_bound(columns, column, {}, &ColumnSchema::id);
  LATIUM_CHECK(found != columns.end() && found->id == column, "the table has no column of this id");
  return static_cast<std::size_t>(found - columns.begin());
}

const ColumnSchema* TableSchema::find_column(std::string_view column) const {
  const auto found = std::ranges::find_if(columns, [&](const ColumnSchema& each) { return same_name(each.name, column); });
  return found == columns.end() ? nullptr : &*found;
}

const IndexSchema* TableSchema::find_index(std::string_view index) const {
  const auto found = std::ranges::find_if(indexes, [&](const IndexSchema& each) { return same_name(each.name, index); });
  return found == indexes.end() ? nullptr : &*found;
}

const IndexSchema* TableSchema::find_index(IndexId index) const {
  const auto found = std::ranges::find(indexes, index, &IndexSchema::id);
  return found == indexes.end() ? nullptr : &*found;
}

const ColumnSchema* TableSchema::auto_increment_column() const {
  const auto found = std::ranges::find_if(columns, &ColumnSchema::auto_increment);
  return found == columns.end() ? nullptr : &*found;
}

Result<ColumnSchema> next_column(TableSchema& schema, const Column& column) {
  ColumnSchema made{.id = schema.next_column,
                    .name = column.name,
                    .type = column.type,
                    .nullable = column.nullable,
                    .default_value = {},
                    .absent_value = {},
                    .nocase = column.nocase,
                    .auto_increment = column.auto_increment};
  if (!column.default_value.is_null()) {
    LATIUM_TRY(made.default_value, fit_value(schema, made, column.default_value));
  }
  ++schema.next_column.value;
  return made;
}

Result<std::vector<ColumnId>> columns_named(const TableSchema& schema, const std::string& user,
                                            const std::vector<std::string>& names) {
  std::vector<ColumnId> columns;
  for (const std::string& name : names) {
    const ColumnSchema* column = schema.find_column(name);
    if (column == nullptr) {
      return refused(schema, user + " names column '" + printable(name) + "', which the table does not have");
    }
    columns.push_back(column->id);
  }
  return columns;
}

Result<IndexSchema> next_index(TableSchema& schema, const Index& index, IndexState state) {
  LATIUM_TRY(std::vector<ColumnId> columns, columns_named(schema, "index '" + printable(index.name) + "'", index.columns));
  IndexSchema made{
      .id = schema.next_index, .name = index.name, .columns = std::move(columns), .unique = index.unique, .state = state};
  ++schema.next_index.value;
  return made;
}

std::vector<std::string> tables_named(const TableSchema& schema) {
  std::set<std::string> out;
  for (const ForeignKeySchema& key : schema.foreign_keys) out.insert(fold_nocase(key.table));
  for (const std::string& table : schema.sql_references) out.insert(fold_nocase(table));
  out.erase(fold_nocase(schema.name));
  return {out.begin(), out.end()};
}

Result<TableSchema> make_schema(const TableDefinition& definition, TableId id) {
  TableSchema schema;
  schema.id = id;
  schema.name = definition.name;
  schema.parent = definition.parent;
  schema.sql = definition.sql;
  schema.sql_references = definition.sql_references;
  for (const Column& column : definition.columns) {
    LATIUM_TRY(ColumnSchema made, next_column(schema, column));
    schema.columns.push_back(std::move(made));
  }
  LATIUM_TRY(schema.primary_key, columns_named(schema, "the primary key", definition.primary_key));
  for (const Index& index : definition.indexes) {
    LATIUM_TRY(IndexSchema made, next_index(schema, index, IndexState::published));
    schema.indexes.push_back(std::move(made));
  }
  for (const ForeignKey& key : definition.foreign_keys) {
    LATIUM_TRY(std::vector<ColumnId> columns,
               columns_named(schema, "the foreign key to '" + printable(key.table) + "'", key.columns));
    schema.foreign_keys.push_back({std::move(columns), key.table, key.referenced});
  }
  if (!definition.tenant_by.empty()) {
    LATIUM_TRY(const std::vector<ColumnId> column, columns_named(schema, "tenant_by", {definition.tenant_by}));
    schema.tenant_by = column.front();
  }
  LATIUM_CHECKED(check_schema(schema));
  return schema;
}

}  // namespace latium
