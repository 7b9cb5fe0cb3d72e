// What the catalog is told of a table that SQL made.
#include <algorithm>

#include "relational/schema_parts.h"
#include "relational/sql/shadow.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

namespace {

std::unexpected<Error> unsupported(const std::string& table, const std::string& what) {
  return fail(ErrorCode::invalid_argument, "table " + printable(table) + ": " + what);
}

struct IndexRow {
  std::string name;
  bool unique = false;
  std::string origin;  // c: CREATE INDEX, u: UNIQUE, pk: PRIMARY KEY
  bool partial = false;
};

Result<std::vector<IndexRow>> indexes_of(sqlite3* db, const std::string& table) {
  LATIUM_TRY(const Prepared list, prepare(db, "SELECT name, \"unique\", origin, partial FROM pragma_index_list(" +
                                                  quote_text(table) + ") ORDER BY seq DESC"));
  std::vector<IndexRow> out;
  while (sqlite3_step(list.get()) == SQLITE_ROW) {
    out.push_back({text_at(list.get(), 0), sqlite3_column_int(list.get(), 1) != 0, text_at(list.get(), 2),
                   sqlite3_column_int(list.get(), 3) != 0});
  }
  return out;
}

Result<std::vector<std::string>> tables_named_by(sqlite3* db, const std::string& table) {
  LATIUM_TRY(const Prepared list,
             prepare(db, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(" + quote_text(table) + ")"));
  std::vector<std::string> out;
  while (sqlite3_step(list.get()) == SQLITE_ROW) out.push_back(text_at(list.get(), 0));
  return out;
}

std::string collation_of(sqlite3* db, const std::string& table, const std::string& column) {
  const char* collation = nullptr;
  sqlite3_table_column_metadata(db, "main", table.c_str(), column.c_str(), nullptr, &collation, nullptr, nullptr, nullptr);
  return collation == nullptr ? "BINARY" : collation;
}

Result<std::vector<std::string>> index_columns(sqlite3* db, const std::string& table, const IndexRow& index) {
  if (index.partial) {
    return unsupported(table, "index " + index.name + " is partial (it has a WHERE), which is not supported: index all rows");
  }
  LATIUM_TRY(const Prepared list, prepare(db, "SELECT cid, name, coll FROM pragma_index_xinfo(" + quote_text(index.name) +
                                                  ") WHERE key ORDER BY seqno"));
  std::vector<std::string> out;
  while (sqlite3_step(list.get()) == SQLITE_ROW) {
    if (sqlite3_column_int(list.get(), 0) < 0) {
      return unsupported(table, "index " + index.name + " is on an expression, which is not supported: add a column for it");
    }
    const std::string column = text_at(list.get(), 1);
    if (!same_name(text_at(list.get(), 2), collation_of(db, table, column))) {
      return unsupported(table, "index " + index.name + " has another collation than its column " + column +
                                    ", which is not supported: give it the column's");
    }
    out.push_back(column);
  }
  return out;
}

// The value of a default that is one and the same for all rows; null where it is none.
Value constant(sqlite3* db, const std::string& sql) {
  const auto tokens = tokenize(sql);
  const bool sign = tokens.size() == 2 && (tokens[0].is_symbol('-') || tokens[0].is_symbol('+'));
  if (tokens.size() != 1 && !sign) return Value();
  const Token& last = tokens.back();
  if (last.kind == Token::Kind::word && !last.is("TRUE") && !last.is("FALSE")) return Value();
  const auto statement = prepare(db, "SELECT " + sql);
  if (!statement || sqlite3_step(statement->get()) != SQLITE_ROW) return Value();
  return column_value(statement->get(), 0);
}

// As the column holds it.
Value constant_of_column(sqlite3* db, const std::string& sql, Affinity affinity) {
  const Value value = constant(db, sql);
  if (value.is_null()) return value;
  const auto statement = prepare(db, "SELECT ?");
  if (!statement || bind_value(statement->get(), 1, value) != SQLITE_OK || sqlite3_step(statement->get()) != SQLITE_ROW)
    return Value();
  return with_affinity(sqlite3_column_value(statement->get(), 0), affinity);
}

// What the text says that PRAGMAs do not tell.
Result<void> check_text(const std::string& table, const std::string& text) {
  const auto tokens = tokenize(text);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i + 1 < tokens.size() && tokens[i].is("ON") && tokens[i + 1].is("CONFLICT")) {
      return unsupported(table, "ON CONFLICT in a constraint is not supported: say INSERT OR ... where rows are written");
    }
  }
  return {};
}

// A row gets its number when it is written, and what is generated is worked out before.
Result<void> check_generated(const std::string& table, const std::string& text, std::string_view number) {
  const auto tokens = tokenize(text);
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].is("AS") || !tokens[i + 1].is_symbol('(')) continue;
    for (const std::size_t end = closing(tokens, i + 1); i < end; ++i) {
      if (!tokens[i].can_name()) continue;
      const std::string name = tokens[i].name();
      const bool numbers =
          same_name(name, number) || same_name(name, "rowid") || same_name(name, "oid") || same_name(name, "_rowid_");
      if (numbers) {
        return unsupported(table, "a generated column cannot depend on " + name +
                                      ", which a row is given when it is written: work that out where it is read");
      }
    }
  }
  return {};
}

}  // namespace

Result<TableDefinition> Shadow::definition_of(const std::string& table) const {
  TableDefinition out{.name = table, .columns = {}, .primary_key = {}};
  out.sql = text_of("table", table);
  LATIUM_CHECKED(check_text(table, out.sql));
  LATIUM_TRY(out.sql_references, tables_named_by(db(), table));
  LATIUM_TRY(const std::vector<IndexRow> indexes, indexes_of(db(), table));
  LATIUM_TRY(const Prepared columns, prepare(db(), columns_query("name, type, \"notnull\", dflt_value, pk", table)));
  std::vector<std::pair<int, std::string>> key;
  bool key_is_integer = false;
  while (sqlite3_step(columns.get()) == SQLITE_ROW) {
    Column column{.name = text_at(columns.get(), 0), .type = ValueType::any};
    const std::string declared = text_at(columns.get(), 1);
    const int place = sqlite3_column_int(columns.get(), 4);
    if (place > 0) {
      key.emplace_back(place, column.name);
      key_is_integer = same_name(declared, "INTEGER");
    }
    column.nullable = sqlite3_column_int(columns.get(), 2) == 0 && place == 0;
    column.default_value = constant_of_column(db(), text_at(columns.get(), 3), affinity_of(declared));
    const std::string collation = collation_of(db(), table, column.name);
    column.nocase = same_name(collation, "NOCASE");
    if (!column.nocase && !same_name(collation, "BINARY")) {
      return unsupported(table,
                         "collation " + collation + " of column " + column.name + " is not supported: use BINARY or NOCASE");
    }
    out.columns.push_back(std::move(column));
  }
  std::ranges::sort(key);
  for (const auto& [place, name] : key) out.primary_key.push_back(name);
  const bool keyed = std::ranges::any_of(indexes, [](const IndexRow& index) { return index.origin == "pk"; });
  if (out.primary_key.size() == 1 && key_is_integer && !keyed) {
    const auto column = std::ranges::find(out.columns, out.primary_key[0], &Column::name);
    column->type = ValueType::integer;
    column->nocase = false;
    column->default_value = Value();
    column->auto_increment = true;
    LATIUM_CHECKED(check_generated(table, out.sql, out.primary_key[0]));
  }
  if (out.primary_key.empty()) {
    out.columns.insert(out.columns.begin(),
                       {.name = std::string(kHiddenKey), .type = ValueType::integer, .auto_increment = true});
    out.primary_key.emplace_back(kHiddenKey);
  }
  for (const IndexRow& index : indexes) {
    LATIUM_TRY(std::vector<std::string> names, index_columns(db(), table, index));
    if (index.origin != "pk") out.indexes.push_back({.name = index.name, .columns = std::move(names), .unique = index.unique});
  }
  return out;
}

}  // namespace latium::sql
