#include "node/sql_access.h"

#include <map>
#include <utility>

#include "node/call_options.h"
#include "node/interruptible.h"
#include "node/sql_views.h"
#include "node/table_access.h"
#include "relational/session.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

using Tenant = std::shared_ptr<const TenantHandle>;

constexpr BackoffPolicy kAgain{.base = std::chrono::milliseconds(2), .cap = std::chrono::milliseconds(200)};

Task<std::vector<sql::Schema>> all_tables(NodeCore& core, Tenant tenant, MonotonicTime deadline) {
  LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*tenant));
  LATIUM_CO_TRY(const std::vector<TableChange> found, co_await core.tables().list(place, deadline));
  std::vector<sql::Schema> out;
  for (const TableChange& each : found) {
    // What sessions go by is what this node has leased, which may be the version before for a moment.
    auto leased = co_await core.tables().find(place, each.schema.name, deadline);
    if (leased)
      out.push_back(*std::move(leased));
    else if (leased.error().code != ErrorCode::not_found)
      co_return fail(std::move(leased).error());
  }
  co_return out;
}

// The loop-side half: used there only, by one call at a time.
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
  std::uint32_t attempts = 0;

  NodeCore& core() const { return *node->core; }

  Result<TableSession*> open() {
    if (!session) {
      LATIUM_TRY(const CatalogPlace place, catalog_place(*tenant));
      const bool local = options.reads == Consistency::local && attempts == 0;
      session = std::make_unique<TableSession>(
          core().transactions(), core().tables(), place,
          TransactionOptions{.isolation = options.serializable ? Isolation::serializable : Isolation::read_committed,
                             .reading = local ? Reading::local : Reading::latest,
                             .contended = attempts > 0});
      now = {};
    }
    return session.get();
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
};
using Uses = std::vector<Use>;

void apply_uses(Shared& shared, const Uses& uses) {
  for (const Use& use : uses) {
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
Task<void> check_version(TableSession& session, const sql::Schema& table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto schema, co_await session.schema(table->name, deadline));
  if (schema->id == table->id && schema->version == table->version) co_return Result<void>();
  co_return fail(ErrorCode::stale_topology, "table '" + table->name + "' was changed meanwhile");
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
  for (std::size_t i = 0; i < found->size(); ++i) {
    TableSession::RangeRows& each = (*found)[i];
    const std::uint64_t read = ++shared->next_read;
    shared->reads.emplace(read, Shared::Read{std::move(each.footprint), by_unique_index[i]});
    out.push_back({.rows = std::move(each.rows), .next = std::move(each.next), .read = read});
  }
  co_return out;
}

Task<std::vector<sql::Written>> write_rows(SharedPtr shared, sql::Schema table, std::vector<sql::RowWrite> writes, Uses uses,
                                           MonotonicTime deadline) {
  LATIUM_CO_TRY(TableSession* const session, shared->open());
  apply_uses(*shared, uses);
  LATIUM_CO_CHECKED(co_await check_version(*session, table, deadline));
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

Task<void> commit(SharedPtr shared, Uses uses, MonotonicTime deadline) {
  apply_uses(*shared, uses);
  const Result<void> done = co_await shared->session->commit(deadline);
  shared->close();
  if (done) shared->attempts = 0;
  co_return done;
}

Task<void> roll_back(SharedPtr shared) {
  shared->close();
  co_return Result<void>();
}

struct Savepoint final : sql::TableAccess::Mark {
  Transaction::Savepoint writes;
};

Task<void> take_mark(SharedPtr shared, Savepoint& out) {
  if (shared->session) out.writes = shared->session->savepoint();
  co_return Result<void>();
}
Task<void> go_back(SharedPtr shared, const Savepoint& mark) {
  if (shared->session) shared->session->rollback_to(mark.writes);
  co_return Result<void>();
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
    return on_catalog([definition](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
      return tables.create_table(place, definition, deadline);
    });
  }
  Result<void> drop_table(const std::string& table) override {
    return on_catalog([table](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
      return tables.drop_table(place, table, deadline);
    });
  }
  Result<void> change_table(const std::string& table, Change change) override {
    return on_catalog([table, change = std::move(change)](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
      return tables.alter(place, table, change, deadline);
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
  Result<void> drop_view(const std::string& name) override {
    return change(put_view(shared_->core(), shared_->tenant, name, std::nullopt, deadline_));
  }

  Result<std::vector<sql::Found>> find(const sql::Schema& table, std::vector<sql::LookUp> wanted, std::size_t limit) override {
    open_ = true;
    return call(latium::find(shared_, table, std::move(wanted), limit, std::exchange(uses_, {}), deadline_));
  }
  void use(std::uint64_t read) override { uses_.push_back({.read = read}); }
  void hold(std::uint64_t read) override { uses_.push_back({.read = read, .hold = true}); }
  Result<std::vector<sql::Written>> write(const sql::Schema& table, std::vector<sql::RowWrite> writes) override {
    open_ = wrote_ = true;
    return call(latium::write_rows(shared_, table, std::move(writes), std::exchange(uses_, {}), deadline_));
  }

  std::unique_ptr<Mark> mark() override {
    auto out = std::make_unique<Savepoint>();
    if (open_) (void)node().run<void>(take_mark(shared_, *out));
    return out;
  }
  void rollback_to(const Mark& mark) override {
    if (open_) (void)node().run<void>(go_back(shared_, static_cast<const Savepoint&>(mark)));
  }
  bool in_transaction() const override { return open_; }
  Result<void> commit() override {
    if (!std::exchange(open_, false)) return {};
    const bool wrote = std::exchange(wrote_, false);
    bool begun = false;
    auto done = call(latium::commit(shared_, std::exchange(uses_, {}), deadline_), &begun);
    if (done || done.error().code != ErrorCode::cancelled || !wrote || !begun) return done;
    return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                "interrupted while it committed: whether the transaction has committed is not known");
  }
  void rollback() override {
    uses_.clear();
    wrote_ = false;
    if (std::exchange(open_, false)) (void)node().run<void>(roll_back(shared_));
  }
  void try_again(std::uint32_t attempts) override {
    shared_->attempts = attempts;
    (void)call([](SharedPtr shared) -> Task<void> {
      Transactions& all = shared->core().transactions();
      co_return co_await sleep_for(shared->core().runtime(), kAgain.wait(shared->attempts, all.random()));
    }(shared_));
  }

  SqlStats cost() const override {
    return {.round_trips = spent_.round_trips,
            .wan_round_trips = spent_.wan_round_trips,
            .replicas_asked = spent_.replicas_asked,
            .bytes = spent_.bytes};
  }
  void interrupt() override { calls_.interrupt(); }
  void resume() override { calls_.resume(); }
  std::size_t kept_bytes() const override { return shared_->kept_bytes; }
  std::string site() const override { return shared_->node->options.site; }

 private:
  using Work = std::move_only_function<Task<TableChange>(Catalog&, CatalogPlace, MonotonicTime)>;

  Node::Impl& node() const { return *shared_->node; }

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
    spent_ = shared_->past;
    spent_.add(shared_->now);
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
      LATIUM_CO_TRY(const TableChange made, co_await work(shared->core().tables(), place, deadline));
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
  Uses uses_;
};

Result<void> SqlAccess::create_index(const std::string& table, const Index& index) {
  LATIUM_CHECKED(on_catalog([table, index](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
    return tables.add_index(place, table, index, deadline);
  }));
  // Every node writes its entries from now on. What was there before has none.
  LATIUM_TRY(const std::vector<sql::Schema> all, tables());
  const auto schema = std::ranges::find_if(all, [&](const sql::Schema& each) { return each->find_index(index.name) != nullptr; });
  Result<std::vector<sql::Found>> looked = fail(ErrorCode::not_found, "table '" + table + "' is gone");
  if (schema != all.end()) {
    shared_->attempts = 1;  // the latest state
    looked = calls_.run<std::vector<sql::Found>>(latium::find(shared_, *schema, {sql::LookUp()}, 1, {}, deadline_));
    (void)node().run<void>(roll_back(shared_));
    shared_->attempts = 0;
  }
  if (looked && (!looked->front().rows.empty() || !looked->front().next.empty())) {
    looked = fail(ErrorCode::invalid_argument, "table '" + table +
                                                   "' has rows, and an index is only added to an empty table: create it together "
                                                   "with the table, in one transaction or script");
  }
  if (looked) {
    return on_catalog([table, name = index.name](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
      return tables.index_became_public(place, table, name, deadline);
    });
  }
  (void)drop_index(table, index.name);
  return fail(std::move(looked).error());
}

Result<void> SqlAccess::drop_index(const std::string& table, const std::string& index) {
  LATIUM_CHECKED(on_catalog([table, index](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
    return tables.drop_index(place, table, index, deadline);
  }));
  return on_catalog([table, index](Catalog& tables, CatalogPlace place, MonotonicTime deadline) {
    return tables.forget_index(place, table, index, deadline);
  });
}

}  // namespace

std::unique_ptr<sql::TableAccess> sql_access(std::shared_ptr<Node::Impl> node, std::shared_ptr<const TenantHandle> tenant,
                                             const SqlOptions& options) {
  return std::make_unique<SqlAccess>(std::move(node), std::move(tenant), options);
}

}  // namespace latium
