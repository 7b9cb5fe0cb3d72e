// Session: rows of tables, read and written in one transaction.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latium/call.h"
#include "latium/error.h"
#include "latium/registers.h"
#include "latium/row.h"

namespace latium {

/// One end of a range of values.
struct KeyBound {
  Value value;
  bool inclusive = true;
};

/// Which rows of an index, or of the primary key: those whose first columns have these values, and then, if bounds are given, a
/// value of the next column within them. Nothing given: all.
struct RowRange {
  std::vector<Value> equal{};
  std::optional<KeyBound> low{};
  std::optional<KeyBound> high{};
};

struct SessionOptions {
  /// As if sessions ran one after another, in the order in which their commits were acknowledged. False: what was only read may
  /// have changed until the commit; no update is lost all the same.
  bool serializable = true;
  /// Where rows are read: local reads cost no round trip where this node holds a replica, may be old (by key not older than
  /// what this node has committed itself), and are checked by a serializable commit.
  Consistency reads = Consistency::local;
  std::chrono::milliseconds timeout{10'000};  ///< of each call; 1 ms to 24 h
};

struct RowPage {
  std::vector<Row> rows;
  bool more = false;
};

/// Writes stay in the session until commit(); reads see them. A handle: cheap to move, any thread, one call at a time. It
/// outlives neither its node nor its tenant.
///
/// Errors of all calls: `not_found` (no such table or index), `invalid_argument` (a value that does not fit its column),
/// `unavailable`, `unknown_tenant`, `overloaded`. Source: docs/protocols.md, "Sessions".
class Session {
 public:
  /// By primary key. At most one round trip, none for what was read before.
  Result<std::optional<Row>> get(std::string_view table, std::vector<Value> key);

  /// `already_exists`: a row with this primary key, or these values of a unique index, is there (DBDuplicateEntry); the message
  /// names the columns. `conflict`: a row that a foreign key names is not (DBReferenceError). A null in the auto_increment column
  /// stands for the next number, see last_id(): no round trip mostly, two to a majority for every 64th.
  Result<void> add(std::string_view table, Row row);
  /// The row with this primary key gets these values. `not_found`.
  Result<void> update(std::string_view table, Row row);
  /// False: there was none.
  Result<bool> remove(std::string_view table, std::vector<Value> key);

  /// Rows in the order of the index, or of the primary key where `index` is empty; `limit` of them at most, at least 1.
  Result<RowPage> find(std::string_view table, std::string_view index, RowRange range = {}, std::size_t limit = 1000);

  /// All writes take effect, or none. `conflict` (DBDeadlock): another session was first; nothing was done, and doing all of it
  /// again is right. `unavailable`: nothing was done. `unknown_outcome`: it may have been. Durable on a majority of the replicas
  /// of every row when it returns. Ends the session whatever comes of it: the next call begins a new one.
  ///
  /// Round trips to a majority: 0 for reads alone that were not local, 1 for one row; 1 for several rows when nothing that was
  /// only read has to be checked (2 where another node changed one of them last), 3 otherwise.
  Result<void> commit();
  /// Forgets what was written and read.
  void rollback();

  /// The number that the last add() gave to its row; nothing when the row came with one.
  std::optional<std::int64_t> last_id() const;

  /// Of the session up to now; of the last one, after a commit.
  CallCost cost() const;

 private:
  friend class Database;
  struct Impl;
  explicit Session(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
