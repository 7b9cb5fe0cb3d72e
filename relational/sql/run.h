// Run: one statement while it runs, and the rows that it has fetched. SQLite joins by nested loops and asks for the rows of one
// value at a time; here it is guessed from which column of which other cursor the value comes, and the rows of all values that
// this cursor has are fetched at once. A wrong guess costs work, and nothing else.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "relational/sql/hub.h"
#include "relational/sql/kept_bytes.h"
#include "relational/sql/plan.h"

namespace latium::sql {

struct RowSet;
/// What was fetched together.
using Batch = std::vector<std::weak_ptr<RowSet>>;

/// The rows of one look-up, in pages.
struct RowSet {
  LookUp wanted;
  std::vector<Row> rows;
  std::string next;                  // of the page behind; empty: there is none
  std::vector<std::uint64_t> reads;  // of the pages
  bool used = false;
  std::shared_ptr<const Batch> batch{};
  KeptBytes kept{};
};
using RowSetPtr = std::shared_ptr<RowSet>;

/// One look-up: what a plan makes of one value for each of its columns.
struct Probe {
  LookUp wanted;
  Bytes key;  // equal for equal look-ups of a table: where the keys of the rows begin, and where they end
  std::size_t begin_bytes = 0;
  std::vector<Value> values;  // of the plan's columns that are equal to one
};

/// A cursor, as others that look for where values come from see it.
struct Source {
  const SqlTable* table = nullptr;
  RowSetPtr rows;
  std::size_t at = 0;  // the current row
  // Instead of `rows`: of an image.
  std::shared_ptr<ImageUse> image{};
  std::vector<std::uint32_t> picked{};
};

/// A table as a whole, as a statement looks rows up in it.
struct WholeTable {
  std::shared_ptr<ImageUse> use;
  std::vector<bool> counted{};  // rows that the statement has come to
  std::size_t asked = 0;        // look-ups that it was not worth it for

  const TableImage& image() const { return use->image(); }
};

class Run {
 public:
  explicit Run(Hub& hub) : hub_(hub) {}

  /// The rows of the probes, in their order. `others`: open cursors, the one that was moved last in front. Nothing: whole() has
  /// the table now.
  Result<std::optional<std::vector<RowSetPtr>>> look_up(const TablePtr& table, const Plan& plan, std::vector<Probe> probes,
                                                        std::size_t limit, const std::vector<Source>& others);
  /// The table, where it is at hand as a whole, or worth that for so many look-ups. Null: it is not. Lives as long as the run.
  Result<WholeTable*> whole(const TablePtr& table, std::size_t look_ups);
  /// A cursor came to the row: it counts as read.
  Result<void> come_to(WholeTable& table, std::uint32_t row);
  void remember(Source source);
  /// The page behind those that are there.
  Result<void> next_page(const TablePtr& table, RowSet& rows);
  /// What was fetched of the table before is not what it is now.
  void forget(const SqlTable& table);
  void use(RowSet& rows);
  /// A column that the UPDATE which this is does not set, of the table that it is about.
  void keeps(const SqlTable& table, std::size_t column) { kept_[table.schema->id].insert(column); }
  const std::set<std::size_t>& kept(const SqlTable& table) { return kept_[table.schema->id]; }

  SqlStats stats{};

 private:
  // One place in the statement where a table is asked for the rows of values.
  struct Site {
    std::size_t misses = 0;
    std::vector<Value> before;
    bool too_large = false;
    RowSetPtr whole;  // all rows of the table
    std::unordered_map<Bytes, RowSetPtr> by_key;
  };
  using SiteKey = std::pair<const SqlTable*, Plan>;

  std::vector<Probe> guess(const SqlTable& table, const Plan& plan, const Probe& missed, const Site& site,
                           const std::vector<Source>& others);
  void guess_from(const SqlTable& table, const Plan& plan, const Probe& missed, const Site& site, const SqlTable& source,
                  const std::vector<const Row*>& rows, std::vector<Probe>& out);
  KeptBytes kept_of(const std::vector<Row>& rows);
  Result<void> fetch(const TablePtr& table, std::vector<Probe> wanted, std::size_t limit);
  Result<bool> take_whole(const TablePtr& table, const Plan& plan, Site& site);
  RowSetPtr from_whole(const SqlTable& table, const Plan& plan, Site& site, const Probe& probe);

  Hub& hub_;
  std::map<TableId, std::unordered_map<Bytes, RowSetPtr>> found_;
  std::map<SiteKey, Site> sites_;
  std::map<TableId, WholeTable> whole_;
  std::vector<std::shared_ptr<ImageUse>> past_;  // values of their rows may be about in SQLite
  std::map<TableId, std::set<std::size_t>> kept_;
  std::vector<Source> seen_;  // what cursors went over that may be closed by now
};

/// Values as the columns of a plan hold them, and bounds. Nothing: the plan finds nothing of them, for one of them is null.
/// A value that can be equal to others in the column's eyes (a number in a text column) makes the look-up wider.
Result<Probe> make_probe(const SqlTable& table, const Plan& plan, std::vector<Value> equal, std::optional<KeyBound> low,
                         std::optional<KeyBound> high);

}  // namespace latium::sql
