#include "relational/sql/plan.h"

#include <algorithm>
#include <cstring>

namespace latium::sql {

namespace {

// What SQLite is told of tables whose sizes nobody knows.
constexpr double kRowsOfTable = 10'000;
constexpr double kRowsOfValue = 20;  // of one value of an index
constexpr double kRowsOfRange = 1'000;

struct Candidate {
  Plan plan;
  std::vector<int> constraints;  // by argument
  std::size_t lists = 0;
  bool whole = false;  // at most one row each
  double rows = kRowsOfTable;
  double cost = 0;
  bool ordered = false;
};

class Planner {
 public:
  Planner(const SqlTable& table, sqlite3_index_info& info) : table_(table), info_(info) {}

  Candidate best() {
    Candidate best = by_key(Plan::kPrimaryKey, table_.schema->primary_key, true);
    for (std::size_t i = 0; i < table_.schema->indexes.size(); ++i) {
      const IndexSchema& index = table_.schema->indexes[i];
      if (index.state != IndexState::published) continue;
      Candidate other = by_key(static_cast<int>(i), index.columns, index.unique);
      if (other.plan.equal.empty() && !other.plan.low && !other.plan.high) continue;
      if (index.unique && !complete(other, index)) continue;
      if (other.cost < best.cost) best = std::move(other);
    }
    if (Candidate other = by_number(); other.cost > 0 && other.cost < best.cost) best = std::move(other);
    return best;
  }

 private:
  using Constraint = sqlite3_index_info::sqlite3_index_constraint;

  // Of SQL's columns; -1: the row's number.
  int column_of(ColumnId id) const {
    const std::size_t position = table_.schema->position(id);
    if (position < table_.first) return -1;
    return static_cast<int>(position - table_.first);
  }
  bool is_rowid(ColumnId id) const { return table_.rowid && table_.schema->position(id) == *table_.rowid; }

  int find(ColumnId id, std::initializer_list<int> operators) const {
    const int column = column_of(id);
    for (int i = 0; i < info_.nConstraint; ++i) {
      const Constraint& each = info_.aConstraint[i];
      const bool mine = each.iColumn == column || (each.iColumn == -1 && is_rowid(id));
      if (!each.usable || !mine || std::ranges::find(operators, each.op) == operators.end()) continue;
      if (column >= 0 && each.op != SQLITE_INDEX_CONSTRAINT_ISNULL && !same_collation(i, column)) continue;
      return i;
    }
    return -1;
  }
  // What compares in another way finds other rows.
  bool same_collation(int constraint, int column) const {
    const char* collation = sqlite3_vtab_collation(&info_, constraint);
    const bool nocase = table_.columns[static_cast<std::size_t>(column)].nocase;
    return collation == nullptr || sqlite3_stricmp(collation, nocase ? "NOCASE" : "BINARY") == 0;
  }

  static int add(Candidate& out, int constraint) {
    out.constraints.push_back(constraint);
    return static_cast<int>(out.constraints.size()) - 1;
  }

  Candidate by_key(int index, const std::vector<ColumnId>& columns, bool unique) const {
    Candidate out;
    out.plan.index = index;
    for (const ColumnId id : columns) {
      const int equal = find(id, {SQLITE_INDEX_CONSTRAINT_EQ, SQLITE_INDEX_CONSTRAINT_IS});
      const int null = equal >= 0 || unique ? -1 : find(id, {SQLITE_INDEX_CONSTRAINT_ISNULL});
      if (equal < 0 && null < 0) {
        add_bounds(out, id);
        break;
      }
      if (equal < 0) {
        out.plan.equal.push_back({});
        continue;
      }
      // An IS may ask for nulls, of which unique indexes know nothing.
      if (unique && index >= 0 && info_.aConstraint[equal].op == SQLITE_INDEX_CONSTRAINT_IS) break;
      const bool list = sqlite3_vtab_in(&info_, equal, -1) != 0;
      out.lists += list ? 1 : 0;
      const bool nulls = info_.aConstraint[equal].op == SQLITE_INDEX_CONSTRAINT_IS;
      out.plan.equal.push_back({.argument = add(out, equal), .list = list, .nulls = nulls});
    }
    rate(out, columns, unique);
    return out;
  }

  void add_bounds(Candidate& out, ColumnId id) const {
    if (const int low = find(id, {SQLITE_INDEX_CONSTRAINT_GT, SQLITE_INDEX_CONSTRAINT_GE}); low >= 0) {
      out.plan.low = {.argument = add(out, low), .inclusive = info_.aConstraint[low].op == SQLITE_INDEX_CONSTRAINT_GE};
    }
    if (const int high = find(id, {SQLITE_INDEX_CONSTRAINT_LT, SQLITE_INDEX_CONSTRAINT_LE}); high >= 0) {
      sqlite3_value* value = nullptr;
      const bool literal = sqlite3_vtab_rhs_value(&info_, high, &value) == SQLITE_OK;
      out.plan.high = {
          .argument = add(out, high), .inclusive = info_.aConstraint[high].op == SQLITE_INDEX_CONSTRAINT_LE, .literal = literal};
    }
  }

  void rate(Candidate& out, const std::vector<ColumnId>& columns, bool unique) const {
    const std::size_t equal = out.plan.equal.size();
    out.whole = unique && equal == columns.size();
    if (out.whole) {
      out.rows = 1;
    } else if (equal > 0) {
      out.rows = std::max(1.0, kRowsOfValue / static_cast<double>(equal * equal));
    } else {
      out.rows = out.plan.low || out.plan.high ? kRowsOfRange : kRowsOfTable;
    }
    if (equal > 0 && (out.plan.low || out.plan.high)) out.rows = std::max(1.0, out.rows / 4);
    for (std::size_t i = 0; i < out.lists; ++i) out.rows *= 5;
    // Each look-up costs its own.
    out.cost = 10 + out.rows * 2;
    out.ordered = out.lists == 0 && gives_order(out, columns);
    // What has been compared already is not in the number of rows, for SQLite compares again.
  }

  // Whether the rows come in the order that is asked for.
  bool gives_order(const Candidate& out, const std::vector<ColumnId>& columns) const {
    if (info_.nOrderBy == 0) return false;
    std::size_t at = 0;
    for (int i = 0; i < info_.nOrderBy; ++i) {
      if (info_.aOrderBy[i].desc != 0) return false;
      const auto wanted = [&](ColumnId id) {
        return info_.aOrderBy[i].iColumn == column_of(id) || (info_.aOrderBy[i].iColumn == -1 && is_rowid(id));
      };
      // Numbers that are equal to one value: nothing to order by. A look-up of a text may be widened to more.
      while (at < columns.size() && !wanted(columns[at])) {
        const int column = column_of(columns[at]);
        const bool number = column < 0 || table_.columns[static_cast<std::size_t>(column)].affinity >= Affinity::numeric;
        if (at >= out.plan.equal.size() || !number) return false;
        ++at;
      }
      if (at == columns.size()) return false;
      ++at;
    }
    return true;
  }

  // Rows with a null in one of the columns are not in a unique index.
  bool complete(const Candidate& out, const IndexSchema& index) const {
    for (std::size_t i = 0; i < index.columns.size(); ++i) {
      const bool bound = i < out.plan.equal.size() || (i == out.plan.equal.size() && (out.plan.low || out.plan.high));
      if (!bound && table_.schema->column(index.columns[i]).nullable) return false;
    }
    return true;
  }

  Candidate by_number() const {
    Candidate out;
    if (table_.rowid) return out;
    for (int i = 0; i < info_.nConstraint; ++i) {
      const Constraint& each = info_.aConstraint[i];
      if (!each.usable || each.iColumn != -1 || each.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
      out.plan.index = Plan::kNumber;
      const bool list = sqlite3_vtab_in(&info_, i, -1) != 0;
      out.plan.equal.push_back({.argument = add(out, i), .list = list});
      out.rows = 1;
      out.cost = 5;
      break;
    }
    return out;
  }

  const SqlTable& table_;
  sqlite3_index_info& info_;
};

}  // namespace

Plan make_plan(const SqlTable& table, sqlite3_index_info& info) {
  Candidate best = Planner(table, info).best();
  int arguments = 0;
  for (const Plan::Equal& equal : best.plan.equal) {
    if (equal.list) sqlite3_vtab_in(&info, best.constraints[static_cast<std::size_t>(equal.argument)], 1);
  }
  for (const int constraint : best.constraints) info.aConstraintUsage[constraint].argvIndex = ++arguments;
  for (int i = 0; i < info.nConstraint; ++i) {
    if (!info.aConstraint[i].usable) continue;
    if (info.aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_LIMIT)
      best.plan.limit = arguments;
    else if (info.aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_OFFSET)
      best.plan.offset = arguments;
    else
      continue;
    info.aConstraintUsage[i].argvIndex = ++arguments;
  }
  info.estimatedCost = best.cost;
  info.estimatedRows = static_cast<sqlite3_int64>(best.rows);
  info.orderByConsumed = best.ordered ? 1 : 0;
  return std::move(best.plan);
}

const std::vector<ColumnId>& key_columns(const SqlTable& table, const Plan& plan) {
  return plan.index < 0 ? table.schema->primary_key : table.schema->indexes[static_cast<std::size_t>(plan.index)].columns;
}

}  // namespace latium::sql
