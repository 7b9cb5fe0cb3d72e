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
#include <utility>
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
  /// Instead of bounds: the next column is a text that begins with this.
  std::optional<std::string> prefix{};
  /// Highest first. The keys of the whole range are listed for it, some 1,000 a round trip; rows are only read for the page.
  bool descending = false;
  /// RowPage::next of the page before, of the same range: the page behind it.
  std::string after{};
};

struct SessionOptions {
  /// As if sessions ran one after another, in the order in which their commits were acknowledged. False: what was only read may
  /// have changed until the commit; no update is lost all the same.
  bool serializable = true;
  /// Where rows are read: local reads cost no round trip where this node holds a replica, may be old (never older
  /// than what this node has committed itself since it was started), and are checked by a serializable commit.
  Consistency reads = Consistency::local;
  /// Whether a commit that has nothing to write checks what was read, which costs a round trip to a majority and makes it
  /// serializable too. False: it costs none. Each row was committed, and at least as new as this node has committed it itself;
  /// two of them may never have been there at the same moment. Sessions that write are not affected.
  bool check_read_only = true;
  std::chrono::milliseconds timeout{10'000};  ///< of each call; 1 ms to 24 h
};

struct RowReadOptions {
  /// As SELECT ... FOR UPDATE: the commit is a conflict if somebody else has changed the row, also in a session that is not
  /// serializable. Nobody is kept waiting meanwhile.
  bool for_update = false;
  /// Only these, in this order; a name may be given in any case. Empty: all, in the table's order.
  std::vector<std::string> columns{};
};

struct RowWriteOptions {
  /// The row has values of these, in this order. The others get their defaults in a row that is added, and stay in one that is
  /// updated; the primary key has to be among them then. Empty: the row is all of it.
  std::vector<std::string> columns{};
};

template <class T>
struct EntityPage {
  std::vector<T> rows;
  bool more = false;
  std::string next{};  ///< RowPage::next
};

struct RowPage {
  std::vector<Row> rows;
  bool more = false;
  std::string next{};  ///< where the page ends; opaque, empty when there are no more
};

/// How a commit ended.
enum class CommitOutcome : std::uint8_t {
  committed,
  not_committed,  ///< and never will be
  unknown,        ///< it has ended, and what others wrote since has covered its traces
};

/// What a session did up to now, or the last one after a commit.
struct SessionStats {
  CallCost cost;
  std::uint64_t keys_read = 0;  ///< rows and index entries, each once
  std::uint64_t keys_written = 0;
  std::uint64_t keys_validated = 0;  ///< only read, and looked at again by the commit
  std::uint64_t waits = 0;           ///< for sessions of others that were at work on the same rows
  std::uint64_t conflicts = 0;       ///< commits of this handle that ended so, in all
};

/// What a session had written at a moment. Good for the session that it is of, until that ends.
class Savepoint {
 private:
  friend class Session;
  struct State;
  explicit Savepoint(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// Writes stay in the session until commit(); reads see them. A handle: cheap to move, any thread, one call at a time (another
/// one meanwhile is `invalid_argument`). It outlives neither its node nor its tenant.
///
/// Errors of all calls: `not_found` (no such table or index), `invalid_argument` (a value that does not fit its column, a name
/// that is none), `unavailable`, `unknown_tenant`, `overloaded`. `latium/db_errors.h` has them under the names of SQLAlchemy. The
/// callback forms are as those of TenantRegisters; `latium/asio.h` has them as awaitables. Source: docs/protocols.md, "Sessions".
class Session {
 public:
  /// By primary key. At most one round trip, none for what was read before.
  Result<std::optional<Row>> get(std::string_view table, std::vector<Value> key, RowReadOptions options = {});
  void get_async(std::string table, std::vector<Value> key, RowReadOptions options, Callback<std::optional<Row>> done);
  /// Many keys for the price of one, in their order.
  Result<std::vector<std::optional<Row>>> get_many(std::string_view table, std::vector<std::vector<Value>> keys,
                                                   RowReadOptions options = {});
  void get_many_async(std::string table, std::vector<std::vector<Value>> keys, RowReadOptions options,
                      Callback<std::vector<std::optional<Row>>> done);

  /// `already_exists`: a row with this primary key, or these values of a unique index, is there (DBDuplicateEntry); the message
  /// names the columns. `broken_reference`: a row that a foreign key names is not (DBReferenceError). A null in the
  /// auto_increment column stands for the next number, see last_id(): no round trip mostly, two to a majority for every 64th.
  Result<void> add(std::string_view table, Row row, RowWriteOptions options = {});
  void add_async(std::string table, Row row, RowWriteOptions options, Callback<void> done);
  /// The row with this primary key gets these values. `not_found`; else as add().
  Result<void> update(std::string_view table, Row row, RowWriteOptions options = {});
  void update_async(std::string table, Row row, RowWriteOptions options, Callback<void> done);
  /// False: there was none. `broken_reference`: rows of another table name it.
  Result<bool> remove(std::string_view table, std::vector<Value> key);
  void remove_async(std::string table, std::vector<Value> key, Callback<bool> done);

  /// Rows in the order of the index, or of the primary key where `index` is empty; `limit` of them at most, at least 1.
  Result<RowPage> find(std::string_view table, std::string_view index, RowRange range = {}, std::size_t limit = 1000,
                       RowReadOptions options = {});
  void find_async(std::string table, std::string index, RowRange range, std::size_t limit, RowReadOptions options,
                  Callback<RowPage> done);

  // The same with structs for rows: latium/entity.h says how, and has to be included.

  /// Sets the member that got a number.
  template <class T>
  Result<void> add(T&& entity);
  template <class T>
  Result<void> update(const T& entity);
  /// By its primary key.
  template <class T>
  Result<bool> remove(const T& entity);
  /// session.get<Host>("n1"), a value for each column of the primary key.
  template <class T, class... Key>
  Result<std::optional<T>> get(const Key&... key);
  template <class T>
  Result<EntityPage<T>> find(std::string_view index = {}, RowRange range = {}, std::size_t limit = 1000,
                             RowReadOptions options = {});
  /// The one row in the range. `not_found` (NoResultFound), `multiple_results` (MultipleResultsFound).
  template <class T>
  Result<T> one(std::string_view index, RowRange range, RowReadOptions options = {});

  /// The number that the last add() gave to its row; nothing when the row came with one.
  std::optional<std::int64_t> last_id() const;

  /// For going back to what is written now. Asks nobody.
  Result<Savepoint> savepoint();
  void savepoint_async(Callback<Savepoint> done);
  /// Forgets what was written since; what was read stays read, and is checked. `invalid_argument`: of another session, or of this
  /// one before its last commit or rollback.
  Result<void> rollback_to(const Savepoint& savepoint);
  void rollback_to_async(Savepoint savepoint, Callback<void> done);

  /// All writes take effect, or none. `conflict` (DBDeadlock): another session was first; nothing was done, and doing all of it
  /// again is right. `unavailable`: nothing was done. `unknown_outcome`: it may have been, see outcome(). Durable on a majority
  /// of the replicas of every row when it returns. Ends the session whatever comes of it: the next call begins a new one.
  ///
  /// Round trips to a majority: 0 for reads alone that were not local, 1 for one row; 1 for several rows when nothing that was
  /// only read has to be checked (2 where another node changed one of them last), 3 otherwise.
  Result<void> commit();
  void commit_async(Callback<void> done);
  /// Forgets what was written and read.
  void rollback();
  void rollback_async(Callback<void> done);

  /// What became of the last commit of this handle. After `unknown_outcome` it asks the rows, and sees to it that what was not
  /// committed never will be: so doing it again is right after `not_committed`. One to three round trips to a majority; none
  /// otherwise. `unavailable`: ask again. `invalid_argument`: there was no commit.
  Result<CommitOutcome> outcome();
  void outcome_async(Callback<CommitOutcome> done);

  CallCost cost() const { return stats().cost; }
  SessionStats stats() const;

 private:
  friend class Database;
  struct Impl;
  explicit Session(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace latium
