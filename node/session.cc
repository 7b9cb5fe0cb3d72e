// The public Session: its calls, on the node's loop.
#include "latium/session.h"

#include <utility>

#include "node/call_options.h"
#include "node/database_impl.h"
#include "node/table_access.h"
#include "relational/session.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr BackoffPolicy kAgain{.base = std::chrono::milliseconds(2), .cap = std::chrono::milliseconds(200)};

TransactionOptions to_transaction(const SessionOptions& options, bool contended) {
  return {.isolation = options.serializable ? Isolation::serializable : Isolation::read_committed,
          .reading = options.reads == Consistency::local ? Reading::local : Reading::latest,
          .contended = contended};
}

}  // namespace

// `inner` is made, used and replaced on the loop, by one call at a time.
struct Session::Impl {
  using Work = std::move_only_function<Task<void>(TableSession&, MonotonicTime)>;

  NodeCore& core() const { return *node->core; }

  // Runs on the loop; `self` keeps everything alive.
  static Task<void> call(std::shared_ptr<Impl> self, Work work) {
    LATIUM_CO_TRY(const MonotonicTime deadline, deadline_of(self->core().runtime(), self->options.timeout));
    if (!self->inner) {
      LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*self->tenant));
      self->inner = std::make_unique<TableSession>(self->core().transactions(), self->core().tables(), place,
                                                   to_transaction(self->options, self->contended));
    }
    const Result<void> done = co_await work(*self->inner, deadline);
    self->cost = to_cost(self->inner->transaction().stats());
    self->last_id = self->inner->last_number();
    co_return done;
  }

  const std::shared_ptr<Node::Impl> node;
  const std::shared_ptr<const TenantHandle> tenant;
  const SessionOptions options;
  bool contended = false;
  std::unique_ptr<TableSession> inner{};
  CallCost cost{};
  std::optional<std::int64_t> last_id{};
};

namespace {

// Coroutines, so that what they are given lives in their frames. `out` is the blocked caller's.
Task<void> get_row(TableSession& session, std::string table, std::vector<Value> key, MonotonicTime deadline,
                   std::optional<Row>& out) {
  std::vector<std::vector<Value>> keys;
  keys.push_back(std::move(key));
  LATIUM_CO_TRY(auto rows, co_await session.get(std::move(table), std::move(keys), deadline));
  out = std::move(rows.front());
  co_return Result<void>();
}

Task<void> back_off(NodeCore& core, std::uint32_t attempt) {
  co_return co_await sleep_for(core.runtime(), kAgain.wait(attempt, core.transactions().random()));
}

Task<void> remove_row(TableSession& session, std::string table, std::vector<Value> key, MonotonicTime deadline, bool& out) {
  LATIUM_CO_TRY(out, co_await session.remove(std::move(table), std::move(key), deadline));
  co_return Result<void>();
}

Task<void> find_rows(TableSession& session, std::string table, std::string index, RowRange range, std::size_t limit,
                     MonotonicTime deadline, RowPage& out) {
  LATIUM_CO_TRY(out, co_await session.find(std::move(table), std::move(index), std::move(range), limit, deadline));
  co_return Result<void>();
}

}  // namespace

Session Database::session(SessionOptions options) {
  return Session(
      std::make_shared<Session::Impl>(Session::Impl{.node = impl_->node, .tenant = impl_->tenant, .options = options}));
}

Result<void> Database::transact(const std::function<Result<void>(Session&)>& work, SessionOptions options) {
  Runtime& runtime = impl_->core().runtime();
  LATIUM_TRY(const MonotonicTime end, deadline_of(runtime, options.timeout));
  for (std::uint32_t attempt = 0;; ++attempt) {
    Session session = this->session(options);
    session.impl_->contended = attempt > 0;
    const Result<void> worked = work(session);
    // It may have failed for what a local read has not heard of yet.
    const bool stale = !worked && options.reads == Consistency::local;
    if (!worked && !stale) return worked;
    const Result<void> done = stale ? fail(ErrorCode::conflict, worked.error().message) : session.commit();
    if (done || done.error().code != ErrorCode::conflict) return done;
    if (runtime.clock.monotonic_now() >= end) return stale ? worked : done;
    // What a local read has not heard of yet, the next attempt has to.
    options.reads = Consistency::quorum;
    LATIUM_CHECKED(impl_->node->run<void>(back_off(impl_->core(), attempt)));
  }
}

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::optional<Row>> Session::get(std::string_view table, std::vector<Value> key) {
  std::optional<Row> row;
  LATIUM_CHECKED(impl_->node->run<void>(Impl::call(
      impl_, [&row, table = std::string(table), key = std::move(key)](TableSession& session, MonotonicTime deadline) mutable {
        return get_row(session, std::move(table), std::move(key), deadline, row);
      })));
  return row;
}

Result<void> Session::add(std::string_view table, Row row) {
  return impl_->node->run<void>(Impl::call(
      impl_, [table = std::string(table), row = std::move(row)](TableSession& session, MonotonicTime deadline) mutable {
        return session.insert(std::move(table), std::move(row), deadline);
      }));
}

Result<void> Session::update(std::string_view table, Row row) {
  return impl_->node->run<void>(Impl::call(
      impl_, [table = std::string(table), row = std::move(row)](TableSession& session, MonotonicTime deadline) mutable {
        return session.update(std::move(table), std::move(row), deadline);
      }));
}

Result<bool> Session::remove(std::string_view table, std::vector<Value> key) {
  bool removed = false;
  LATIUM_CHECKED(impl_->node->run<void>(Impl::call(
      impl_, [&removed, table = std::string(table), key = std::move(key)](TableSession& session, MonotonicTime deadline) mutable {
        return remove_row(session, std::move(table), std::move(key), deadline, removed);
      })));
  return removed;
}

Result<RowPage> Session::find(std::string_view table, std::string_view index, RowRange range, std::size_t limit) {
  if (limit == 0) return fail(ErrorCode::invalid_argument, "a limit of 0 rows finds none: ask for 1 or more");
  RowPage page;
  LATIUM_CHECKED(impl_->node->run<void>(
      Impl::call(impl_, [&page, table = std::string(table), index = std::string(index), range = std::move(range), limit](
                            TableSession& session, MonotonicTime deadline) mutable {
        return find_rows(session, std::move(table), std::move(index), std::move(range), limit, deadline, page);
      })));
  return page;
}

Result<void> Session::commit() {
  return impl_->node->run<void>([](std::shared_ptr<Impl> impl) -> Task<void> {
    const Result<void> done =
        co_await Impl::call(impl, [](TableSession& session, MonotonicTime deadline) { return session.commit(deadline); });
    impl->inner.reset();
    co_return done;
  }(impl_));
}

void Session::rollback() {
  (void)impl_->node->run<void>([](std::shared_ptr<Impl> impl) -> Task<void> {
    impl->inner.reset();
    co_return Result<void>();
  }(impl_));
}

std::optional<std::int64_t> Session::last_id() const {
  return impl_->last_id;
}

CallCost Session::cost() const {
  return impl_->cost;
}

}  // namespace latium
