// The public Session: its calls, on the node's loop.
#include "latium/session.h"

#include <atomic>
#include <utility>

#include "node/call_options.h"
#include "node/database_impl.h"
#include "node/table_access.h"
#include "relational/named_row.h"
#include "relational/session.h"
#include "relational/session_errors.h"
#include "relational/transact.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// How far an own session, or that of Database::transact(), has come.
enum class Attempt : std::uint8_t { only, first, again };

TransactionOptions to_transaction(const SessionOptions& options, Attempt attempt) {
  return {.isolation = options.serializable ? Isolation::serializable : Isolation::read_committed,
          .reading = options.reads == Consistency::local ? Reading::local : Reading::latest,
          .contended = attempt == Attempt::again,
          .gives_way = attempt == Attempt::first,
          .check_read_only = options.check_read_only};
}

}  // namespace

// One call at a time has it, on the caller's thread or on the loop.
struct Session::Impl {
  // Work may be called again where it could not be done at once; so what it is given is copied into its tasks.
  template <class T>
  using Work = std::move_only_function<Task<T>(TableSession&, MonotonicTime)>;

  Impl(std::shared_ptr<Node::Impl> of_node, std::shared_ptr<const TenantHandle> of_tenant, SessionOptions given)
      : node(std::move(of_node)), tenant(std::move(of_tenant)), options(given) {}

  // A call at work, as long as it is. False: another one is.
  class Busy {
   public:
    explicit Busy(Impl& impl) : impl_(impl), mine_(!impl.busy.exchange(true)) {}
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      if (mine_) impl_.busy = false;
    }
    explicit operator bool() const { return mine_; }

   private:
    Impl& impl_;
    bool mine_;
  };

  NodeCore& core() const { return *node->core; }
  static std::unexpected<Error> busy_error() {
    return fail(ErrorCode::invalid_argument,
                "a session does one call at a time: wait for the one before, or open another session");
  }

  Result<MonotonicTime> begin() {
    LATIUM_TRY(const MonotonicTime deadline, deadline_of(core().runtime(), options.timeout));
    if (!inner) {
      LATIUM_TRY(const CatalogPlace place, catalog_place(*tenant));
      inner = std::make_unique<TableSession>(core().transactions(), core().tables(), place, to_transaction(options, attempt));
      ++generation;
    }
    return deadline;
  }

  void note() {
    const TransactionCounts& counts = inner->transaction().counts();
    stats.cost = to_cost(inner->transaction().stats());
    stats.keys_read = counts.read;
    stats.keys_written = counts.written;
    stats.keys_validated = counts.validated;
    stats.waits = counts.waits;
    last_id = inner->last_number();
  }

  // Runs on the loop; `self` keeps everything alive.
  template <class T>
  static Task<T> call(std::shared_ptr<Impl> self, Work<T> work) {
    const Busy busy(*self);
    if (!busy) co_return busy_error();
    LATIUM_CO_TRY(const MonotonicTime deadline, self->begin());
    Result<T> done = co_await work(*self->inner, deadline);
    self->note();
    co_return done;
  }

  // Nothing: it has to be done on the loop.
  template <class T>
  std::optional<Result<T>> call_here(Work<T>& work) {
    if (node->loop.on_loop()) return std::nullopt;
    const internal::Gate::Pass pass(node->gate);
    if (!pass) return fail(Node::Impl::stopped_error());
    const Busy at_work(*this);
    if (!at_work) return busy_error();
    const Result<MonotonicTime> deadline = begin();
    if (!deadline) return fail(deadline.error());
    auto done = inner->try_here<T>([&](TableSession& session) { return work(session, *deadline); });
    if (done) note();
    return done;
  }

  template <class T>
  static Result<T> run(const std::shared_ptr<Impl>& self, Work<T> work) {
    if (auto done = self->call_here<T>(work)) return *std::move(done);
    return self->node->run<T>(call<T>(self, std::move(work)));
  }
  template <class T>
  static void run_async(const std::shared_ptr<Impl>& self, Work<T> work, Callback<T> done) {
    self->node->run_async<T>(call<T>(self, std::move(work)), std::move(done));
  }

  static Task<void> commit(std::shared_ptr<Impl> self);
  static Task<void> rollback(std::shared_ptr<Impl> self);
  static Task<Savepoint> savepoint(std::shared_ptr<Impl> self);
  static Task<void> rollback_to(std::shared_ptr<Impl> self, Savepoint savepoint);
  static Task<CommitOutcome> outcome(std::shared_ptr<Impl> self);

  const std::shared_ptr<Node::Impl> node;
  const std::shared_ptr<const TenantHandle> tenant;
  const SessionOptions options;
  Attempt attempt = Attempt::only;
  std::atomic<bool> busy = false;
  std::unique_ptr<TableSession> inner{};
  std::uint64_t generation = 0;  // up with each `inner`
  SessionStats stats{};
  std::optional<std::int64_t> last_id{};
  std::optional<Bytes> conflict_at{};       // Transaction::conflicting_row() of the last commit
  std::optional<Result<void>> committed{};  // how the last commit ended
  std::unique_ptr<TableSession> unsure{};   // that session, if nobody knows
};

struct Savepoint::State {
  const void* session;
  std::uint64_t generation;
  Transaction::Savepoint writes;
};

namespace {

// The rows with the columns that were asked for.
Result<void> project(const TableSchema& schema, const std::vector<std::string>& columns, std::vector<Row*> rows) {
  if (columns.empty()) return {};
  LATIUM_TRY(const std::vector<std::size_t> positions, column_positions(schema, columns));
  for (Row* const row : rows) {
    std::vector<Value> values;
    for (const std::size_t at : positions) values.push_back(row->values[at]);
    *row = Row{std::move(values)};
  }
  return {};
}

Task<std::vector<std::optional<Row>>> get_rows(TableSession& session, std::string table, std::vector<std::vector<Value>> keys,
                                               RowReadOptions options, MonotonicTime deadline) {
  LATIUM_CO_TRY(auto rows, co_await session.get(table, std::move(keys), deadline, options.for_update));
  if (options.columns.empty()) co_return rows;
  LATIUM_CO_TRY(const auto schema, co_await session.table(table, deadline));
  std::vector<Row*> found;
  for (auto& row : rows) {
    if (row) found.push_back(&*row);
  }
  LATIUM_CO_CHECKED(project(*schema, options.columns, std::move(found)));
  co_return rows;
}

Task<std::optional<Row>> get_row(TableSession& session, std::string table, std::vector<Value> key, RowReadOptions options,
                                 MonotonicTime deadline) {
  std::vector<std::vector<Value>> keys;
  keys.push_back(std::move(key));
  LATIUM_CO_TRY(auto rows, co_await get_rows(session, std::move(table), std::move(keys), std::move(options), deadline));
  co_return std::move(rows.front());
}

Task<RowPage> find_rows(TableSession& session, std::string table, std::string index, RowRange range, std::size_t limit,
                        RowReadOptions options, MonotonicTime deadline) {
  if (limit == 0) co_return fail(ErrorCode::invalid_argument, "a limit of 0 rows finds none: ask for 1 or more");
  LATIUM_CO_TRY(RowPage page,
                co_await session.find(table, std::move(index), std::move(range), limit, deadline, options.for_update));
  if (options.columns.empty()) co_return page;
  LATIUM_CO_TRY(const auto schema, co_await session.table(table, deadline));
  std::vector<Row*> found;
  for (Row& row : page.rows) found.push_back(&row);
  LATIUM_CO_CHECKED(project(*schema, options.columns, std::move(found)));
  co_return page;
}

Result<NamedValues> named(std::vector<std::string> columns, Row row) {
  if (columns.size() != row.values.size()) {
    return fail(ErrorCode::invalid_argument, "the row has " + std::to_string(row.values.size()) + " values for " +
                                                 std::to_string(columns.size()) + " columns");
  }
  NamedValues out;
  for (std::size_t i = 0; i < columns.size(); ++i) out.emplace_back(std::move(columns[i]), std::move(row.values[i]));
  return out;
}

Task<void> add_row(TableSession& session, std::string table, Row row, RowWriteOptions options, MonotonicTime deadline) {
  if (!options.columns.empty()) {
    LATIUM_CO_TRY(NamedValues values, named(std::move(options.columns), std::move(row)));
    LATIUM_CO_TRY(const auto schema, co_await session.table(table, deadline));
    LATIUM_CO_TRY(row, new_row(*schema, std::move(values)));
  }
  co_return co_await session.insert(std::move(table), std::move(row), deadline);
}

Task<void> update_row(TableSession& session, std::string table, Row row, RowWriteOptions options, MonotonicTime deadline) {
  if (!options.columns.empty()) {
    LATIUM_CO_TRY(NamedValues values, named(std::move(options.columns), std::move(row)));
    LATIUM_CO_TRY(const auto schema, co_await session.table(table, deadline));
    LATIUM_CO_TRY(const std::vector<Value> key, primary_key_in(*schema, values));
    std::vector<std::vector<Value>> keys;
    keys.push_back(key);
    LATIUM_CO_TRY(auto before, co_await session.get(table, std::move(keys), deadline));
    if (!before.front()) co_return no_such_row(*schema, key);
    LATIUM_CO_TRY(row, changed_row(*schema, *std::move(before.front()), std::move(values)));
  }
  co_return co_await session.update(std::move(table), std::move(row), deadline);
}

using SharedTurn = std::shared_ptr<RowTurns::Turn>;

Task<void> wait_for_next(NodeCore& core, std::optional<Bytes> conflict_at, std::uint32_t attempt, MonotonicTime deadline,
                         SharedTurn turn) {
  co_return co_await wait_for_next(core.transactions(), std::move(conflict_at), attempt, deadline, *turn);
}

// The work of each call; callers choose how to wait for it.

auto get_work(std::string table, std::vector<Value> key, RowReadOptions options) {
  return [=](TableSession& session, MonotonicTime deadline) { return get_row(session, table, key, options, deadline); };
}
auto get_many_work(std::string table, std::vector<std::vector<Value>> keys, RowReadOptions options) {
  return [=](TableSession& session, MonotonicTime deadline) { return get_rows(session, table, keys, options, deadline); };
}
auto add_work(std::string table, Row row, RowWriteOptions options) {
  return [=](TableSession& session, MonotonicTime deadline) { return add_row(session, table, row, options, deadline); };
}
auto update_work(std::string table, Row row, RowWriteOptions options) {
  return [=](TableSession& session, MonotonicTime deadline) { return update_row(session, table, row, options, deadline); };
}
auto remove_work(std::string table, std::vector<Value> key) {
  return [=](TableSession& session, MonotonicTime deadline) { return session.remove(table, key, deadline); };
}
auto find_work(std::string table, std::string index, RowRange range, std::size_t limit, RowReadOptions options) {
  return [=](TableSession& session, MonotonicTime deadline) {
    return find_rows(session, table, index, range, limit, options, deadline);
  };
}

}  // namespace

Task<void> Session::Impl::commit(std::shared_ptr<Impl> self) {
  const Busy busy(*self);
  if (!busy) co_return busy_error();
  LATIUM_CO_TRY(const MonotonicTime deadline, self->begin());
  const Result<void> done = co_await self->inner->commit(deadline);
  self->note();
  self->unsure.reset();
  self->conflict_at = self->inner->transaction().conflicting_row();
  if (!done && done.error().code == ErrorCode::unknown_outcome) self->unsure = std::move(self->inner);
  if (!done && done.error().code == ErrorCode::conflict) ++self->stats.conflicts;
  self->inner.reset();
  self->committed = done;
  co_return done;
}

Task<void> Session::Impl::rollback(std::shared_ptr<Impl> self) {
  const Busy busy(*self);
  if (!busy) co_return busy_error();
  self->inner.reset();
  co_return Result<void>();
}

Task<Savepoint> Session::Impl::savepoint(std::shared_ptr<Impl> self) {
  const Busy busy(*self);
  if (!busy) co_return busy_error();
  LATIUM_CO_CHECKED(self->begin());
  co_return Savepoint(std::make_shared<const Savepoint::State>(self.get(), self->generation, self->inner->savepoint()));
}

Task<void> Session::Impl::rollback_to(std::shared_ptr<Impl> self, Savepoint savepoint) {
  const Busy busy(*self);
  if (!busy) co_return busy_error();
  const Savepoint::State& state = *savepoint.state_;
  if (state.session != self.get() || !self->inner || state.generation != self->generation) {
    co_return fail(ErrorCode::invalid_argument, "the savepoint is of another session, or of one that has ended: make it anew");
  }
  self->inner->rollback_to(state.writes);
  co_return Result<void>();
}

Task<CommitOutcome> Session::Impl::outcome(std::shared_ptr<Impl> self) {
  const Busy busy(*self);
  if (!busy) co_return busy_error();
  if (!self->committed) co_return fail(ErrorCode::invalid_argument, "the session has committed nothing yet: commit it first");
  if (!self->unsure) co_return *self->committed ? CommitOutcome::committed : CommitOutcome::not_committed;
  LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(self->core().runtime(), self->options.timeout));
  LATIUM_CO_TRY(const CommitOutcome found, co_await self->unsure->outcome(deadline));
  if (found == CommitOutcome::unknown) co_return found;
  // Known for good.
  self->unsure.reset();
  if (found == CommitOutcome::committed) self->committed = Result<void>();
  co_return found;
}

Session Database::session(SessionOptions options) {
  return Session(std::make_shared<Session::Impl>(impl_->node, impl_->tenant, options));
}

Result<void> Database::transact(const std::function<Result<void>(Session&)>& work, SessionOptions options) {
  Runtime& runtime = impl_->core().runtime();
  LATIUM_TRY(const MonotonicTime end, deadline_of(runtime, options.timeout));
  const auto turn = std::make_shared<RowTurns::Turn>();
  for (std::uint32_t attempt = 0;; ++attempt) {
    Session session = this->session(options);
    session.impl_->attempt = attempt > 0 ? Attempt::again : Attempt::first;
    const Result<void> worked = work(session);
    // It may have failed for what a local read has not heard of yet.
    const bool stale = !worked && options.reads == Consistency::local;
    if (!worked && !stale) return worked;
    const Result<void> done = stale ? fail(ErrorCode::conflict, worked.error().message) : session.commit();
    if (done || done.error().code != ErrorCode::conflict) return done;
    if (runtime.clock.monotonic_now() >= end) return stale ? worked : done;
    // What a local read has not heard of yet, the next attempt has to.
    options.reads = Consistency::quorum;
    LATIUM_CHECKED(impl_->node->run<void>(wait_for_next(impl_->core(), session.impl_->conflict_at, attempt, end, turn)));
  }
}

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::optional<Row>> Session::get(std::string_view table, std::vector<Value> key, RowReadOptions options) {
  return Impl::run<std::optional<Row>>(impl_, get_work(std::string(table), std::move(key), std::move(options)));
}
void Session::get_async(std::string table, std::vector<Value> key, RowReadOptions options, Callback<std::optional<Row>> done) {
  Impl::run_async<std::optional<Row>>(impl_, get_work(std::move(table), std::move(key), std::move(options)), std::move(done));
}

Result<std::vector<std::optional<Row>>> Session::get_many(std::string_view table, std::vector<std::vector<Value>> keys,
                                                          RowReadOptions options) {
  return Impl::run<std::vector<std::optional<Row>>>(impl_,
                                                    get_many_work(std::string(table), std::move(keys), std::move(options)));
}
void Session::get_many_async(std::string table, std::vector<std::vector<Value>> keys, RowReadOptions options,
                             Callback<std::vector<std::optional<Row>>> done) {
  Impl::run_async<std::vector<std::optional<Row>>>(impl_, get_many_work(std::move(table), std::move(keys), std::move(options)),
                                                   std::move(done));
}

Result<void> Session::add(std::string_view table, Row row, RowWriteOptions options) {
  return Impl::run<void>(impl_, add_work(std::string(table), std::move(row), std::move(options)));
}
void Session::add_async(std::string table, Row row, RowWriteOptions options, Callback<void> done) {
  Impl::run_async<void>(impl_, add_work(std::move(table), std::move(row), std::move(options)), std::move(done));
}

Result<void> Session::update(std::string_view table, Row row, RowWriteOptions options) {
  return Impl::run<void>(impl_, update_work(std::string(table), std::move(row), std::move(options)));
}
void Session::update_async(std::string table, Row row, RowWriteOptions options, Callback<void> done) {
  Impl::run_async<void>(impl_, update_work(std::move(table), std::move(row), std::move(options)), std::move(done));
}

Result<bool> Session::remove(std::string_view table, std::vector<Value> key) {
  return Impl::run<bool>(impl_, remove_work(std::string(table), std::move(key)));
}
void Session::remove_async(std::string table, std::vector<Value> key, Callback<bool> done) {
  Impl::run_async<bool>(impl_, remove_work(std::move(table), std::move(key)), std::move(done));
}

Result<RowPage> Session::find(std::string_view table, std::string_view index, RowRange range, std::size_t limit,
                              RowReadOptions options) {
  return Impl::run<RowPage>(impl_,
                            find_work(std::string(table), std::string(index), std::move(range), limit, std::move(options)));
}
void Session::find_async(std::string table, std::string index, RowRange range, std::size_t limit, RowReadOptions options,
                         Callback<RowPage> done) {
  Impl::run_async<RowPage>(impl_, find_work(std::move(table), std::move(index), std::move(range), limit, std::move(options)),
                           std::move(done));
}

Result<Savepoint> Session::savepoint() {
  return impl_->node->run<Savepoint>(Impl::savepoint(impl_));
}
void Session::savepoint_async(Callback<Savepoint> done) {
  impl_->node->run_async<Savepoint>(Impl::savepoint(impl_), std::move(done));
}

Result<void> Session::rollback_to(const Savepoint& savepoint) {
  return impl_->node->run<void>(Impl::rollback_to(impl_, savepoint));
}
void Session::rollback_to_async(Savepoint savepoint, Callback<void> done) {
  impl_->node->run_async<void>(Impl::rollback_to(impl_, std::move(savepoint)), std::move(done));
}

Result<void> Session::commit() {
  return impl_->node->run<void>(Impl::commit(impl_));
}
void Session::commit_async(Callback<void> done) {
  impl_->node->run_async<void>(Impl::commit(impl_), std::move(done));
}

void Session::rollback() {
  const Impl::Busy busy(*impl_);
  if (busy) impl_->inner.reset();
}
void Session::rollback_async(Callback<void> done) {
  impl_->node->run_async<void>(Impl::rollback(impl_), std::move(done));
}

Result<CommitOutcome> Session::outcome() {
  return impl_->node->run<CommitOutcome>(Impl::outcome(impl_));
}
void Session::outcome_async(Callback<CommitOutcome> done) {
  impl_->node->run_async<CommitOutcome>(Impl::outcome(impl_), std::move(done));
}

std::optional<std::int64_t> Session::last_id() const {
  return impl_->last_id;
}

SessionStats Session::stats() const {
  return impl_->stats;
}

}  // namespace latium
