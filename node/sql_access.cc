#include "node/sql_access.h"

#include <algorithm>
#include <map>
#include <utility>

#include "node/call_options.h"
#include "node/interruptible.h"
#include "node/sql_views.h"
#include "node/table_access.h"
#include "relational/session.h"
#include "relational/transact.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

using Tenant = std::shared_ptr<const TenantHandle>;

Task<std::vector<sql::Schema>> all_tables(NodeCore& core, Tenant tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  co_return co_await core.tables().in_use(place, deadline);
}

// Used by one call at a time, on the loop or on its caller's thread.
struct Shared {
  const std::shared_ptr<Node::Impl> node;
  const Tenant tenant;
  const SqlOptions options;
  std::unique_ptr<TableSession> session{};
  struct Read {
    Transaction::Footprint footprint;
    bool by_unique_index = false;  // all of its columns: the entry is the first of the keys, then the row
  };
  std::map<std::uint64_t, Read> reads{};
  std::uint64_t next_read = 0;
  CallStats past{};  // of transactions that have ended
  CallStats now{};
  std::size_t kept_bytes = 0;
  // Of the same work, before this one.
  std::uint32_t attempts = 0;
  std::optional<Bytes> conflicting_row{};  // of the last commit
  RowTurns::Turn turn{};

  NodeCore& core() const { return *node->core; }

  Result<TableSession*> open() {
    if (!session) {
      LATIUM_TRY(const CatalogPlace place, catalog_place(*tenant));
      const bool local = options.reads == Consistency::local && attempts == 0;
      session = std::make_unique<TableSession>(
          core().transactions(), core().tables(), place,
          TransactionOptions{.isolation = options.serializable ? Isolation::serializable : Isolation::read_committed,
                             .reading = local ? Reading::local : Reading::latest,
                             .contended = attempts > 0,
                             .check_read_only = options.check_read_only});
      now = {};
    }
    return session.get();
  }
  sql::Found note(TableSession::RangeRows found, bool by_unique_index) {
    const std::uint64_t read = ++next_read;
    reads.emplace(read, Read{std::move(found.footprint), by_unique_index});
    return {.rows = std::move(found.rows), .next = std::move(found.next), .read = read};
  }
  void close() {
    if (session) past.add(session->transaction().stats());
    now = {};
    kept_bytes = 0;
    session.reset();
    reads.clear();
  }
};
using SharedPtr = std::shared_ptr<Shared>;

struct Use {
  std::uint64_t read = 0;
  bool hold = false;
  sql::Schema named{};  // instead: TableSession::goes_by_named()
};
using Uses = std::vector<Use>;

void apply_uses(Shared& shared, const Uses& uses) {
  for (const Use& use : uses) {
    if (use.named) shared.session->goes_by_named(use.named->name, use.named->named);
    const auto found = shared.reads.find(use.read);
    if (found == shared.reads.end()) continue;
    Shared::Read& read = found->second;
    if (!use.hold) {
      shared.session->use(read.footprint);
    } else {
      // What else is in a row is nobody's business who has to know that it is there.
      if (read.by_unique_index && !read.footprint.keys.empty()) read.footprint.keys.resize(1);
      shared.session->hold(read.footprint);
    }
    shared.reads.erase(found);
  }
}

// Schemas go by lease: what the session uses now may be newer than what SQL was compiled for.
Task<void> check_version(TableSession& session, const sql::Schema& table, MonotonicTime deadline, bool writes = false) {
  LATIUM_CO_TRY(const auto schema, co_await session.schema(table->name, deadline));
  if (same_version(*schema, *table) && (!writes || schema->named == table->named)) co_return Result<void>();
  co_return fail(ErrorCode::stale_topology, "table '" + table->name + "' was changed meanwhile");
}

Task<std::shared_ptr<ImageUse>> image(TableSession& session, sql::Schema table, std::size_t look_ups, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await check_version(session, table, deadline));
  co_return co_await session.image(table->name, look_ups, deadline);
}

Task<std::vector<sql::Found>> find(SharedPtr shared, sql::Schema table, std::vector<sql::LookUp> wanted, std::size_t limit,
                                   Uses uses, MonotonicTime deadline) {
  LATIUM_CO_TRY(TableSession* const session, shared->open());
  apply_uses(*shared, uses);
  LATIUM_CO_CHECKED(co_await check_version(*session, table, deadline));
  std::vector<TableSession::RangeAsked> asked;
  std::vector<bool> by_unique_index;
  for (sql::LookUp& each : wanted) {
    const IndexSchema* const index = each.index.empty() ? nullptr : table->find_index(each.index);
    by_unique_index.push_back(index != nullptr && index->unique && each.range.equal.size() == index->columns.size());
    asked.push_back({std::move(each.index), std::move(each.range), std::move(each.after)});
  }
  auto found = co_await session->find_all(table->name, std::move(asked), limit, deadline);
  shared->now = session->transaction().stats();
  shared->kept_bytes = session->transaction().bytes();
  LATIUM_CO_CHECKED(found);
  std::vector<sql::Found> out;
  for (std::size_t i = 0; i < found->size(); ++i) out.push_back(shared->note(std::move((*found)[i]), by_unique_index[i]));
  co_return out;
}

Task<std::vector<sql::Written>> write_rows(SharedPtr shared, sql::Schema table, std::vector<sql::RowWrite> writes, Uses uses,
                                           MonotonicTime deadline) {
  LATIUM_CO_TRY(TableSession* const session, shared->open());
  apply_uses(*shared, uses);
  LATIUM_CO_CHECKED(co_await check_version(*session, table, deadline, true));
  std::vector<TableSession::RowWrite> all;
  for (sql::RowWrite& each : writes) {
    all.push_back({.kind = static_cast<TableSession::RowWrite::Kind>(each.kind),
                   .key = std::move(each.key),
                   .row = std::move(each.row),
                   .on_duplicate = static_cast<TableSession::RowWrite::OnDuplicate>(each.on_duplicate)});
  }
  auto written = co_await session->write_all(table->name, std::move(all), deadline);
  shared->now = session->transaction().stats();
  shared->kept_bytes = session->transaction().bytes();
  LATIUM_CO_CHECKED(written);
  std::vector<sql::Written> out;
  for (const TableSession::Written& each : *written) out.push_back({each.done, each.number});
  co_return out;
}

Task<void> commit(SharedPtr shared, Uses uses, bool meant_to_write, MonotonicTime deadline) {
  apply_uses(*shared, uses);
  if (meant_to_write) shared->session->means_to_write();
  const Result<void> done = co_await shared->session->commit(deadline);
  shared->conflicting_row = shared->session->transaction().conflicting_row();
  shared->close();
  co_return done;
}

struct Savepoint final : sql::TableAccess::Mark {
  Transaction::Savepoint writes;
};

Task<TableChange> build_index(NodeCore& core, CatalogPlace place, std::string table, Index index, MonotonicTime deadline) {
  const std::string name = index.name;
  LATIUM_CO_TRY(TableChange built, co_await core.table_work().create_index(place, table, std::move(index), deadline));
  const IndexSchema* const found = built.schema.find_index(name);
  if (found != nullptr && found->state == IndexState::published) co_return built;
  co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                 "index '" + name + "' of table '" + table +
                     "' is still being made, and that goes on: it is there once it is public, which the list of the table's "
                     "indexes tells; DROP INDEX ends it");
}

class SqlAccess final : public sql::TableAccess {
 public:
  SqlAccess(std::shared_ptr<Node::Impl> node, Tenant tenant, const SqlOptions& options)
      : calls_(node), shared_(std::make_shared<Shared>(std::move(node), std::move(tenant), options)) {}

  MonotonicTime now() override { return shared_->core().runtime().clock.monotonic_now(); }
  void set_deadline(MonotonicTime deadline) override { deadline_ = deadline; }

  Result<std::vector<sql::Schema>> tables() override {
    return calls_.run<std::vector<sql::Schema>>(all_tables(shared_->core(), shared_->tenant, deadline_));
  }
  Result<void> create_table(const TableDefinition& definition) override {
    return on_catalog([definition](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
      return core.tables().create_table(place, definition, deadline);
    });
  }
  Result<void> drop_table(const std::string& table) override {
    return on_catalog([table](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
      return core.tables().drop_table(place, table, deadline);
    });
  }
  Result<void> rename_table(const std::string& from, const std::string& to, const std::string& sql) override {
    return on_catalog([from, to, sql](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
      return core.tables().rename_table(place, from, to, sql, deadline);
    });
  }
  Result<void> change_table(const std::string& table, Change change) override {
    return on_catalog([table, change = std::move(change)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
      return core.tables().alter(place, table, change, deadline);
    });
  }
  Result<void> create_index(const std::string& table, const Index& index) override;
  Result<void> drop_index(const std::string& table, const std::string& index) override;

  Result<std::vector<std::pair<std::string, std::string>>> views() override {
    return calls_.run<SqlViews>(list_views(shared_->core(), shared_->tenant, deadline_));
  }
  Result<void> create_view(const std::string& name, const std::string& sql) override {
    return change(put_view(shared_->core(), shared_->tenant, name, sql, deadline_));
  }
  Result<void> replace_view(const std::string& name, const std::string& sql) override {
    return change(put_view(shared_->core(), shared_->tenant, name, sql, deadline_, true));
  }
  Result<void> drop_view(const std::string& name) override {
    return change(put_view(shared_->core(), shared_->tenant, name, std::nullopt, deadline_));
  }

  Result<std::vector<sql::Found>> find(const sql::Schema& table, std::vector<sql::LookUp> wanted, std::size_t limit) override {
    open_ = true;
    if (wanted.size() == 1 && is_by_key(*table, wanted[0])) {
      if (auto row = find_row(*table, wanted[0].range.equal)) return *std::move(row);
    }
    auto here = on_this_thread<std::vector<sql::Found>>([&](TableSession& session) {
      return session.try_here<std::vector<sql::Found>>(
          [&](TableSession&) { return latium::find(shared_, table, wanted, limit, {}, deadline_); });
    });
    if (here) return *std::move(here);
    return call(latium::find(shared_, table, std::move(wanted), limit, std::exchange(uses_, {}), deadline_));
  }
  Result<std::shared_ptr<ImageUse>> image(const sql::Schema& table, std::size_t look_ups) override {
    if (look_ups < TableImages::kLookUpsMin && !is_at_hand(*table)) return nullptr;
    open_ = true;
    using Use = std::shared_ptr<ImageUse>;
    auto here = on_this_thread<Use>([&](TableSession& session) {
      return session.try_here<Use>([&](TableSession&) { return latium::image(session, table, look_ups, deadline_); });
    });
    return here ? *std::move(here) : Result<Use>(nullptr);
  }
  void use(std::uint64_t read) override { uses_.push_back({.read = read}); }
  void hold(std::uint64_t read) override { uses_.push_back({.read = read, .hold = true}); }
  void goes_by_named(const sql::Schema& table) override { uses_.push_back({.named = table}); }
  Result<std::vector<sql::Written>> write(const sql::Schema& table, std::vector<sql::RowWrite> writes) override {
    open_ = wrote_ = true;
    if (auto here = write_here(table, writes)) return *std::move(here);
    return call(latium::write_rows(shared_, table, std::move(writes), std::exchange(uses_, {}), deadline_));
  }

  void means_to_write() override { meant_to_write_ = true; }
  std::unique_ptr<Mark> mark() override {
    auto out = std::make_unique<Savepoint>();
    if (open_ && shared_->session) out->writes = shared_->session->savepoint();
    return out;
  }
  void rollback_to(const Mark& mark) override {
    if (open_ && shared_->session) shared_->session->rollback_to(static_cast<const Savepoint&>(mark).writes);
  }
  bool in_transaction() const override { return open_; }
  Result<void> commit() override {
    const bool meant_to_write = std::exchange(meant_to_write_, false);
    if (!std::exchange(open_, false)) return {};
    const bool wrote = std::exchange(wrote_, false);
    const bool checked = wrote || meant_to_write || (shared_->options.serializable && shared_->options.check_read_only);
    if (!checked && shared_->attempts == 0) {
      uses_.clear();
      shared_->close();
      return {};
    }
    bool begun = false;
    auto done = call(latium::commit(shared_, std::exchange(uses_, {}), meant_to_write, deadline_), &begun);
    if (done || done.error().code != ErrorCode::cancelled || !wrote || !begun) return done;
    return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                "interrupted while it committed: whether the transaction has committed is not known");
  }
  void rollback() override {
    uses_.clear();
    wrote_ = false;
    meant_to_write_ = false;
    if (std::exchange(open_, false)) shared_->close();
  }
  void try_again(std::uint32_t attempts) override {
    shared_->attempts = attempts;
    (void)call([](SharedPtr shared, MonotonicTime deadline) -> Task<void> {
      co_return co_await wait_for_next(shared->core().transactions(), std::move(shared->conflicting_row), shared->attempts - 1,
                                       deadline, shared->turn);
    }(shared_, deadline_));
  }

  void ends_trying() override {
    shared_->attempts = 0;
    shared_->turn = {};
  }

  SqlStats cost() const override {
    return {.round_trips = spent_.round_trips,
            .wan_round_trips = spent_.wan_round_trips,
            .replicas_asked = spent_.replicas_asked,
            .bytes = spent_.bytes,
            .wan_bytes = spent_.wan_bytes};
  }
  void interrupt() override { calls_.interrupt(); }
  void resume() override { calls_.resume(); }
  std::size_t kept_bytes() const override { return shared_->kept_bytes; }
  std::string site() const override { return shared_->node->options.site; }
  std::string placement() const override { return shared_->tenant->placement.to_string(); }

 private:
  using Work = std::move_only_function<Task<TableChange>(NodeCore&, CatalogPlace, MonotonicTime)>;

  Node::Impl& node() const { return *shared_->node; }

  // `work`: nothing, where it has to be done on the loop.
  template <class T, class Work>
  std::optional<Result<T>> on_this_thread(Work work) {
    if (node().loop.on_loop()) return std::nullopt;
    const internal::Gate::Pass pass(node().gate);
    if (!pass) return fail(Node::Impl::stopped_error());
    const auto session = shared_->open();
    if (!session) return fail(session.error());
    apply_uses(*shared_, std::exchange(uses_, {}));
    std::optional<Result<T>> found = work(**session);
    shared_->now = (*session)->transaction().stats();
    shared_->kept_bytes = (*session)->transaction().bytes();
    if (found) note_cost();
    return found;
  }

  static bool is_by_key(const TableSchema& table, const sql::LookUp& wanted) {
    const RowRange& range = wanted.range;
    return wanted.index.empty() && wanted.after.empty() && range.equal.size() == table.primary_key.size() && !range.low &&
           !range.high && !range.prefix;
  }

  // What most look-ups are, without a task. Nothing: it has to be looked for as others.
  std::optional<Result<std::vector<sql::Found>>> find_row(const TableSchema& table, const std::vector<Value>& key) {
    using Rows = std::vector<sql::Found>;
    return on_this_thread<Rows>([&](TableSession& session) -> std::optional<Result<Rows>> {
      auto found = session.find_here(table, key);
      if (!found) return std::nullopt;
      if (!*found) return fail(std::move(*found).error());
      Rows out;
      out.push_back(shared_->note(**std::move(found), false));
      return out;
    });
  }

  // Nothing: it has to be done on the loop, and nothing was written.
  std::optional<Result<std::vector<sql::Written>>> write_here(const sql::Schema& table,
                                                              const std::vector<sql::RowWrite>& writes) {
    // More are worth the way; and all that was written before is copied, to go back to it.
    constexpr std::size_t kWritesHere = 64;
    constexpr std::size_t kBytesBefore = 64u << 10;
    const bool numbered = table->auto_increment_column() != nullptr;
    const auto is_for_loop = [&](const sql::RowWrite& each) { return numbered && each.kind == sql::RowWrite::Kind::insert; };
    if (writes.size() > kWritesHere || shared_->kept_bytes > kBytesBefore || std::ranges::any_of(writes, is_for_loop))
      return std::nullopt;
    const std::unique_ptr<Mark> before = mark();
    auto here = on_this_thread<std::vector<sql::Written>>([&](TableSession& session) {
      return session.try_here<std::vector<sql::Written>>(
          [&](TableSession&) { return latium::write_rows(shared_, table, writes, {}, deadline_); });
    });
    if (!here) rollback_to(*before);
    return here;
  }

  // Whether it is worth asking for the table as a whole.
  bool is_at_hand(const TableSchema& table) const {
    if (open_ && shared_->session && shared_->session->transaction().image_of(table.id)) return true;
    const internal::Gate::Pass pass(node().gate);
    return pass && shared_->core().transactions().images.has(shared_->tenant->id, table.id);
  }

  void note_cost() {
    spent_ = shared_->past;
    spent_.add(shared_->now);
  }

  // Of the transaction. Interrupted, it is over: the task goes on with what was its session.
  template <class T>
  Result<T> call(Task<T> task, bool* begun = nullptr) {
    Result<T> done = calls_.run<T>(std::move(task), begun);
    if (!done && done.error().code == ErrorCode::cancelled) {
      open_ = wrote_ = false;
      uses_.clear();
      shared_ = std::make_shared<Shared>(shared_->node, shared_->tenant, shared_->options);
      shared_->past = spent_;
      return done;
    }
    note_cost();
    return done;
  }

  // Of the catalog.
  Result<void> change(Task<void> task) {
    bool begun = false;
    auto done = calls_.run<void>(std::move(task), &begun);
    if (done || done.error().code != ErrorCode::cancelled || !begun) return done;
    return fail(ErrorCode::unknown_outcome, Certainty::unknown, "interrupted: the change may be made all the same: look again");
  }

  // A change that others have not all heard of at the deadline is made all the same; a change that is refused says why.
  Result<void> on_catalog(Work work) {
    return change([](SharedPtr shared, Work work, MonotonicTime deadline) -> Task<void> {
      LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*shared->tenant));
      LATIUM_CO_TRY(const TableChange made, co_await work(shared->core(), place, deadline));
      if (made.settled) co_return Result<void>();
      co_return fail(ErrorCode::unavailable, "table '" + made.schema.name +
                                                 "' is changed, but not every node may have heard of it yet: look again in 6 s");
    }(shared_, std::move(work), deadline_));
  }

  InterruptibleCalls calls_;
  SharedPtr shared_;
  CallStats spent_{};
  MonotonicTime deadline_{};
  bool open_ = false;
  bool wrote_ = false;
  bool meant_to_write_ = false;
  Uses uses_;
};

// Whole, of a table with rows too. What is not whole at the deadline is made so all the same.
Result<void> SqlAccess::create_index(const std::string& table, const Index& index) {
  return on_catalog([table, index](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return build_index(core, place, table, index, deadline);
  });
}

Result<void> SqlAccess::drop_index(const std::string& table, const std::string& index) {
  return on_catalog([table, index](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
    return core.table_work().drop_index(place, table, index, deadline);
  });
}

}  // namespace

std::unique_ptr<sql::TableAccess> sql_access(std::shared_ptr<Node::Impl> node, std::shared_ptr<const TenantHandle> tenant,
                                             const SqlOptions& options) {
  return std::make_unique<SqlAccess>(std::move(node), std::move(tenant), options);
}

}  // namespace latium
