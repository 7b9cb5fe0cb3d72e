#include "bench/embedded_sql.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "latium/sql.h"

namespace latium::bench {

namespace {

constexpr int kInstances = 500;
constexpr int kJoined = 4;
constexpr int kReadsATransaction = 64;

// Keys are uuids in the order in which they were made, as in the tables of a controller.
std::string uuid_of(int i) {
  return "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + i * 7919 % kInstances);
}

std::vector<std::string> join_tables() {
  std::vector<std::string> out = {
      "CREATE TABLE instances (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL UNIQUE, host VARCHAR(255))"};
  for (int i = 0; i < kInstances; ++i) {
    out.push_back("INSERT INTO instances VALUES (" + std::to_string(i + 1) + ", '" + uuid_of(i) + "', 'compute-" +
                  std::to_string(i % 20) + "')");
  }
  for (int table = 1; table <= kJoined; ++table) {
    const std::string name = "extra" + std::to_string(table);
    out.push_back("CREATE TABLE " + name + " (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36) UNIQUE, value TEXT)");
    for (int i = 0; i < kInstances; ++i) {
      out.push_back("INSERT INTO " + name + " VALUES (" + std::to_string(i + 1) + ", '" + uuid_of(i) + "', 'value of " +
                    std::to_string(i) + "')");
    }
  }
  return out;
}

std::string join_statement() {
  std::string columns = "instances.id, instances.host";
  std::string from = "instances";
  for (int table = 1; table <= kJoined; ++table) {
    const std::string name = "extra" + std::to_string(table);
    columns += ", " + name + ".value";
    from += " LEFT OUTER JOIN " + name + " ON " + name + ".instance_uuid = instances.uuid";
  }
  return "SELECT " + columns + " FROM " + from;
}

SqlSession session_of(Database& database, bool checked = true) {
  auto session = database.sql({.check_read_only = checked});
  LATIUM_CHECK(session.has_value(), "a session opens");
  return *std::move(session);
}

void must_execute(sqlite3* db, const std::string& sql) {
  LATIUM_CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, "the tables are filled");
}

}  // namespace

JoinTables::JoinTables() {
  std::string pattern = std::filesystem::current_path() / "embedded_sql_XXXXXX";
  LATIUM_CHECK(mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  auto node = Node::open({.data_dir = directory_, .site = "bench", .bootstrap = true});
  LATIUM_CHECK(node.has_value() && node->create_tenant("t").has_value());
  node_.emplace(*std::move(node));
  database_.emplace(*node_->database("t"));
  SqlSession session = session_of(*database_);
  // One transaction for all rows of a table.
  bool open = false;
  for (const std::string& sql : join_tables()) {
    const bool row = sql.starts_with("INSERT");
    if (row != open) LATIUM_CHECK(session.execute(row ? "BEGIN" : "COMMIT").has_value(), "the rows of a table are committed");
    open = row;
    LATIUM_CHECK(session.execute(sql).has_value(), "the tables are filled");
  }
  LATIUM_CHECK(session.execute("COMMIT").has_value(), "the rows of a table are committed");
}

JoinTables::~JoinTables() {
  LATIUM_CHECK(node_->stop().has_value());
  std::filesystem::remove_all(directory_);
}

void sql_get(benchmark::State& state, Database& database, std::uint64_t rows, bool each_in_its_own, bool checked) {
  SqlSession session = session_of(database, checked);
  auto select = session.prepare("SELECT value FROM plain WHERE id = ?");
  LATIUM_CHECK(select.has_value(), "the statement is right");
  Random random(1);
  int reads = 0;
  for (auto _ : state) {
    if (!each_in_its_own && reads++ % kReadsATransaction == 0) {
      if (reads > 1) LATIUM_CHECK(session.execute("ROLLBACK").has_value(), "a transaction ends");
      LATIUM_CHECK(session.execute("BEGIN").has_value(), "a transaction begins");
    }
    LATIUM_CHECK(select->bind({Value(static_cast<std::int64_t>(random.below(rows)))}).has_value(), "one parameter");
    LATIUM_CHECK(select->step().value_or(false), "every key has a row");
    benchmark::DoNotOptimize(select->row());
    LATIUM_CHECK(select->reset().has_value(), "a run ends");
  }
}

void sql_joins(benchmark::State& state, Database& database, bool checked) {
  SqlSession session = session_of(database, checked);
  auto select = session.prepare(join_statement());
  LATIUM_CHECK(select.has_value(), "the statement is right");
  for (auto _ : state) {
    int found = 0;
    while (select->step().value_or(false)) {
      benchmark::DoNotOptimize(select->row());
      ++found;
    }
    LATIUM_CHECK(found == kInstances && select->reset().has_value(), "every instance has a row");
  }
}

void sqlite_joins(benchmark::State& state) {
  sqlite3* opened = nullptr;
  LATIUM_CHECK(sqlite3_open(":memory:", &opened) == SQLITE_OK, "SQLite opens");
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> db(opened, sqlite3_close_v2);
  for (const std::string& sql : join_tables()) must_execute(db.get(), sql);
  sqlite3_stmt* prepared = nullptr;
  LATIUM_CHECK(sqlite3_prepare_v2(db.get(), join_statement().c_str(), -1, &prepared, nullptr) == SQLITE_OK,
               "the statement is right");
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> select(prepared, sqlite3_finalize);
  for (auto _ : state) {
    int found = 0;
    while (sqlite3_step(select.get()) == SQLITE_ROW) {
      // As values, which is what a caller gets of both.
      std::vector<Value> row = {Value(static_cast<std::int64_t>(sqlite3_column_int64(select.get(), 0)))};
      for (int column = 1; column < sqlite3_column_count(select.get()); ++column) {
        row.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(select.get(), column)));
      }
      benchmark::DoNotOptimize(row);
      ++found;
    }
    LATIUM_CHECK(found == kInstances && sqlite3_reset(select.get()) == SQLITE_OK, "every instance has a row");
  }
}

}  // namespace latium::bench
