// SqlSession: SQL on the tables of a tenant, in the dialect of SQLite.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latium/error.h"
#include "latium/registers.h"
#include "latium/value.h"

namespace latium {

struct SqlOptions {
  /// As SessionOptions has them. A statement that writes, and finds nothing to change, is no transaction that only reads.
  bool serializable = true;
  Consistency reads = Consistency::local;
  bool check_read_only = true;
  /// Of each statement, and of each change of a table; 1 ms to 24 h.
  std::chrono::milliseconds timeout{10'000};
  /// Of each statement, up to its commit: what that takes is done when it is known, and SqlStats tells it.
  std::optional<std::uint32_t> max_wan_round_trips{};
  /// Of each statement: rows that it may return, and rows that it may read. At least 1.
  std::size_t max_rows = 1'000'000;
  std::size_t max_rows_read = 10'000'000;
  /// Memory that a session may take, about: rows that its statements have fetched and return, those that its transaction has read
  /// and written, and any one value. What SQLite sorts or groups is not among it. At least 1 MiB.
  std::size_t max_bytes = 256 << 20;
  /// Prepared statements to keep for their next use, those that were used last; 0: none.
  std::size_t statement_cache = 100;
  /// As PRAGMA foreign_keys has it at the beginning: whether foreign keys of tables that SQL made are enforced. Those of tables
  /// that C++ made always are.
  bool foreign_keys = false;
};

/// Of one statement, or of all of a session.
struct SqlStats {
  std::uint32_t round_trips = 0;      ///< between nodes, one after another
  std::uint32_t wan_round_trips = 0;  ///< those of them that had to leave the site
  std::uint32_t replicas_asked = 0;   ///< most in one round trip, this node included
  std::uint64_t bytes = 0;            ///< keys and values sent and received, about
  std::uint64_t wan_bytes = 0;        ///< those of them that left or entered the site; not told over the wire yet
  std::uint64_t batches = 0;          ///< calls of the tables, each for any number of keys and ranges of one table
  std::uint64_t rows_read = 0;        ///< that came of them
  std::uint64_t rows_returned = 0;
  std::uint64_t cache_hits = 0;  ///< look-ups that were answered from what an earlier batch of the statement fetched

  friend bool operator==(const SqlStats&, const SqlStats&) = default;
};

struct SqlResult {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
  std::int64_t changes = 0;         ///< rows that an INSERT, UPDATE or DELETE changed
  std::int64_t last_insert_id = 0;  ///< the INTEGER PRIMARY KEY of the last row that the session inserted
  SqlStats stats;
};

/// A prepared statement: bound and stepped through, any number of times. A handle: cheap to move; used as its session is, and it
/// keeps that alive. At most one call at a time over all statements of a session.
///
/// Errors: those of SqlSession.
class SqlStatement {
 public:
  /// All parameters, by number; those that are missing are null. Ends a run. `invalid_argument`: there are more than it takes.
  Result<void> bind(std::vector<Value> parameters);
  /// On to the next row: false when there is none left. Rows come as they are found, not all at once.
  Result<bool> step();
  /// The row that step() has come to; empty when there is none.
  std::vector<Value> row() const;
  std::vector<std::string> columns() const;
  /// Ends a run, so that the next step() begins again. The values stay bound.
  Result<void> reset();

  std::size_t parameters() const;  ///< how many it takes
  bool read_only() const;          ///< it changes no table
  std::int64_t changes() const;    ///< rows that the last run changed
  SqlStats stats() const;          ///< of the last run

 private:
  friend class SqlSession;
  struct Impl;
  explicit SqlStatement(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// A connection to the tables of a tenant. Outside BEGIN ... COMMIT each statement is a transaction of its own. Writes are kept
/// in the session until the commit, which takes effect as that of Session does. A handle: cheap to move, any thread, one call at
/// a time but for interrupt(); its calls block, and run on their caller's thread. It outlives neither its node nor its tenant.
///
/// Parameters and results: null, integer, real, text and bytes are those of SQLite. A boolean is 0 or 1; a timestamp is
/// "2026-01-31 12:00:00.000000", a uuid and json are text.
///
/// Errors of all calls: `invalid_argument` (the SQL is wrong, not supported, or beyond a limit of the options; or a NOT NULL or
/// CHECK constraint; the message is SQLite's where SQLite has one), `already_exists` (a UNIQUE or PRIMARY KEY constraint),
/// `broken_reference` (a FOREIGN KEY constraint), `conflict` (another session was first: roll back, and do all of the transaction
/// again), `cancelled` (interrupt()), `deadline_exceeded`, `unavailable`, `unknown_outcome` (of a commit), `unknown_tenant`,
/// `overloaded`, `corruption`. An error of a statement undoes what the statement did, and no more. Source: docs/sql.md.
class SqlSession {
 public:
  /// One statement, all of it: its rows are in the result.
  Result<SqlResult> execute(std::string_view sql, std::vector<Value> parameters = {});
  /// One statement, to be run many times or row by row. An empty text is `invalid_argument`.
  Result<SqlStatement> prepare(std::string_view sql);
  /// Any number of statements with `;` behind each, without parameters; their rows are dropped. The first error ends it.
  Result<void> script(std::string_view sql);

  bool in_transaction() const;
  /// What runs ends with `cancelled`, at once. Any thread, at any time. A call that waits for the node takes its transaction with
  /// it: of that nothing stays, and all is refused with `cancelled` until ROLLBACK. A commit that waits, and a change of a table,
  /// end with `unknown_outcome`: they go on by themselves, as long as they have time.
  void interrupt();
  /// Of the session up to now.
  SqlStats stats() const;

 private:
  friend class Database;
  struct Impl;
  explicit SqlSession(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
