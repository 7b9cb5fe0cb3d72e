// Engine: a SQL session over TableAccess. SQLite parses, plans, joins and sorts; rows, indexes, constraints and transactions are
// ours.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "latium/sql.h"
#include "relational/sql/connection.h"
#include "relational/sql/hub.h"
#include "relational/sql/references.h"
#include "relational/sql/statement_cache.h"
#include "relational/sql/statement_kind.h"

namespace latium::sql {

class Engine;
struct Composed;

/// As SqlStatement.
class Statement {
 public:
  Statement(Engine& engine, std::string sql, Classified what);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Result<void> bind(std::vector<Value> parameters);
  Result<bool> step();
  std::vector<Value> row() const;
  std::vector<std::string> columns() const;
  void reset();

  std::size_t parameters() const;
  bool read_only() const;
  std::int64_t changes() const { return changes_; }
  const SqlStats& stats() const { return stats_; }

 private:
  friend class Engine;

  const std::string sql_;
  Engine& engine_;
  Classified what_;
  Prepared prepared_;
  std::uint64_t generation_ = 0;  // of the tables that it was prepared for
  std::vector<Value> parameters_;
  bool running_ = false;
  bool has_row_ = false;
  std::shared_ptr<Run> run_;
  std::unique_ptr<TableAccess::Mark> mark_;
  MonotonicTime deadline_{};
  SqlStats before_;  // of the session, when it began
  std::int64_t changes_ = 0;
  SqlStats stats_;
  // Of statements that SQLite does not run.
  std::vector<std::string> own_columns_;
  std::vector<std::vector<Value>> own_rows_;
  std::size_t own_at_ = 0;
  bool own_ = false;
};

/// As SqlSession; one thread at a time, but for interrupt().
class Engine {
 public:
  static Result<std::shared_ptr<Engine>> open(std::unique_ptr<TableAccess> tables, SqlOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<SqlResult> execute(std::string_view sql, std::vector<Value> parameters);
  Result<std::unique_ptr<Statement>> prepare(std::string_view sql);
  Result<void> script(std::string_view sql);
  bool in_transaction() const;
  void interrupt();
  SqlStats stats() const;
  /// Prepared ones that nobody uses now.
  std::size_t statements_kept() const { return statements_.size(); }

 private:
  friend class Statement;

  struct Savepoint {
    std::string name;
    std::unique_ptr<TableAccess::Mark> mark;
  };

  Engine(Connection db, Hub hub);

  // engine.cc: running statements
  Result<void> begin(Statement& statement);
  Result<bool> step(Statement& statement);
  Result<bool> step_sqlite(Statement& statement);
  Result<void> finish(Statement& statement);
  Error give_up(Statement& statement, Error why, bool had_transaction);
  void end(Statement& statement);
  Result<void> compile(Statement& statement);
  void keep(Statement& statement);
  Result<SqlResult> run_once(Statement& statement);
  Result<SqlResult> run_text(std::string_view sql, std::vector<Value> parameters);
  Result<std::unique_ptr<Statement>> prepare_text(std::string_view sql);
  void resume();
  Result<void> end_transaction();
  bool ends_transaction(const Statement& statement) const;
  Result<void> check_references(const Statement& statement);
  void follow_savepoints(const Statement& statement);
  static int watch(void* engine);

  // engine_composed.cc: statements made of several
  Result<void> run_composed(Statement& statement);
  Result<void> create_table_as(const Statement& statement, const std::string& query);
  Result<void> run_parts(const Composed& what, Statement& statement);
  void undo_parts(bool alone, const TableAccess::Mark& mark);
  Result<SqlResult> part(const std::string& sql, std::vector<Value> parameters);
  Result<std::int64_t> upsert(const Composed& what, const SqlTable& table, const Statement& statement);
  Result<void> returning(const Composed& what, const SqlTable& table, Statement& statement);

  // engine_tables.cc: the tables that SQL sees
  Result<void> refresh();
  void tables_changed();
  Result<void> take(const Schema& schema);
  void drop(const std::string& folded);
  Result<void> refresh_views();

  // ddl.cc
  Result<void> run_ddl(Statement& statement);
  Result<void> create_table(const Statement& statement);
  Result<void> create_index(const Statement& statement);
  Result<void> drop_index(const Statement& statement);
  Result<void> drop_table(const Statement& statement);
  Result<void> alter_table(const Statement& statement);
  Result<void> rename_table(const Statement& statement, const std::string& from, const std::string& to);
  Result<void> follow_views();
  Result<void> create_view(const Statement& statement);
  Result<void> drop_view(const Statement& statement);
  Result<void> make_pending_tables();
  Result<void> explain(Statement& statement);
  Result<void> run_foreign_keys_pragma(Statement& statement, bool& value, bool in_transaction_too);
  Result<void> change_and_take(const std::string& table, TableAccess::Change change);
  void set_ddl_deadline();

  Hub hub_;
  References references_{hub_};
  Connection db_;
  StatementCache statements_;
  std::uint64_t generation_ = 1;
  std::vector<Savepoint> savepoints_;
  bool began_ = false;               // a transaction of several statements
  bool began_by_savepoint_ = false;  // so the release of the first one is a commit
  bool in_parts_ = false;            // a statement that is made of several: what has to hold, holds at its end
  /// The transaction met a conflict: it can only be rolled back.
  std::optional<Error> doomed_;
  /// Tables that CREATE TABLE has made in this transaction, and that the catalog is told of when they are first needed: so their
  /// indexes are made with them.
  std::vector<std::string> unmade_;
  std::vector<std::string> views_;
  std::size_t running_ = 0;
  bool gather_ = false;  // a script: tables wait for their indexes outside transactions too
  std::uint32_t attempts_ = 0;
  MonotonicTime deadline_{};
};

}  // namespace latium::sql
