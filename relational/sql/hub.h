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
#include "relational/sql/kept_bytes.h"
#include "relational/sql/shadow.h"
#include "relational/sql/table.h"
#include "relational/sql/table_access.h"

namespace latium::sql {

class References;
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
  // `invalid_argument`: a limit of the options is passed.
  Result<void> check_read(std::size_t rows) const;
  Result<void> check_kept() const;
  Result<void> check_wan() const;

  /// TableAccess::find(), counted.
  Result<std::vector<Found>> find(const TablePtr& table, std::vector<LookUp> wanted, std::size_t limit);

  /// Writes that wait to be sent together.
  Result<void> flush();
  Result<void> flush_for(const SqlTable& table);

  std::unique_ptr<TableAccess> access;
  Shadow shadow;
  SqlOptions options;
  std::map<std::string, TablePtr> tables{};  ///< by folded name
  std::uint64_t tables_version = 1;          ///< up with each change of them
  References* references = nullptr;          ///< the engine's
  SqlStats stats{};                          ///< but for the costs that `access` counts
  std::shared_ptr<Run> run{};                ///< the statement that is stepped
  std::list<Cursor*> cursors{};              ///< open ones, the one that was moved last in front
  std::optional<Error> error{};
  RowNumbers numbers{};
  TablePtr pending_table{};
  std::vector<RowWrite> pending{};
  KeptBytes pending_kept{};
  std::size_t kept = 0;          ///< bytes, beside what `access` keeps
  std::uint32_t wan_before = 0;  ///< SqlStats::wan_round_trips when the statement began
  /// The statement keeps what it did before its error (OR FAIL), or takes back all of the transaction (OR ROLLBACK).
  bool keep_done = false;
  bool roll_back_all = false;
  bool foreign_keys = false;
  /// Rows that SQLite counts as changed, and that were gone when their turn came.
  std::int64_t left_out = 0;
  /// Rows that were added and changed, as SQL sees them, while somebody wants to know.
  std::optional<std::vector<std::vector<Value>>> written{};
  /// OR IGNORE is about duplicates only (ON CONFLICT DO NOTHING).
  bool only_duplicates = false;
};

}  // namespace latium::sql
