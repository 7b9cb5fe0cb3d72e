// Changes of tables. The shadow runs the text, so that SQLite says what is wrong with it; the catalog is told what came of it.
#include <algorithm>

#include "relational/key_codec.h"
#include "relational/schema_parts.h"
#include "relational/sql/engine.h"
#include "relational/sql_tokens.h"
#include "runtime/clock.h"

namespace latium::sql {

namespace {

using Kind = StatementKind;

// Other nodes may use the form before for some 6 s: each change waits for that.
constexpr Duration kChangeTimeout = std::chrono::seconds(30);

std::vector<std::string> column_names(const Shadow& shadow, const std::string& table) {
  std::vector<std::string> out;
  const auto list = prepare(shadow.db(), columns_query("name", table));
  while (list && sqlite3_step(list->get()) == SQLITE_ROW) out.push_back(text_at(list->get(), 0));
  return out;
}

// What ALTER TABLE did to the columns, as a change of the schema.
Result<TableSchema> follow(const TableSchema& schema, const TableDefinition& after, const std::vector<std::string>& before,
                           const std::vector<std::string>& now) {
  if (now.size() > before.size()) {
    const auto added = std::ranges::find(after.columns, now.back(), &Column::name);
    if (added == after.columns.end()) return fail(ErrorCode::internal, "a column that was added is not there");
    return add_column(schema, *added);
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (i < now.size() && before[i] == now[i]) continue;
    if (now.size() < before.size()) return drop_column(schema, before[i]);
    return rename_column(schema, before[i], now[i]);
  }
  return fail(ErrorCode::invalid_argument, "this ALTER TABLE is not supported: ADD, DROP and RENAME COLUMN are");
}

}  // namespace

void Engine::set_ddl_deadline() {
  const Duration timeout = std::max<Duration>(hub_.options.timeout, kChangeTimeout);
  deadline_ = saturating_add(hub_.access->now(), timeout);
  hub_.access->set_deadline(deadline_);
}

Result<void> Engine::run_ddl(Statement& statement) {
  const Classified& what = statement.what_;
  statement.own_ = true;
  set_ddl_deadline();
  switch (what.kind) {
    case Kind::refused:
      return fail(ErrorCode::invalid_argument, what.why);
    case Kind::nothing:
      return {};
    case Kind::foreign_keys:
      return run_foreign_keys_pragma(statement, hub_.foreign_keys, false);
    case Kind::defer_foreign_keys:
      return run_foreign_keys_pragma(statement, references_.defer_all, true);
    case Kind::explain_latium:
      return explain(statement);
    case Kind::composed:
      return run_composed(statement);
    case Kind::create_table:
      return create_table(statement);
    case Kind::create_index:
      return create_index(statement);
    default:
      break;
  }
  LATIUM_CHECKED(make_pending_tables());
  LATIUM_CHECKED(refresh());
  switch (what.kind) {
    case Kind::drop_table:
      return drop_table(statement);
    case Kind::drop_index:
      return drop_index(statement);
    case Kind::alter_table:
      return alter_table(statement);
    case Kind::create_view:
      return create_view(statement);
    case Kind::drop_view:
      return drop_view(statement);
    default:
      return fail(ErrorCode::internal, "a statement that nobody runs");
  }
}

Result<void> Engine::create_table(const Statement& statement) {
  const std::string& name = statement.what_.name;
  if (!hub_.shadow.text_of("table", name).empty() && statement.what_.if_exists) return {};
  const auto tokens = tokenize(statement.sql_);
  for (std::size_t i = 0; i + 1 < tokens.size() && !tokens[i].is_symbol('('); ++i) {
    if (tokens[i].is("AS")) return create_table_as(statement, statement.sql_.substr(tokens[i + 1].begin));
  }
  LATIUM_CHECKED(run(hub_.shadow.db(), statement.sql_));
  unmade_.push_back(name);
  if (in_transaction() || gather_) {
    // What cannot be is said now.
    auto definition = hub_.shadow.definition_of(name);
    if (definition) {
      auto schema = make_schema(*definition, TableId{1});
      if (schema) return {};
      definition = fail(std::move(schema).error());
    }
    unmade_.pop_back();
    LATIUM_CHECKED(hub_.shadow.drop(name));
    return fail(std::move(definition).error());
  }
  auto made = make_pending_tables();
  if (!made && made.error().code == ErrorCode::already_exists && statement.what_.if_exists) return refresh();
  return made;
}

// With all indexes that were asked for since.
Result<void> Engine::make_pending_tables() {
  if (unmade_.empty()) return {};
  set_ddl_deadline();
  for (const std::string& name : std::exchange(unmade_, {})) {
    auto made = [&]() -> Result<void> {
      LATIUM_TRY(const TableDefinition definition, hub_.shadow.definition_of(name));
      return hub_.access->create_table(definition);
    }();
    if (made) continue;
    LATIUM_CHECKED(hub_.shadow.drop(name));
    (void)refresh();
    return made;
  }
  return refresh();
}

Result<void> Engine::change_and_take(const std::string& table, TableAccess::Change change) {
  auto changed = hub_.access->change_table(table, std::move(change));
  // Whatever became of it, the shadow has to be as the catalog is.
  hub_.tables.erase(fold_nocase(table));
  auto refreshed = refresh();
  if (!changed) return changed;
  return refreshed;
}

Result<void> Engine::create_index(const Statement& statement) {
  const std::string& name = statement.what_.name;
  const bool unmade = !unmade_.empty();
  if (!unmade) LATIUM_CHECKED(refresh());
  if (!hub_.shadow.table_of_index(name).empty() && statement.what_.if_exists) return {};
  LATIUM_CHECKED(run(hub_.shadow.db(), statement.sql_));
  const std::string table = hub_.shadow.table_of_index(name);
  const auto undo = [&](Error why) -> Result<void> {
    LATIUM_CHECKED(run(hub_.shadow.db(), "DROP INDEX IF EXISTS " + quote_name(name)));
    return fail(std::move(why));
  };
  auto definition = hub_.shadow.definition_of(table);
  if (!definition) return undo(std::move(definition).error());
  const bool new_table = std::ranges::any_of(unmade_, [&](const std::string& each) { return same_name(each, table); });
  if (new_table) return {};
  const auto index = std::ranges::find_if(definition->indexes, [&](const Index& each) { return same_name(each.name, name); });
  if (index == definition->indexes.end()) return undo({ErrorCode::internal, "the index is not there"});
  if (auto built = hub_.access->create_index(table, *index); !built) return undo(std::move(built).error());
  hub_.tables.erase(fold_nocase(table));
  return refresh();
}

Result<void> Engine::drop_index(const Statement& statement) {
  const std::string& name = statement.what_.name;
  const std::string table = hub_.shadow.table_of_index(name);
  if (table.empty() && statement.what_.if_exists) return {};
  LATIUM_CHECKED(run(hub_.shadow.db(), statement.sql_));
  auto dropped = hub_.access->drop_index(table, name);
  hub_.tables.erase(fold_nocase(table));
  auto refreshed = refresh();
  if (!dropped) return dropped;
  return refreshed;
}

Result<void> Engine::drop_table(const Statement& statement) {
  const std::string& name = statement.what_.name;
  const auto known = hub_.tables.find(fold_nocase(name));
  if (known == hub_.tables.end()) {
    if (statement.what_.if_exists) return {};
    return fail(ErrorCode::invalid_argument, "no such table: " + name);
  }
  const TablePtr table = known->second;
  if (auto unnamed = references_.check_unnamed(*table); !unnamed) {
    if (!in_transaction()) hub_.access->rollback();
    return unnamed;
  }
  LATIUM_CHECKED(hub_.access->drop_table(table->name));
  return refresh();
}

Result<void> Engine::alter_table(const Statement& statement) {
  const auto known = hub_.tables.find(fold_nocase(statement.what_.name));
  if (known == hub_.tables.end()) return fail(ErrorCode::invalid_argument, "no such table: " + statement.what_.name);
  const std::string name = known->second->name;
  const auto tokens = tokenize(statement.sql_);
  const auto rename = std::ranges::find_if(tokens, [](const Token& token) { return token.is("RENAME"); });
  if (rename != tokens.end() && tokens.end() - rename == 3 && (rename + 1)->is("TO")) {
    return rename_table(statement, name, (rename + 2)->name());
  }
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].is("AS") || !tokens[i + 1].is_symbol('(')) continue;
    return fail(ErrorCode::invalid_argument,
                "a generated column cannot be added, as the rows that are there have no value of it: make the table anew");
  }
  const std::vector<std::string> before = column_names(hub_.shadow, name);
  LATIUM_CHECKED(run(hub_.shadow.db(), statement.sql_));
  const std::vector<std::string> now = column_names(hub_.shadow, name);
  auto after = hub_.shadow.definition_of(name);
  if (!after) {
    hub_.tables.erase(fold_nocase(name));
    LATIUM_CHECKED(refresh());
    return fail(std::move(after).error());
  }
  const std::string text = known->second->schema->sql;
  return change_and_take(name, [=, after = *after](const TableSchema& schema) -> Result<TableSchema> {
    LATIUM_TRY(TableSchema next, follow(schema, after, before, now));
    if (schema.sql.empty()) return next;
    if (schema.sql != text) return fail(ErrorCode::conflict, "table " + name + " was changed by another session: do it again");
    next.sql = after.sql;
    next.sql_references = after.sql_references;
    return next;
  });
}

// The shadow does it too, and so says what views become that name it.
Result<void> Engine::rename_table(const Statement& statement, const std::string& from, const std::string& to) {
  const bool made_by_sql = !hub_.tables.at(fold_nocase(from))->schema->sql.empty();
  auto renamed = run(hub_.shadow.db(), statement.sql_);
  if (!renamed) return renamed;
  renamed = hub_.access->rename_table(from, to, made_by_sql ? hub_.shadow.text_of("table", to) : std::string());
  if (renamed) renamed = follow_views();
  // Whatever became of it, the shadow has to be as the catalog is, also with those that name it.
  std::vector<std::string> changed{fold_nocase(from)};
  for (const auto& [folded, table] : hub_.tables) {
    const bool names = std::ranges::any_of(table->foreign_keys, [&](const auto& key) { return same_name(key.table, from); });
    if (names) changed.push_back(folded);
  }
  for (const std::string& folded : changed) drop(folded);
  LATIUM_CHECKED(hub_.shadow.drop(to));
  auto refreshed = refresh();
  if (!renamed) return renamed;
  return refreshed;
}

// Views that the shadow has changed with a table.
Result<void> Engine::follow_views() {
  LATIUM_TRY(const auto all, hub_.access->views());
  for (const auto& [name, sql] : all) {
    const std::string now = hub_.shadow.text_of("view", name);
    if (now.empty() || now == sql) continue;
    if (auto replaced = hub_.access->replace_view(name, now); !replaced) {
      Error why = std::move(replaced).error();
      why.message = "the table is renamed, but view " + name + " still names it as before: make it anew: " + why.message;
      return fail(std::move(why));
    }
    // refresh() makes it anew.
    LATIUM_CHECKED(run(hub_.shadow.db(), "DROP VIEW " + quote_name(name)));
  }
  return {};
}

Result<void> Engine::create_view(const Statement& statement) {
  const std::string& name = statement.what_.name;
  if (!hub_.shadow.text_of("view", name).empty() && statement.what_.if_exists) return {};
  LATIUM_CHECKED(run(hub_.shadow.db(), statement.sql_));
  const std::string text = hub_.shadow.text_of("view", name);
  LATIUM_CHECKED(run(hub_.shadow.db(), "DROP VIEW " + quote_name(name)));
  LATIUM_CHECKED(hub_.access->create_view(name, text));
  return refresh_views();
}

Result<void> Engine::drop_view(const Statement& statement) {
  const std::string& name = statement.what_.name;
  const auto known = std::ranges::find_if(views_, [&](const std::string& each) { return same_name(each, name); });
  if (known == views_.end()) {
    if (statement.what_.if_exists) return {};
    return fail(ErrorCode::invalid_argument, "no such view: " + name);
  }
  LATIUM_CHECKED(hub_.access->drop_view(*known));
  return refresh_views();
}

Result<void> Engine::run_foreign_keys_pragma(Statement& statement, bool& value, bool in_transaction_too) {
  const auto tokens = tokenize(statement.sql_);
  const Token& last = tokens.back().is_symbol(')') ? tokens[tokens.size() - 2] : tokens.back();
  if (last.is("foreign_keys") || last.is("defer_foreign_keys")) {
    statement.own_columns_ = {fold_nocase(last.text)};
    statement.own_rows_ = {{Value(value ? 1 : 0)}};
    return {};
  }
  // As in SQLite, foreign_keys is without effect inside a transaction.
  if (in_transaction() && !in_transaction_too) return {};
  value = last.is("ON") || last.is("TRUE") || last.is("YES") || last.text == "1";
  return run(db_.get(), statement.sql_);
}

// EXPLAIN LATIUM ...: how SQLite goes about it, and what it cost.
Result<void> Engine::explain(Statement& statement) {
  const auto tokens = tokenize(statement.sql_);
  if (tokens.size() < 3) return fail(ErrorCode::invalid_argument, "EXPLAIN LATIUM needs a query behind it");
  const std::string query = statement.sql_.substr(tokens[2].begin);
  statement.own_columns_ = {"item", "value"};
  LATIUM_TRY(const auto plan, prepare_text("EXPLAIN QUERY PLAN " + query));
  LATIUM_TRY(const SqlResult lines, run_once(*plan));
  for (const auto& line : lines.rows) statement.own_rows_.push_back({Value("plan"), line.back()});
  statement.own_rows_.push_back({Value("site"), Value(hub_.access->site())});
  statement.own_rows_.push_back({Value("copies"), Value(hub_.access->placement())});
  LATIUM_TRY(const auto prepared, prepare_text(query));
  if (!prepared->read_only()) {
    statement.own_rows_.push_back({Value("run"), Value("no: it would change tables")});
    return {};
  }
  LATIUM_CHECKED(prepared->bind(statement.parameters_));
  LATIUM_TRY(const SqlResult result, run_once(*prepared));
  const SqlStats& cost = result.stats;
  const std::pair<const char*, std::uint64_t> counts[] = {{"rows", result.rows.size()},
                                                          {"rows_read", cost.rows_read},
                                                          {"batches", cost.batches},
                                                          {"cache_hits", cost.cache_hits},
                                                          {"round_trips", cost.round_trips},
                                                          {"wan_round_trips", cost.wan_round_trips},
                                                          {"replicas_asked", cost.replicas_asked},
                                                          {"bytes", cost.bytes}};
  for (const auto& [name, count] : counts) statement.own_rows_.push_back({Value(name), Value(static_cast<std::int64_t>(count))});
  return {};
}

}  // namespace latium::sql
