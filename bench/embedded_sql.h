// What embedded_bench measures of SQL on tables of one node: a row by key with a prepared statement, and joins beside SQLite
// itself with the same tables in memory.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <string>

#include "latium/database.h"
#include "latium/node.h"

namespace latium::bench {

/// A node with the tables of the joins: 500 instances, and four tables with one row an instance.
class JoinTables {
 public:
  JoinTables();
  ~JoinTables();
  JoinTables(const JoinTables&) = delete;
  JoinTables& operator=(const JoinTables&) = delete;

  Database& database() { return *database_; }

 private:
  std::string directory_;
  std::optional<Node> node_;
  std::optional<Database> database_;
};

/// One row of `plain` (embedded_sessions.h) by key: in a transaction of its own; or in one that ends after 64 reads. `checked`:
/// SqlOptions::check_read_only.
void sql_get(benchmark::State& state, Database& database, std::uint64_t rows, bool each_in_its_own, bool checked);
/// All instances, and what the other four tables have of each.
void sql_joins(benchmark::State& state, Database& database, bool checked);
/// The same statement on SQLite in memory.
void sqlite_joins(benchmark::State& state);

}  // namespace latium::bench
