// References: what the foreign keys of tables that SQL made ask for, while PRAGMA foreign_keys is on: which rows are changed with
// others, and what has to hold at the end of a statement or of the transaction. Not by counting, as SQLite does, but by the rows:
// what a statement may have broken is noted, and looked at when it is due. All that is read for it is held until the commit.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "relational/sql/hub.h"

namespace latium::sql {

class References {
 public:
  explicit References(Hub& hub) : hub_(hub) {}

  bool on() const { return hub_.foreign_keys; }

  /// Whether rows of other tables, or of this one, may name rows of the table.
  bool may_be_named(const SqlTable& table);
  /// Whether a change of the table's rows may change others which the statement is about too, or that decide what becomes of
  /// them: then each row's turn comes after all that follows from the one before, as in SQLite.
  bool goes_row_by_row(const SqlTable& table);
  /// Whether some row may be named by these columns. `kept`: positions in SqlTable::columns that an UPDATE does not set.
  bool changes_names(const SqlTable& table, const std::set<std::size_t>& kept);

  /// Does the writes, and what follows from them. `names_change`: updates may give a row other values where others name it.
  Result<std::vector<Written>> write(const TablePtr& table, std::vector<RowWrite> writes, bool names_change);
  /// Whether the last error of write() was not of the rows given, but of what follows.
  bool failed_behind() const { return failed_behind_; }
  /// A row that was added, or got other values in columns that are not `kept`: at the end it has to name rows that are there.
  /// `row`: as the table has it.
  Result<void> note(const SqlTable& table, const Row& row, const std::set<std::size_t>& kept);
  /// The row as it is now; nothing: it is gone.
  Result<std::optional<Row>> current(const TablePtr& table, const std::vector<Value>& key);
  /// Rows that have the primary key of `row`, or its values in a unique index, but for the one with the key `mine`: keys.
  Result<std::vector<std::vector<Value>>> duplicates(const TablePtr& table, const Row& row, const std::vector<Value>* mine);

  /// `broken_reference`. `ends`: the transaction ends too, so what was put off is due.
  Result<void> check(bool ends);
  /// A statement begins, or is given up.
  void forget_statement() {
    due_.clear();
    failed_behind_ = false;
  }
  void forget_transaction() {
    forget_statement();
    deferred_.clear();
    defer_all = false;
  }
  /// That no row of another table names one of the table's.
  Result<void> check_unnamed(const SqlTable& table);

  /// PRAGMA defer_foreign_keys: for this transaction.
  bool defer_all = false;

 private:
  /// One foreign key, and how rows are found by it in both directions. Columns are positions in rows as the tables have them.
  struct Link {
    TablePtr child;
    std::size_t number = 0;  // of the child's foreign keys
    TablePtr parent{};
    std::vector<std::size_t> columns{};  // in the order of `named`
    std::vector<std::size_t> named{};    // in the order of the parent's key
    int parent_index = -1;               // -1: the primary key
    /// An index that begins with the columns, where one finds all: positions in Named::values. Nothing: all rows are looked at.
    std::optional<std::string> child_index{};
    std::vector<std::size_t> child_order{};
    std::optional<Error> broken{};  // what SQLite calls a mismatch

    const SqlForeignKey& what() const { return child->foreign_keys[number]; }
    bool of_itself() const { return parent && parent->schema->id == child->schema->id; }
  };
  /// A row that is named, or is not there.
  struct Named {
    Bytes key;                     // equal for what is equal in the parent's eyes
    std::vector<Value> values;     // as SQL has them
    std::vector<Value> in_parent;  // as the parent's key takes them; empty: it can have no such row
  };
  /// A row that has lost a key; `after`: what it is now, nullptr: removed.
  struct Lost {
    Named named;
    const Row* after = nullptr;
  };
  using LinkKey = std::pair<TableId, std::size_t>;
  using Due = std::map<LinkKey, std::map<Bytes, Named>>;

  /// The same while a statement runs: tables become known between statements.
  const std::vector<Link>& links();
  Link link_of(const TablePtr& child, std::size_t number) const;
  static bool find_key(Link& link, const std::vector<std::size_t>& named);
  static void find_way_back(Link& link);

  Result<std::optional<Named>> named_by(const Link& link, const Row& child_row);
  Result<std::optional<Named>> named_as(const Link& link, const Row& parent_row);
  Result<Value> as_in_parent(const Link& link, std::size_t part, const Value& value);
  Result<Bytes> key_of(const Link& link, const std::vector<Value>& in_parent) const;

  Result<std::vector<Row>> find_all(const TablePtr& table, std::vector<LookUp> wanted, bool all = true);
  Result<std::vector<std::pair<Row, Bytes>>> children(const Link& link, const std::map<Bytes, Named>& of, bool one);
  Result<void> follow(const Link& link, const std::vector<Lost>& lost, bool removed);
  bool restricts_itself(const SqlTable& table);
  Result<RowWrite> change_of(const Link& link, SqlForeignKey::Action action, const Row& row, const Lost& lost);
  Result<void> accept(const SqlTable& table, Row& row);
  Result<void> check(const Due& due);
  Result<void> check(const Link& link, const std::map<Bytes, Named>& due);
  std::vector<ColumnId> ids_of(const SqlTable& table, const std::vector<std::size_t>& positions) const;

  Hub& hub_;
  std::vector<Link> links_;
  std::uint64_t links_of_ = 0;  // Hub::tables_version
  Due due_;                     // at the end of the statement
  Due deferred_;                // at that of the transaction
  std::size_t depth_ = 0;
  bool failed_behind_ = false;
};

}  // namespace latium::sql
