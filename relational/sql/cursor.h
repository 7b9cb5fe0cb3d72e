// Cursor: where one scan of a table is.
#pragma once

#include <sqlite3.h>

#include <deque>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "relational/sql/run.h"

namespace latium::sql {

struct Cursor;

/// One table on one connection. Freed by SQLite when nobody uses it any more.
struct VirtualTable : sqlite3_vtab {
  VirtualTable(sqlite3* connection, Hub& shared, TablePtr what)
      : sqlite3_vtab{}, db(connection), hub(shared), table(std::move(what)) {}

  /// The number of the plan, which statements refer to.
  int number_of(Plan plan);

  sqlite3* db;
  Hub& hub;
  TablePtr table;
  std::deque<Plan> plans;  // which stay where they are
};

struct Cursor : sqlite3_vtab_cursor {
  explicit Cursor(VirtualTable& of);
  ~Cursor();

  VirtualTable& owner() const { return *static_cast<VirtualTable*>(pVtab); }
  /// Goes to the first row that the plan finds with these values.
  Result<void> filter(const Plan& plan, std::span<sqlite3_value*> arguments);
  Result<void> next();
  bool at_end() const { return row_ == nullptr; }
  const Row& row() const { return *row_; }
  /// The row lives as long as the statement runs.
  bool row_stays() const { return image != nullptr; }
  /// As others look for values in it. Precondition: it is not at its end.
  Source source() const;

  std::shared_ptr<Run> run;

 private:
  using Arguments = std::span<sqlite3_value*>;

  Result<std::vector<Probe>> probes_of(const Plan& plan, Arguments arguments) const;
  Result<std::optional<std::vector<Value>>> values_of_part(const Plan::Equal& equal, std::size_t position,
                                                           Arguments arguments) const;
  Result<std::vector<Probe>> probes_of_numbers(const Plan& plan, Arguments arguments) const;
  Result<void> settle();
  // Of tables as a whole (cursor_whole.cc).
  Result<bool> find_one(const Plan& plan, Arguments arguments);
  Result<void> pick(const Plan& plan, const std::vector<Probe>& probes, WholeTable& whole);
  Result<void> pick(int index, const Probe& probe, WholeTable& whole);
  void come_first();

  std::list<Cursor*>::iterator place_;  // among the hub's
  std::vector<RowSetPtr> sets;
  std::size_t set = 0;
  std::size_t at = 0;
  std::shared_ptr<ImageUse> image;     // instead of sets
  std::vector<std::uint32_t> picked_;  // rows of the image
  std::vector<Value> values_;          // of one look-up
  const Row* row_ = nullptr;
};

/// What the column can be looked up by. Nothing: rows with other values in the index may be equal in SQLite's eyes.
std::optional<Value> exact_value(const ColumnSchema& stored, Affinity affinity, sqlite3_value* value);

/// xUpdate: a row that is added, changed or removed. SQLite's code; `rowid`: of a row that was added.
int update_row(VirtualTable& table, std::vector<sqlite3_value*> arguments, sqlite3_int64& rowid);

}  // namespace latium::sql
