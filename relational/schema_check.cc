// What must hold of every schema, and how it is said.
#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "relational/key_codec.h"
#include "relational/row_codec.h"
#include "relational/schema_parts.h"

namespace latium {
namespace {

using Names = std::set<std::string>;  // folded

// As it is: lines and terminals stay whole.
bool can_be_shown(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::ranges::none_of(name, is_control) && is_utf8(name);
}

Result<void> check_name_of(const TableSchema& schema, std::string_view what, std::string_view name) {
  const bool fits = !name.empty() && name.size() <= kMaxTableName && can_be_shown(name);
  if (fits && !std::string_view("\"'`[").contains(name.front())) return {};
  return refused(schema, "the name " + quoted(name) + " of " + std::string(what) + " is not 1 to " +
                             std::to_string(kMaxTableName) +
                             " bytes of UTF-8 without control characters, the first no quote or [");
}

Result<void> check_new_name(const TableSchema& schema, std::string_view what, std::string_view name, Names& known) {
  LATIUM_CHECKED(check_name_of(schema, what, name));
  if (known.insert(fold_nocase(name)).second) return {};
  return refused(schema, "there are two of the name " + quoted(name) + ", regardless of case: rename " + std::string(what));
}

Result<void> check_count(const TableSchema& schema, std::string_view what, std::size_t count, std::size_t least,
                         std::size_t most) {
  if (count >= least && count <= most) return {};
  return refused(schema, std::string(what) + ": " + std::to_string(count) + " given, " + std::to_string(least) + " to " +
                             std::to_string(most) + " allowed");
}

Result<void> check_table(const TableSchema& schema) {
  LATIUM_CHECKED(check_name_of(schema, "the table", schema.name));
  const std::string folded = fold_nocase(schema.name);
  if (folded.starts_with("sqlite_") || folded.starts_with("latium_")) {
    return refused(schema, "names of tables that begin with sqlite_ or latium_ are reserved");
  }
  if (!schema.id || schema.version == 0) return refused(schema, "the table's id and its version are 1 or more");
  return {};
}

// A default or absent value is null, or what a row may hold in the column, in the form in which it is held.
bool fits(const TableSchema& schema, const ColumnSchema& column, const Value& value) {
  if (value.is_null()) return true;
  const auto fitted = fit_value(schema, column, value);
  return fitted && fitted->type() == value.type();
}

Result<void> check_column(const TableSchema& schema, const ColumnSchema& column, Names& names) {
  const std::string name = "column " + quoted(column.name);
  LATIUM_CHECKED(check_new_name(schema, name, column.name, names));
  if (column.type == ValueType::null || column.type > ValueType::any) return refused(schema, name + " needs a type");
  if (column.nocase && column.type != ValueType::text && column.type != ValueType::any) {
    return refused(schema, name + " is nocase, which only text can be, and not " + std::string(to_string(column.type)));
  }
  if (column.auto_increment && (column.type != ValueType::integer || column.nullable || !column.default_value.is_null())) {
    return refused(schema, name + " is auto_increment: it must be an integer, not nullable and without a default");
  }
  if (!fits(schema, column, column.default_value) || !fits(schema, column, column.absent_value)) {
    return refused(schema, name + " is " + std::string(to_string(column.type)) + ", its default is not");
  }
  return {};
}

Result<void> check_columns(const TableSchema& schema) {
  LATIUM_CHECKED(check_count(schema, "columns", schema.columns.size(), 1, kMaxColumns));
  Names names;
  ColumnId last;
  const ColumnSchema* counted = nullptr;
  for (const ColumnSchema& column : schema.columns) {
    LATIUM_CHECKED(check_column(schema, column, names));
    if (column.id <= last || column.id >= schema.next_column) return refused(schema, "the ids of columns do not ascend");
    last = column.id;
    if (!column.auto_increment) continue;
    if (counted != nullptr) {
      return refused(schema, "columns " + quoted(counted->name) + " and " + quoted(column.name) +
                                 " are both auto_increment: one at most may be");
    }
    counted = &column;
  }
  if (schema.next_column.value > kMaxColumnId + 1) {
    return refused(schema,
                   "it has had " + std::to_string(kMaxColumnId) + " columns, and no more can be added: copy it to a new table");
  }
  return {};
}

// `user` is the key or index that lists them.
Result<void> check_key_columns(const TableSchema& schema, const std::string& user, const std::vector<ColumnId>& columns) {
  LATIUM_CHECKED(check_count(schema, "columns of " + user, columns.size(), 1, kMaxKeyColumns));
  std::set<ColumnId> known;
  for (const ColumnId id : columns) {
    const auto found = std::ranges::find(schema.columns, id, &ColumnSchema::id);
    if (found == schema.columns.end()) return refused(schema, user + " names a column that the table does not have");
    if (!known.insert(id).second) return refused(schema, user + " names column " + quoted(found->name) + " twice");
  }
  return {};
}

Result<void> check_primary_key(const TableSchema& schema) {
  if (schema.primary_key.empty()) return refused(schema, "it has no primary key: name the columns that tell its rows apart");
  LATIUM_CHECKED(check_key_columns(schema, "the primary key", schema.primary_key));
  for (const ColumnId id : schema.primary_key) {
    const ColumnSchema& column = schema.column(id);
    if (column.nullable)
      return refused(schema, "column " + quoted(column.name) + " is in the primary key and must not be nullable");
  }
  return {};
}

Result<void> check_indexes(const TableSchema& schema) {
  LATIUM_CHECKED(check_count(schema, "indexes", schema.indexes.size(), 0, kMaxIndexes));
  Names names;
  IndexId last;
  for (const IndexSchema& index : schema.indexes) {
    const std::string name = "index " + quoted(index.name);
    LATIUM_CHECKED(check_new_name(schema, name, index.name, names));
    LATIUM_CHECKED(check_key_columns(schema, name, index.columns));
    if (index.id <= last || index.id >= schema.next_index) return refused(schema, "the ids of indexes do not ascend");
    last = index.id;
    if (index.state < IndexState::write_only || index.state > IndexState::dropping) {
      return refused(schema, name + " is in no known state");
    }
  }
  return {};
}

Result<void> check_foreign_keys(const TableSchema& schema) {
  LATIUM_CHECKED(check_count(schema, "foreign keys", schema.foreign_keys.size(), 0, kMaxForeignKeys));
  for (const ForeignKeySchema& key : schema.foreign_keys) {
    const std::string name = "the foreign key to " + quoted(key.table);
    LATIUM_CHECKED(check_name_of(schema, "the table of a foreign key", key.table));
    LATIUM_CHECKED(check_key_columns(schema, name, key.columns));
    if (key.columns.size() != key.referenced.size()) {
      return refused(schema, name + " has " + std::to_string(key.columns.size()) + " columns here and " +
                                 std::to_string(key.referenced.size()) + " there: give as many");
    }
    for (const std::string& column : key.referenced) {
      LATIUM_CHECKED(check_name_of(schema, "a column that " + name + " names", column));
    }
  }
  return {};
}

Result<void> check_home(const TableSchema& schema) {
  if (schema.tenant_by) {
    const auto found = std::ranges::find(schema.columns, schema.tenant_by, &ColumnSchema::id);
    if (found == schema.columns.end()) return refused(schema, "tenant_by names a column that the table does not have");
    if (found->type != ValueType::text) {
      return refused(schema, "tenant_by names column " + quoted(found->name) + ", which must be text: it holds names of tenants");
    }
  }
  if (schema.parent.empty()) return {};
  if (schema.tenant_by)
    return refused(schema, "it has both a parent and tenant_by: rows lie beside their parent's, leave tenant_by out");
  if (same_name(schema.parent, schema.name)) return refused(schema, "it is its own parent");
  const auto keys =
      std::ranges::count_if(schema.foreign_keys, [&](const auto& key) { return same_name(key.table, schema.parent); });
  if (keys == 1) return {};
  return refused(schema, "it has " + std::to_string(keys) + " foreign keys to its parent " + quoted(schema.parent) +
                             ": one must say which row is the parent");
}

}  // namespace

std::string quoted(std::string_view name) {
  return "'" + (can_be_shown(name) ? std::string(name) : printable(name)) + "'";
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && fold_nocase(a) == fold_nocase(b);
}

std::unexpected<Error> refused(const TableSchema& schema, std::string_view what) {
  return fail(ErrorCode::invalid_argument, "table " + quoted(schema.name) + ": " + std::string(what));
}

Result<void> check_schema(const TableSchema& schema) {
  LATIUM_CHECKED(check_table(schema));
  LATIUM_CHECKED(check_columns(schema));
  LATIUM_CHECKED(check_primary_key(schema));
  LATIUM_CHECKED(check_indexes(schema));
  LATIUM_CHECKED(check_foreign_keys(schema));
  LATIUM_CHECKED(check_home(schema));
  const std::size_t size = encode_schema(schema).size();
  if (size <= kMaxSchemaBytes) return {};
  return refused(schema, "its description takes " + std::to_string(size) + " bytes, above " + std::to_string(kMaxSchemaBytes) +
                             ": shorten defaults and names");
}

}  // namespace latium
