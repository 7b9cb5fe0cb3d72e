#include "node/sql_access.h"

#include <map>
#include <utility>

#include "node/call_options.h"
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
  std::map<std::uint64_t, Transaction::Footprint> reads{};
  std::uint64_t next_read = 0;
  CallStats past{};  // of transactions that have ended
  CallStats now{};
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
                             .contended = attempts > 0,
                             .check_read_only = options.check_read_only});
      now = {};
    }
    return session.get();
  }
  void close() {
    if (session) past.add(session->transaction().stats());
    now = {};
    session.reset();
    reads.clear();
  }
};
using SharedPtr = std::shared_ptr<Shared>;

void apply_uses(Shared& shared, const std::vector<std::uint64_t>& uses) {
  for (const std::uint64_t read : uses) {
    const auto found = shared.reads.find(read);
    if (found == shared.reads.end()) continue;
    shared.session->use(found->second);
    shared.reads.erase(found);
  }
}

// Schemas go by lease: what the session uses now may be newer than what SQL was compiled for.
Task<void> check_version(TableSession& session, const sql::Schema& table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto schema, co_await session.schema(table->name, deadline));
  if (schema->id == table->id && schema->version == table->version) co_return Result<void>();
  co_return fail(ErrorCode::stale_topology, "table '" + table->name + "' was changed meanwhile");
}

Task<void> find(SharedPtr shared, sql::Schema table, std::vector<sql::LookUp> wanted, std::size_t limit,
                std::vector<std::uint64_t> uses, MonotonicTime deadline, std::vector<sql::Found>& out) {
  LATIUM_CO_TRY(TableSession* const session, shared->open());
  apply_uses(*shared, uses);
  LATIUM_CO_CHECKED(co_await check_version(*session, table, deadline));
  std::vector<TableSession::RangeAsked> asked;
  for (sql::LookUp& each : wanted) asked.push_back({std::move(each.index), std::move(each.range), std::move(each.after)});
  auto found = co_await session->find_all(table->name, std::move(asked), limit, deadline);
  shared->now = session->transaction().stats();
  LATIUM_CO_CHECKED(found);
  for (TableSession::RangeRows& each : *found) {
    const std::uint64_t read = ++shared->next_read;
    shared->reads.emplace(read, std::move(each.footprint));
    out.push_back({.rows = std::move(each.rows), .next = std::move(each.next), .read = read});
  }
  co_return Result<void>();
}

Task<void> write_rows(SharedPtr shared, sql::Schema table, std::vector<sql::RowWrite> writes, std::vector<std::uint64_t> uses,
                      MonotonicTime deadline, std::vector<sql::Written>& out) {
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
  LATIUM_CO_CHECKED(written);
  for (const TableSession::Written& each : *written) out.push_back({each.done, each.number});
  co_return Result<void>();
}

Task<void> commit(SharedPtr shared, std::vector<std::uint64_t> uses, bool meant_to_write, MonotonicTime deadline) {
  apply_uses(*shared, uses);
  if (meant_to_write) shared->session->means_to_write();
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
      : shared_(std::make_shared<Shared>(std::move(node), std::move(tenant), options)) {}

  MonotonicTime now() override { return shared_->core().runtime().clock.monotonic_now(); }
  void set_deadline(MonotonicTime deadline) override { deadline_ = deadline; }

  Result<std::vector<sql::Schema>> tables() override {
    return node().run<std::vector<sql::Schema>>(all_tables(shared_->core(), shared_->tenant, deadline_));
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
  Result<void> change_table(const std::string& table, Change change) override {
    return on_catalog([table, change = std::move(change)](NodeCore& core, CatalogPlace place, MonotonicTime deadline) {
      return core.tables().alter(place, table, change, deadline);
    });
  }
  Result<void> create_index(const std::string& table, const Index& index) override;
  Result<void> drop_index(const std::string& table, const std::string& index) override;

  Result<std::vector<std::pair<std::string, std::string>>> views() override {
    return node().run<SqlViews>(list_views(shared_->core(), shared_->tenant, deadline_));
  }
  Result<void> create_view(const std::string& name, const std::string& sql) override {
    return node().run<void>(put_view(shared_->core(), shared_->tenant, name, sql, deadline_));
  }
  Result<void> drop_view(const std::string& name) override {
    return node().run<void>(put_view(shared_->core(), shared_->tenant, name, std::nullopt, deadline_));
  }

  Result<std::vector<sql::Found>> find(const sql::Schema& table, std::vector<sql::LookUp> wanted, std::size_t limit) override {
    std::vector<sql::Found> out;
    open_ = true;
    LATIUM_CHECKED(
        node().run<void>(latium::find(shared_, table, std::move(wanted), limit, std::exchange(uses_, {}), deadline_, out)));
    return out;
  }
  void use(std::uint64_t read) override { uses_.push_back(read); }
  Result<std::vector<sql::Written>> write(const sql::Schema& table, std::vector<sql::RowWrite> writes) override {
    std::vector<sql::Written> out;
    open_ = true;
    LATIUM_CHECKED(
        node().run<void>(latium::write_rows(shared_, table, std::move(writes), std::exchange(uses_, {}), deadline_, out)));
    return out;
  }

  void means_to_write() override { meant_to_write_ = true; }
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
    const bool meant_to_write = std::exchange(meant_to_write_, false);
    if (!std::exchange(open_, false)) return {};
    return node().run<void>(latium::commit(shared_, std::exchange(uses_, {}), meant_to_write, deadline_));
  }
  void rollback() override {
    uses_.clear();
    meant_to_write_ = false;
    if (std::exchange(open_, false)) (void)node().run<void>(roll_back(shared_));
  }
  void try_again(std::uint32_t attempts) override {
    shared_->attempts = attempts;
    (void)node().run<void>([](SharedPtr shared) -> Task<void> {
      Transactions& all = shared->core().transactions();
      co_return co_await sleep_for(shared->core().runtime(), kAgain.wait(shared->attempts, all.random()));
    }(shared_));
  }

  SqlStats cost() const override {
    CallStats all = shared_->past;
    all.add(shared_->now);
    return {.round_trips = all.round_trips,
            .wan_round_trips = all.wan_round_trips,
            .replicas_asked = all.replicas_asked,
            .bytes = all.bytes,
            .wan_bytes = all.wan_bytes};
  }
  std::string site() const override { return shared_->node->options.site; }

 private:
  using Work = std::move_only_function<Task<TableChange>(NodeCore&, CatalogPlace, MonotonicTime)>;

  Node::Impl& node() const { return *shared_->node; }

  // A change that others have not all heard of at the deadline is made all the same; a change that is refused says why.
  Result<void> on_catalog(Work work) {
    return node().run<void>([](SharedPtr shared, Work work, MonotonicTime deadline) -> Task<void> {
      LATIUM_CO_TRY(const CatalogPlace place, catalog_place(*shared->tenant));
      LATIUM_CO_TRY(const TableChange change, co_await work(shared->core(), place, deadline));
      if (change.settled) co_return Result<void>();
      co_return fail(ErrorCode::unavailable, "table '" + change.schema.name +
                                                 "' is changed, but not every node may have heard of it yet: look again in 6 s");
    }(shared_, std::move(work), deadline_));
  }

  SharedPtr shared_;
  MonotonicTime deadline_{};
  bool open_ = false;
  bool meant_to_write_ = false;
  std::vector<std::uint64_t> uses_;
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
