// Cursor: where one scan of a table is.
#pragma once

#include <sqlite3.h>

#include <list>
#include <memory>
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
  std::vector<Plan> plans;
};

struct Cursor : sqlite3_vtab_cursor {
  explicit Cursor(VirtualTable& of);
  ~Cursor();

  VirtualTable& owner() const { return *static_cast<VirtualTable*>(pVtab); }
  /// Goes to the first row that the plan finds with these values.
  Result<void> filter(const Plan& plan, std::vector<sqlite3_value*> arguments);
  Result<void> next();
  bool at_end() const { return set >= sets.size(); }
  const Row& row() const { return sets[set]->rows[at]; }

  std::shared_ptr<Run> run;
  std::vector<RowSetPtr> sets;
  std::size_t set = 0;
  std::size_t at = 0;

 private:
  Result<std::vector<Probe>> probes_of(const Plan& plan, const std::vector<sqlite3_value*>& arguments) const;
  Result<std::optional<std::vector<Value>>> values_of_part(const Plan::Equal& equal, std::size_t position,
                                                           const std::vector<sqlite3_value*>& arguments) const;
  Result<std::vector<Probe>> probes_of_numbers(const Plan& plan, const std::vector<sqlite3_value*>& arguments) const;
  Result<void> settle();
};

/// xUpdate: a row that is added, changed or removed. SQLite's code; `rowid`: of a row that was added.
int update_row(VirtualTable& table, std::vector<sqlite3_value*> arguments, sqlite3_int64& rowid);

}  // namespace latium::sql
