// Changes of a schema: each gives the next version.
#include <algorithm>

#include "relational/schema_parts.h"
#include "relational/sql_tokens.h"

namespace latium {
namespace {

std::unexpected<Error> refused_as(ErrorCode code, const TableSchema& schema, const std::string& what) {
  return fail(code, "table " + quoted(schema.name) + ": " + what);
}

TableSchema next_version(const TableSchema& schema) {
  TableSchema next = schema;
  ++next.version;
  return next;
}

Result<TableSchema> checked(TableSchema schema) {
  LATIUM_CHECKED(check_schema(schema));
  return schema;
}

Result<ColumnId> existing_column(const TableSchema& schema, std::string_view name) {
  const ColumnSchema* column = schema.find_column(name);
  if (column == nullptr) return refused_as(ErrorCode::not_found, schema, "there is no column " + quoted(name));
  return column->id;
}

Result<IndexSchema*> existing_index(TableSchema& schema, std::string_view name) {
  const auto found = std::ranges::find_if(schema.indexes, [&](const IndexSchema& index) { return same_name(index.name, name); });
  if (found == schema.indexes.end()) return refused_as(ErrorCode::not_found, schema, "there is no index " + quoted(name));
  return &*found;
}

// What its foreign keys say of a table that has another name now.
void follow_rename(TableSchema& schema, std::string_view from, std::string_view to) {
  const auto follow = [&](std::string& table) {
    if (same_name(table, from)) table = to;
  };
  for (ForeignKeySchema& key : schema.foreign_keys) follow(key.table);
  for (std::string& table : schema.sql_references) follow(table);
}

Result<void> check_free_column(const TableSchema& schema, const std::string& name) {
  if (schema.find_column(name) == nullptr) return {};
  return refused_as(ErrorCode::already_exists, schema, "there is a column " + quoted(name) + " already");
}

std::unexpected<Error> wrong_state(const TableSchema& schema, const IndexSchema& index, std::string_view remedy) {
  return refused_as(ErrorCode::conflict, schema,
                    "index " + quoted(index.name) + " is " + std::string(to_string(index.state)) + ": " + std::string(remedy));
}

bool has(const std::vector<ColumnId>& columns, ColumnId column) {
  return std::ranges::find(columns, column) != columns.end();
}

// Who needs the column; empty: nobody.
std::string user_of(const TableSchema& schema, ColumnId column) {
  if (has(schema.primary_key, column)) return "the primary key";
  for (const IndexSchema& index : schema.indexes) {
    if (has(index.columns, column)) return "index " + quoted(index.name) + " (drop it first)";
  }
  for (const ForeignKeySchema& key : schema.foreign_keys) {
    if (has(key.columns, column)) return "the foreign key to " + quoted(key.table);
  }
  return schema.tenant_by == column ? "tenant_by" : "";
}

}  // namespace

Result<TableSchema> add_column(const TableSchema& schema, const Column& column) {
  LATIUM_CHECKED(check_free_column(schema, column.name));
  const std::string name = "column " + quoted(column.name);
  if (column.auto_increment) return refused(schema, name + " is auto_increment, which rows that are there have no numbers for");
  if (!column.nullable && column.default_value.is_null()) {
    return refused(schema, name + " must be nullable or have a default: rows that are there have no value for it");
  }
  TableSchema next = next_version(schema);
  LATIUM_TRY(ColumnSchema made, next_column(next, column));
  made.absent_value = made.default_value;
  next.columns.push_back(std::move(made));
  return checked(std::move(next));
}

Result<TableSchema> drop_column(const TableSchema& schema, std::string_view column) {
  LATIUM_TRY(const ColumnId id, existing_column(schema, column));
  if (const std::string user = user_of(schema, id); !user.empty()) {
    return refused(schema, "column " + quoted(column) + " cannot be dropped: it is part of " + user);
  }
  TableSchema next = next_version(schema);
  std::erase_if(next.columns, [&](const ColumnSchema& each) { return each.id == id; });
  return checked(std::move(next));
}

Result<TableSchema> rename_column(const TableSchema& schema, std::string_view from, std::string_view to) {
  LATIUM_TRY(const ColumnId id, existing_column(schema, from));
  // Another case of its own name is free.
  if (!same_name(from, to)) LATIUM_CHECKED(check_free_column(schema, std::string(to)));
  TableSchema next = next_version(schema);
  next.columns[next.position(id)].name = to;
  for (ForeignKeySchema& key : next.foreign_keys) {
    if (!same_name(key.table, schema.name)) continue;
    for (std::string& referenced : key.referenced) {
      if (same_name(referenced, from)) referenced = to;
    }
  }
  return checked(std::move(next));
}

Result<TableSchema> add_index(const TableSchema& schema, const Index& index) {
  if (schema.find_index(index.name) != nullptr) {
    return refused_as(ErrorCode::already_exists, schema, "there is an index " + quoted(index.name) + " already");
  }
  TableSchema next = next_version(schema);
  LATIUM_TRY(IndexSchema made, next_index(next, index, IndexState::write_only));
  next.indexes.push_back(std::move(made));
  return checked(std::move(next));
}

Result<TableSchema> index_became_public(const TableSchema& schema, std::string_view index) {
  TableSchema next = next_version(schema);
  LATIUM_TRY(IndexSchema * found, existing_index(next, index));
  if (found->state != IndexState::write_only) return wrong_state(schema, *found, "only a write-only one becomes public");
  found->state = IndexState::published;
  return checked(std::move(next));
}

Result<TableSchema> drop_index(const TableSchema& schema, std::string_view index) {
  TableSchema next = next_version(schema);
  LATIUM_TRY(IndexSchema * found, existing_index(next, index));
  if (found->state == IndexState::dropping) return wrong_state(schema, *found, "it needs no second drop");
  found->state = IndexState::dropping;
  return checked(std::move(next));
}

Result<TableSchema> forget_index(const TableSchema& schema, std::string_view index) {
  TableSchema next = next_version(schema);
  LATIUM_TRY(IndexSchema * found, existing_index(next, index));
  if (found->state != IndexState::dropping) return wrong_state(schema, *found, "drop it first");
  next.unswept_indexes.push_back(found->id);
  std::ranges::sort(next.unswept_indexes);
  std::erase_if(next.indexes, [id = found->id](const IndexSchema& each) { return each.id == id; });
  return checked(std::move(next));
}

Result<TableSchema> rename_table(const TableSchema& schema, std::string_view to, std::string sql) {
  TableSchema next = next_version(schema);
  follow_rename(next, schema.name, to);
  next.name = to;
  next.sql = std::move(sql);
  return checked(std::move(next));
}

Result<TableSchema> names_renamed(const TableSchema& schema, std::string_view from, std::string_view to) {
  TableSchema next = next_version(schema);
  follow_rename(next, from, to);
  next.sql = sql::references_renamed(next.sql, from, to);
  next.unannounced = true;
  return checked(std::move(next));
}

TableSchema closed(const TableSchema& schema, TableMove move) {
  TableSchema next = next_version(schema);
  next.moving = std::move(move);
  return next;
}

TableSchema named_once_more(const TableSchema& schema) {
  TableSchema next = schema;
  ++next.named;
  return next;
}

Result<TableSchema> announced(const TableSchema& schema) {
  if (!schema.unannounced) return refused_as(ErrorCode::conflict, schema, "it is not unannounced any more");
  TableSchema next = schema;
  next.unannounced = false;
  return next;
}

}  // namespace latium
