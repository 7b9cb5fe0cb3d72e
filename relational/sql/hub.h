// Hub: what the parts of one SQL session share while statements run.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "latium/sql.h"
#include "relational/sql/shadow.h"
#include "relational/sql/table.h"
#include "relational/sql/table_access.h"

namespace latium::sql {

class Run;
struct Cursor;

/// Rows whose keys are no integers, numbered for SQLite while they are in use; and what has to be kept of rows to write them
/// back.
class RowNumbers {
 public:
  std::int64_t number_of(const SqlTable& table, const Row& row);
  /// The primary key of the row with this number; nothing where there is none.
  std::optional<std::vector<Value>> key_of(const SqlTable& table, std::int64_t number) const;
  /// Row::unknown of the row with this number.
  std::string unknown_of(const SqlTable& table, std::int64_t number) const;
  void clear() { tables_.clear(); }

 private:
  struct Table {
    std::vector<std::vector<Value>> keys;  // of the numbers from 1 on
    std::unordered_map<Bytes, std::int64_t> numbers;
    std::map<std::int64_t, std::string> unknown;
  };
  std::map<TableId, Table> tables_;
};

struct Hub {
  Hub(std::unique_ptr<TableAccess> tables, Shadow made, SqlOptions given)
      : access(std::move(tables)), shadow(std::move(made)), options(given) {}

  /// The error that a callback of SQLite's ends with: SQLite only carries its text.
  int failed(sqlite3_vtab* table, Error why);
  /// Counts what was read; `invalid_argument` beyond a limit.
  Result<void> count_read(std::size_t rows);

  /// Writes that wait to be sent together.
  Result<void> flush();
  Result<void> flush_for(const SqlTable& table);

  std::unique_ptr<TableAccess> access;
  Shadow shadow;
  SqlOptions options;
  std::map<std::string, TablePtr> tables{};  ///< by folded name
  SqlStats stats{};                          ///< but for the costs that `access` counts
  std::shared_ptr<Run> run{};                ///< the statement that is stepped
  std::list<Cursor*> cursors{};              ///< open ones, the one that was moved last in front
  std::optional<Error> error{};
  RowNumbers numbers{};
  TablePtr pending_table{};
  std::vector<RowWrite> pending{};
  /// The statement keeps what it did before its error (OR FAIL), or takes back all of the transaction (OR ROLLBACK).
  bool keep_done = false;
  bool roll_back_all = false;
  bool foreign_keys = false;
  /// Rows that were added and changed, as SQL sees them, while somebody wants to know.
  std::optional<std::vector<std::vector<Value>>> written{};
  /// OR IGNORE is about duplicates only (ON CONFLICT DO NOTHING).
  bool only_duplicates = false;
};

}  // namespace latium::sql
