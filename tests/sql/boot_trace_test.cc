// What a real controller asks, with SQLite itself beside it: the same rows, and few batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "relational/sql/engine.h"
#include "relational/sql_tokens.h"
#include "tests/sql/boot_trace.h"
#include "tests/sql/memory_tables.h"

namespace latium::sql {
namespace {

using latium::testing::TracedStatement;

struct Answer {
  std::vector<std::vector<Value>> rows;
  std::int64_t changed = 0;
  std::string error;
};

Answer ask_sqlite(sqlite3* db, const TracedStatement& statement) {
  Answer out;
  const auto prepared = prepare(db, statement.sql);
  if (!prepared) return {.rows = {}, .error = prepared.error().message};
  for (std::size_t i = 0; i < statement.parameters.size(); ++i) {
    bind_value(prepared->get(), static_cast<int>(i) + 1, statement.parameters[i]);
  }
  const auto before = sqlite3_total_changes64(db);
  int code = 0;
  while ((code = sqlite3_step(prepared->get())) == SQLITE_ROW) {
    auto& row = out.rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(prepared->get()); ++i) row.push_back(column_value(prepared->get(), i));
  }
  if (code != SQLITE_DONE) out.error = sqlite3_errmsg(db);
  out.changed = sqlite3_total_changes64(db) - before;
  return out;
}

std::string text_of(const std::vector<std::vector<Value>>& rows) {
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (const Value& value : row) line += value.to_string() + "|";
    lines.push_back(std::move(line));
  }
  // No statement of the trace says in which order equal rows come.
  std::ranges::sort(lines);
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::size_t tables_in(const std::string& sql, const std::set<std::string>& tables) {
  std::size_t count = 0;
  bool name_follows = false;
  for (const Token& token : tokenize(sql)) {
    if (name_follows && tables.contains(token.name())) ++count;
    name_follows = token.is("FROM") || token.is("JOIN") || token.is("INTO") || token.is("UPDATE") || token.is_symbol('(');
  }
  return count;
}

TEST(BootTrace, EveryStatementAnswersAsSqliteDoesInFewBatches) {
  const auto trace = latium::testing::read_boot_trace();
  ASSERT_GT(trace.boots.size(), 900u);
  std::map<std::string, Connection> native;
  std::map<std::string, std::shared_ptr<Engine>> engines;
  std::map<std::string, std::set<std::string>> tables;
  const auto engine_of = [&](const std::string& database) -> Engine& {
    if (!engines.contains(database)) {
      native[database] = *open_connection();
      engines[database] =
          *Engine::open(std::make_unique<latium::testing::MemoryTables>(std::make_shared<latium::testing::MemoryDatabase>()), {});
    }
    return *engines[database];
  };
  for (const TracedStatement& statement : trace.setup) {
    Engine& engine = engine_of(statement.database);
    ASSERT_EQ(ask_sqlite(native[statement.database].get(), statement).error, "") << statement.sql;
    const auto done = engine.execute(statement.sql, statement.parameters);
    ASSERT_TRUE(done.has_value()) << statement.sql << ": " << done.error().message;
    const auto tokens = tokenize(statement.sql);
    if (tokens[0].is("CREATE") && tokens[1].is("TABLE")) tables[statement.database].insert(tokens[2].name());
  }
  std::set<int> shapes;
  for (const TracedStatement& statement : trace.boots) {
    Engine& engine = engine_of(statement.database);
    const Answer expected = ask_sqlite(native[statement.database].get(), statement);
    ASSERT_EQ(expected.error, "") << statement.sql;
    const auto done = engine.execute(statement.sql, statement.parameters);
    ASSERT_TRUE(done.has_value()) << statement.sql << ": " << done.error().message;
    EXPECT_EQ(text_of(done->rows), text_of(expected.rows)) << statement.sql;
    EXPECT_EQ(done->changes, expected.changed) << statement.sql;
    if (statement.shape < 0) continue;
    shapes.insert(statement.shape);
    if (statement.rows >= 0) {
      EXPECT_EQ(static_cast<std::int64_t>(done->rows.size()), statement.rows) << statement.sql;
    }
    if (statement.changed >= 0 && done->columns.empty()) {
      EXPECT_EQ(done->changes, statement.changed) << statement.sql;
    }
    EXPECT_LE(done->stats.batches, tables_in(statement.sql, tables[statement.database]) + 1)
        << "shape " << statement.shape << ": " << statement.sql;
  }
  EXPECT_EQ(shapes.size(), 88u);
}

}  // namespace
}  // namespace latium::sql
