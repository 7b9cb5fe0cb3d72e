// Running statements that are made of several: all of them or none.
#include <algorithm>

#include "relational/key_codec.h"
#include "relational/schema_parts.h"
#include "relational/sql/composed.h"
#include "relational/sql/engine.h"

namespace latium::sql {

namespace {

// Column names and values as a table that SQLite reads the list of RETURNING from.
std::string row_as_table(const SqlTable& table, std::size_t first) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out += (i > 0 ? ", ?" : "?") + std::to_string(first + i) + " AS " + quote_name(table.columns[i].name);
  }
  return out;
}

std::vector<Value> joined(std::vector<Value> parameters, std::size_t count, const std::vector<Value>& more) {
  parameters.resize(count);
  parameters.insert(parameters.end(), more.begin(), more.end());
  return parameters;
}

}  // namespace

Result<SqlResult> Engine::part(const std::string& sql, std::vector<Value> parameters) {
  LATIUM_TRY(const auto statement, prepare_text(sql));
  // What the part has no use for, it does not take.
  parameters.resize(std::min(parameters.size(), statement->parameters()));
  LATIUM_CHECKED(statement->bind(std::move(parameters)));
  return run_once(*statement);
}

Result<void> Engine::returning(const Composed& what, const SqlTable& table, Statement& statement) {
  if (what.returning.empty()) return {};
  const std::size_t first = what.parameters + 1;
  const std::string query =
      "SELECT " + what.returning + " FROM (SELECT " + row_as_table(table, first) + ") AS " + quote_name(what.alias);
  for (const std::vector<Value>& row : *hub_.written) {
    LATIUM_TRY(SqlResult result, part(query, joined(statement.parameters_, what.parameters, row)));
    statement.own_columns_ = std::move(result.columns);
    for (auto& each : result.rows) statement.own_rows_.push_back(std::move(each));
  }
  if (hub_.written->empty()) {
    LATIUM_TRY(const auto prepared, prepare_text(query));
    statement.own_columns_ = prepared->columns();
  }
  return {};
}

// One row after the other: changed where one of its values is there, added where not.
Result<std::int64_t> Engine::upsert(const Composed& what, const SqlTable& table, const Statement& statement) {
  LATIUM_TRY(const SqlResult rows, part("SELECT * FROM (" + what.source + ")", statement.parameters_));
  std::vector<std::string> columns = what.columns;
  for (std::size_t i = 0; columns.empty() && i < table.columns.size(); ++i) columns.push_back(table.columns[i].name);
  if (what.columns.empty()) {
    columns.clear();
    for (const SqlColumn& column : table.columns) {
      if (!column.generated) columns.push_back(column.name);
    }
  }
  const std::size_t first = what.parameters + 1;
  const std::string name = quote_name(table.name);
  std::string found = "SELECT rowid FROM " + name + " WHERE ";
  for (std::size_t i = 0; i < what.target.size(); ++i) {
    LATIUM_TRY(const std::string value, with_excluded("excluded." + quote_name(what.target[i]), columns, first));
    found += (i > 0 ? " AND " : "") + quote_name(what.target[i]) + " = " + value;
  }
  LATIUM_TRY(const std::string sets, with_excluded(what.sets, columns, first));
  LATIUM_TRY(const std::string where, with_excluded(what.where, columns, first));
  const std::size_t number = first + columns.size();
  const std::string update = "UPDATE " + name + " AS " + quote_name(what.alias) + " SET " + sets + " WHERE rowid = ?" +
                             std::to_string(number) + (where.empty() ? "" : " AND (" + where + ")");
  std::string insert = "INSERT INTO " + name + "(";
  for (std::size_t i = 0; i < columns.size(); ++i) insert += (i > 0 ? ", " : "") + quote_name(columns[i]);
  insert += ") VALUES (";
  for (std::size_t i = 0; i < columns.size(); ++i) insert += (i > 0 ? ", ?" : "?") + std::to_string(first + i);
  insert += ")";
  std::int64_t changes = 0;
  for (const std::vector<Value>& row : rows.rows) {
    if (row.size() != columns.size()) {
      return fail(ErrorCode::invalid_argument,
                  std::to_string(row.size()) + " values for " + std::to_string(columns.size()) + " columns");
    }
    std::vector<Value> parameters = joined(statement.parameters_, what.parameters, row);
    LATIUM_TRY(const SqlResult there, part(found, parameters));
    if (!there.rows.empty()) parameters.push_back(there.rows[0][0]);
    LATIUM_TRY(const SqlResult done, part(there.rows.empty() ? insert : update, std::move(parameters)));
    changes += done.changes;
  }
  return changes;
}

Result<void> Engine::run_parts(const Composed& what, Statement& statement) {
  const auto known = hub_.tables.find(fold_nocase(what.table));
  if (known == hub_.tables.end()) return fail(ErrorCode::invalid_argument, "no such table: " + what.table);
  const TablePtr table = known->second;
  if (what.verb == Composed::Verb::remove) {
    // What is gone cannot be asked.
    const bool where = !what.from.empty();
    LATIUM_TRY(SqlResult rows, part("SELECT " + what.returning + (where ? " FROM " + what.from : ""), statement.parameters_));
    statement.own_columns_ = std::move(rows.columns);
    statement.own_rows_ = std::move(rows.rows);
    LATIUM_TRY(const SqlResult done, part(what.whole, statement.parameters_));
    statement.changes_ = done.changes;
    return {};
  }
  if (what.on_conflict == Composed::OnConflict::update) {
    LATIUM_TRY(statement.changes_, upsert(what, *table, statement));
  } else {
    std::string sql = what.whole;
    if (what.on_conflict == Composed::OnConflict::nothing) {
      sql.replace(0, std::string_view("INSERT").size(), "INSERT OR IGNORE");
    }
    hub_.only_duplicates = what.on_conflict == Composed::OnConflict::nothing;
    LATIUM_TRY(const SqlResult done, part(sql, statement.parameters_));
    statement.changes_ = done.changes;
  }
  hub_.only_duplicates = false;
  return returning(what, *table, statement);
}

// Of what a statement made of several has done, nothing stays. `alone`: it was a transaction of its own.
void Engine::undo_parts(bool alone, const TableAccess::Mark& mark) {
  if (alone) {
    (void)run(db_.get(), "ROLLBACK");
    hub_.access->rollback();
    references_.forget_transaction();
    doomed_.reset();
  } else if (!doomed_) {
    hub_.access->rollback_to(mark);
  }
}

Result<void> Engine::run_composed(Statement& statement) {
  if (in_parts_) {
    // No part is made of parts: what is left of a malformed statement, which SQLite has to see.
    LATIUM_CHECKED(latium::sql::prepare(db_.get(), statement.sql_));
    return fail(ErrorCode::invalid_argument, "the statement is malformed");
  }
  LATIUM_TRY(const Composed what, compose(statement.sql_));
  LATIUM_CHECKED(make_pending_tables());
  if (!hub_.tables.contains(fold_nocase(what.table))) LATIUM_CHECKED(refresh());
  const bool alone = !in_transaction();
  if (alone) LATIUM_CHECKED(run(db_.get(), "BEGIN"));
  hub_.access->means_to_write();
  const auto mark = hub_.access->mark();
  hub_.written.emplace();
  hub_.wan_before = statement.before_.wan_round_trips;
  in_parts_ = true;
  Result<void> done = run_parts(what, statement);
  in_parts_ = false;
  hub_.written.reset();
  if (done) done = references_.check(alone);
  references_.forget_statement();
  hub_.only_duplicates = false;
  if (done) {
    if (!alone) return {};
    LATIUM_CHECKED(run(db_.get(), "COMMIT"));
    return end_transaction();
  }
  Error why = std::move(done).error();
  statement.own_rows_.clear();
  undo_parts(alone, *mark);
  return fail(std::move(why));
}

// The rows go through a temporary table, which is SQLite's own: so it also says which columns there are.
Result<void> Engine::create_table_as(const Statement& statement, const std::string& query) {
  static constexpr std::string_view kRows = "latium_create_as";
  const std::string& name = statement.what_.name;
  LATIUM_CHECKED(make_pending_tables());
  LATIUM_CHECKED(refresh());
  for (const char* const kind : {"table", "view"}) {
    if (!hub_.shadow.text_of(kind, name).empty()) {
      return fail(ErrorCode::invalid_argument, std::string(kind) + " " + name + " already exists");
    }
  }
  const bool alone = !in_transaction();
  if (alone) LATIUM_CHECKED(run(db_.get(), "BEGIN"));
  hub_.access->means_to_write();
  const auto mark = hub_.access->mark();
  hub_.wan_before = statement.before_.wan_round_trips;
  bool made = false;
  in_parts_ = true;
  auto done = [&]() -> Result<void> {
    LATIUM_CHECKED(part("CREATE TEMP TABLE " + std::string(kRows) + " AS " + query, statement.parameters_));
    LATIUM_TRY(const Prepared columns,
               latium::sql::prepare(db_.get(), "SELECT sql FROM temp.sqlite_schema WHERE name = " + quote_text(kRows)));
    if (sqlite3_step(columns.get()) != SQLITE_ROW) return fail(ErrorCode::internal, "a table that was just made is not there");
    const std::string text = text_at(columns.get(), 0);
    const std::string sql = "CREATE TABLE " + quote_name(name) + text.substr(text.find('('));
    LATIUM_CHECKED(run(hub_.shadow.db(), sql));
    auto definition = hub_.shadow.definition_of(name);
    if (definition) {
      auto created = hub_.access->create_table(*definition);
      made = created.has_value();
      if (!made) definition = fail(std::move(created).error());
    }
    if (!made) {
      LATIUM_CHECKED(hub_.shadow.drop(name));
      return fail(std::move(definition).error());
    }
    LATIUM_CHECKED(refresh());
    LATIUM_CHECKED(part("INSERT INTO " + quote_name(name) + " SELECT * FROM temp." + std::string(kRows), {}));
    return {};
  }();
  in_parts_ = false;
  (void)run(db_.get(), "DROP TABLE IF EXISTS temp." + std::string(kRows));
  if (done && alone) {
    done = run(db_.get(), "COMMIT");
    if (done) done = end_transaction();
  }
  if (done) return done;
  Error why = std::move(done).error();
  undo_parts(alone, *mark);
  // Its rows are not there; whether a commit without an answer has put them there, who asks has to see.
  if (made && why.certainty == Certainty::not_applied) {
    (void)hub_.access->drop_table(name);
    (void)refresh();
  }
  return fail(std::move(why));
}

}  // namespace latium::sql
