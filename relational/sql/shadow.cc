#include "relational/sql/shadow.h"

#include <algorithm>

#include "relational/schema_parts.h"
#include "relational/sql/foreign_keys.h"
#include "relational/sql_tokens.h"

namespace latium::sql {

namespace {

std::string literal(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return "NULL";
    case ValueType::boolean:
      return value.get<bool>() ? "1" : "0";
    case ValueType::integer:
    case ValueType::real:
    case ValueType::bytes: {
      char* text = nullptr;
      if (value.type() == ValueType::integer) {
        text = sqlite3_mprintf("%lld", static_cast<long long>(value.get<std::int64_t>()));
      } else if (value.type() == ValueType::real) {
        text = sqlite3_mprintf("%!.17g", value.get<double>());
      } else {
        std::string out = "x'";
        for (const char c : value.get<Blob>().bytes) {
          constexpr std::string_view kDigits = "0123456789abcdef";
          out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
          out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
        }
        return out + "'";
      }
      std::string out = text == nullptr ? "NULL" : text;
      sqlite3_free(text);
      return out;
    }
    default:
      return quote_text(sql_form(value).get<std::string>());
  }
}

std::string column_list(const TableSchema& schema, const std::vector<ColumnId>& columns) {
  std::string out;
  for (const ColumnId id : columns) out += (out.empty() ? "" : ", ") + quote_name(schema.column(id).name);
  return "(" + out + ")";
}

bool hidden(const ColumnSchema& column) {
  return column.name == kHiddenKey;
}

std::string column_sql(const TableSchema& schema, const ColumnSchema& column) {
  std::string out = quote_name(column.name) + " " + std::string(declared_type(column.type));
  const bool alone = schema.primary_key.size() == 1 && schema.primary_key[0] == column.id;
  if (alone && column.type == ValueType::integer) return out + " PRIMARY KEY";
  if (!column.nullable) out += " NOT NULL";
  if (!column.default_value.is_null()) out += " DEFAULT " + literal(column.default_value);
  if (column.nocase) out += " COLLATE NOCASE";
  if (alone) out += " PRIMARY KEY";
  return out;
}

bool automatic(std::string_view index) {
  return index.starts_with("sqlite_autoindex_");
}

}  // namespace

std::string columns_query(std::string_view fields, std::string_view table) {
  return "SELECT " + std::string(fields) + " FROM pragma_table_xinfo(" + quote_text(table) + ") WHERE hidden <> 1";
}

std::string create_table_sql(const TableSchema& schema) {
  std::string out = "CREATE TABLE " + quote_name(schema.name) + "(";
  bool first = true;
  for (const ColumnSchema& column : schema.columns) {
    if (hidden(column)) continue;
    out += (first ? "" : ", ") + column_sql(schema, column);
    first = false;
  }
  if (schema.primary_key.size() > 1) out += ", PRIMARY KEY " + column_list(schema, schema.primary_key);
  for (const ForeignKeySchema& key : schema.foreign_keys) {
    out += ", FOREIGN KEY " + column_list(schema, key.columns) + " REFERENCES " + quote_name(key.table) + "(";
    for (std::size_t i = 0; i < key.referenced.size(); ++i) out += (i > 0 ? ", " : "") + quote_name(key.referenced[i]);
    out += ")";
  }
  return out + ")";
}

Result<Shadow> Shadow::open() {
  LATIUM_TRY(Connection db, open_connection());
  return Shadow(std::move(db));
}

Result<void> Shadow::drop(std::string_view table) {
  return run(db_.get(), "DROP TABLE IF EXISTS " + quote_name(table));
}

// The text is what SQL was given, brought up to what has become of the columns by other ways since.
Result<void> Shadow::put(const TableSchema& schema) {
  LATIUM_CHECKED(drop(schema.name));
  const auto same_columns = [&] {
    std::vector<std::string> there;
    const auto statement = prepare(db_.get(), columns_query("name", schema.name));
    while (statement && sqlite3_step(statement->get()) == SQLITE_ROW) there.push_back(text_at(statement->get(), 0));
    std::vector<std::string> wanted;
    for (const ColumnSchema& column : schema.columns) {
      if (!hidden(column)) wanted.push_back(column.name);
    }
    return std::ranges::equal(there, wanted, same_name);
  };
  const bool made = !schema.sql.empty() && run(db_.get(), schema.sql).has_value() && same_columns();
  if (!made) {
    LATIUM_CHECKED(drop(schema.name));
    LATIUM_CHECKED(run(db_.get(), create_table_sql(schema)));
  }
  for (const IndexSchema& index : schema.indexes) {
    if (made && automatic(index.name)) continue;
    // A name is one of the table here, and one of all tables in SQL.
    const std::string name = automatic(index.name) ? schema.name + "_" + index.name.substr(7) : index.name;
    const std::string sql = std::string(index.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    const std::string on = " ON " + quote_name(schema.name) + column_list(schema, index.columns);
    if (run(db_.get(), sql + quote_name(name) + on)) continue;
    LATIUM_CHECKED(run(db_.get(), sql + "IF NOT EXISTS " + quote_name(schema.name + "_" + name) + on));
  }
  return {};
}

Result<SqlTable> Shadow::describe(Schema schema) const {
  SqlTable out{.schema = schema, .name = schema->name, .columns = {}, .rowid = {}};
  out.first = !schema->columns.empty() && hidden(schema->columns.front()) ? 1 : 0;
  LATIUM_TRY(const Prepared columns,
             prepare(db_.get(), columns_query("name, type, \"notnull\", dflt_value, hidden", schema->name)));
  while (sqlite3_step(columns.get()) == SQLITE_ROW) {
    const std::size_t position = out.columns.size() + out.first;
    if (position >= schema->columns.size()) return fail(ErrorCode::internal, "SQL sees other columns than the catalog");
    SqlColumn column{.name = text_at(columns.get(), 0), .declared = text_at(columns.get(), 1)};
    const ColumnSchema& stored = schema->columns[position];
    column.affinity = affinity_of(column.declared);
    column.not_null = sqlite3_column_int(columns.get(), 2) != 0 || !stored.nullable;
    column.default_sql = text_at(columns.get(), 3);
    column.nocase = stored.nocase;
    column.generated = sqlite3_column_int(columns.get(), 4) != 0;
    out.checked = out.checked || column.generated;
    out.columns.push_back(std::move(column));
  }
  if (out.columns.size() + out.first != schema->columns.size()) {
    return fail(ErrorCode::internal, "SQL sees fewer columns than the catalog has");
  }
  if (schema->primary_key.size() == 1 && schema->column(schema->primary_key[0]).type == ValueType::integer) {
    out.rowid = schema->position(schema->primary_key[0]);
  }
  const std::string text = text_of("table", schema->name);
  const auto tokens = tokenize(text);
  if (!schema->sql.empty()) {
    LATIUM_TRY(out.foreign_keys, foreign_keys_of(db_.get(), out, tokens));
  }
  out.checked = out.checked || std::ranges::any_of(tokens, [](const Token& token) { return token.is("CHECK"); }) ||
                (!tokens.empty() && tokens.back().is("STRICT"));
  return out;
}

std::string SqlTable::declaration() const {
  std::string out = "CREATE TABLE x(";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out += (i > 0 ? ", " : "") + quote_name(columns[i].name) + " " + columns[i].declared;
    if (columns[i].nocase) out += " COLLATE NOCASE";
  }
  return out + ")";
}

std::string Shadow::text_of(std::string_view type, std::string_view name) const {
  const auto found = prepare(db_.get(), "SELECT sql FROM sqlite_schema WHERE type = " + quote_text(type) +
                                            " AND lower(name) = lower(" + quote_text(name) + ")");
  if (!found || sqlite3_step(found->get()) != SQLITE_ROW) return {};
  return text_at(found->get(), 0);
}

std::vector<std::string> Shadow::names_of(std::string_view type) const {
  std::vector<std::string> out;
  const auto found = prepare(db_.get(), "SELECT name FROM sqlite_schema WHERE type = " + quote_text(type) +
                                            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid");
  while (found && sqlite3_step(found->get()) == SQLITE_ROW) out.push_back(text_at(found->get(), 0));
  return out;
}

std::string Shadow::table_of_index(std::string_view index) const {
  const auto found = prepare(
      db_.get(), "SELECT tbl_name FROM sqlite_schema WHERE type = 'index' AND lower(name) = lower(" + quote_text(index) + ")");
  if (!found || sqlite3_step(found->get()) != SQLITE_ROW) return {};
  return text_at(found->get(), 0);
}

Result<std::vector<Value>> Shadow::check_row(const SqlTable& table, const std::vector<Value>& row) const {
  std::string columns;
  std::string marks;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (table.columns[i].generated) continue;
    columns += (columns.empty() ? "" : ",") + quote_name(table.columns[i].name);
    marks += (marks.empty() ? "?" : ",?") + std::to_string(i + 1);
  }
  const std::string name = quote_name(table.name);
  LATIUM_CHECKED(run(db_.get(), "SAVEPOINT check_row"));
  const auto out = [&]() -> Result<std::vector<Value>> {
    LATIUM_TRY(const Prepared insert, prepare(db_.get(), "INSERT INTO " + name + "(" + columns + ") VALUES (" + marks + ")"));
    for (std::size_t i = 0; i < row.size(); ++i) bind_value(insert.get(), static_cast<int>(i) + 1, row[i]);
    if (const int code = sqlite3_step(insert.get()); code != SQLITE_DONE) return fail(error_of(db_.get(), code));
    LATIUM_TRY(const Prepared read, prepare(db_.get(), "SELECT * FROM " + name));
    if (const int code = sqlite3_step(read.get()); code != SQLITE_ROW) return fail(error_of(db_.get(), code));
    std::vector<Value> values;
    for (std::size_t i = 0; i < row.size(); ++i) values.push_back(column_value(read.get(), static_cast<int>(i)));
    return values;
  }();
  LATIUM_CHECKED(run(db_.get(), "ROLLBACK TO check_row"));
  LATIUM_CHECKED(run(db_.get(), "RELEASE check_row"));
  return out;
}

Result<Value> Shadow::with_affinity(const Value& value, Affinity affinity) const {
  const ValueType type = value.type();
  const bool kept = value.is_null() || type == ValueType::bytes || affinity == Affinity::blob ||
                    (type == ValueType::text && affinity == Affinity::text) ||
                    (type == ValueType::integer && affinity >= Affinity::numeric && affinity != Affinity::real);
  if (kept) return value;
  LATIUM_TRY(const Prepared statement, prepare(db_.get(), "SELECT ?"));
  if (bind_value(statement.get(), 1, value) != SQLITE_OK || sqlite3_step(statement.get()) != SQLITE_ROW) {
    return fail(ErrorCode::overloaded, "out of memory");
  }
  return latium::sql::with_affinity(sqlite3_column_value(statement.get(), 0), affinity);
}

Result<Value> Shadow::value_of_default(const SqlColumn& column) const {
  if (column.default_sql.empty()) return Value();
  LATIUM_TRY(const Prepared statement, prepare(db_.get(), "SELECT " + column.default_sql));
  if (const int code = sqlite3_step(statement.get()); code != SQLITE_ROW) return fail(error_of(db_.get(), code));
  return column_value(statement.get(), 0);
}

}  // namespace latium::sql
