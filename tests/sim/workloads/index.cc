#include "tests/sim/workloads/index.h"

#include <algorithm>
#include <map>
#include <utility>

#include "node/tenants.h"
#include "relational/session.h"
#include "tests/sim/workloads/cluster_run.h"
#include "tests/sim/workloads/onlooker.h"

namespace latium::sim {

namespace {

constexpr const char* kTable = "items";
constexpr std::int64_t kIds = 12;
constexpr std::int64_t kNames = 8;  // fewer than rows: nodes race for them
constexpr std::int64_t kTags = 3;
constexpr Duration kTimeout = std::chrono::seconds(4);

TableDefinition items() {
  return {.name = kTable,
          .columns = {{.name = "id", .type = ValueType::integer},
                      {.name = "name", .type = ValueType::text, .nullable = true, .nocase = true},
                      {.name = "tag", .type = ValueType::text, .nullable = true},
                      {.name = "size", .type = ValueType::integer}},
          .primary_key = {"id"},
          .indexes = {{.name = "one_name", .columns = {"name"}, .unique = true},
                      {.name = "by_tag", .columns = {"tag"}},
                      {.name = "by_tag_size", .columns = {"tag", "size"}}}};
}

// Comes and goes while the table is used.
Index by_size() {
  return {.name = "by_size", .columns = {"size"}};
}

// What is true outside of the cluster; survives every node.
struct Ledger : Ending {
  std::uint64_t looks = 0;
  std::uint64_t rows_seen = 0;
  std::optional<std::string> wrong;

  void found(std::string what) {
    if (!wrong) wrong = std::move(what);
  }
};

using Rows = std::map<std::int64_t, Row>;  // by id

std::string ids_of(const Rows& rows) {
  std::string out;
  for (const auto& [id, row] : rows) {
    out += (out.empty() ? "" : ", ") + std::to_string(id) + " (" + row.values[1].to_string() + ", " + row.values[2].to_string() +
           ", " + row.values[3].to_string() + ')';
  }
  return out.empty() ? "none" : out;
}

class Clerk {
 public:
  Clerk(NodeCore& core, std::size_t number, Ledger& ledger)
      : core_(core), number_(number), ledger_(ledger), random_(core.runtime().random.fork("clerk")) {}

  Task<void> work() {
    while (!ledger_.ended) {
      LATIUM_CO_CHECKED(co_await sleep_for(core_.runtime(), std::chrono::milliseconds(random_.below(400))));
      const auto tenant = co_await find_tenant(core_.cluster(), kRunTenant, deadline());
      if (!tenant) continue;
      place_ = {(*tenant)->id, (*tenant)->partitions};
      // Errors are what faults make of it: only what was promised counts.
      if (ledger_.ending) {
        if (const auto looked = co_await look(true); !looked) ledger_.last_error = looked.error().message;
      } else if (random_.chance(0.05)) {
        (void)co_await change_indexes();
      } else if (random_.chance(0.3)) {
        (void)co_await look(false);
      } else {
        (void)co_await change();
      }
    }
    co_return Result<void>();
  }

 private:
  MonotonicTime deadline() const { return saturating_add(core_.runtime().clock.monotonic_now(), kTimeout); }
  TableSession begin(bool latest, bool serializable) {
    return {core_.transactions(),
            core_.tables(),
            place_,
            {.isolation = serializable ? Isolation::serializable : Isolation::read_committed,
             .reading = latest ? Reading::latest : Reading::local}};
  }

  // Whoever comes first makes the table.
  Task<void> make_table() {
    LATIUM_CO_CHECKED(co_await core_.tables().create_table(place_, items(), deadline()));
    co_return Result<void>();
  }

  Task<void> change_indexes() {
    if (random_.chance(0.5)) {
      LATIUM_CO_CHECKED((co_await core_.table_work().create_index(place_, kTable, by_size(), deadline())));
    } else {
      LATIUM_CO_CHECKED((co_await core_.table_work().drop_index(place_, kTable, "by_size", deadline())));
    }
    co_return Result<void>();
  }

  Row random_row(std::int64_t id) {
    Row row;
    row.values.emplace_back(id);
    // Of two cases, which are one name.
    const char* const prefix = random_.chance(0.5) ? "name" : "NAME";
    row.values.push_back(random_.chance(0.15) ? Value() : Value(prefix + std::to_string(random_.below(kNames))));
    row.values.push_back(random_.chance(0.15) ? Value() : Value("tag" + std::to_string(random_.below(kTags))));
    row.values.emplace_back(static_cast<std::int64_t>(random_.below(3)));
    return row;
  }

  Task<void> change() {
    TableSession session = begin(random_.chance(0.4), random_.chance(0.6));
    if (!co_await core_.tables().find(place_, kTable, deadline())) co_return co_await make_table();
    const auto steps = random_.between(1, 3);
    for (int i = 0; i < steps; ++i) {
      const auto id = static_cast<std::int64_t>(random_.below(kIds));
      const auto savepoint = session.savepoint();
      const auto done = co_await change_row(session, id);
      // A duplicate, or a row that is not there: as things are; the others of the session may stand.
      const bool as_it_is =
          !done && (done.error().code == ErrorCode::already_exists || done.error().code == ErrorCode::not_found);
      if (!done && !as_it_is) co_return done;
      if (random_.chance(0.1)) session.rollback_to(savepoint);
    }
    co_return co_await session.commit(deadline());
  }

  Task<void> change_row(TableSession& session, std::int64_t id) {
    const double choice = random_.unit();
    if (choice < 0.4) co_return co_await session.insert(kTable, random_row(id), deadline());
    if (choice < 0.75) co_return co_await session.update(kTable, random_row(id), deadline());
    LATIUM_CO_CHECKED(co_await session.remove(kTable, {Value(id)}, deadline()));
    co_return Result<void>();
  }

  // All rows of a range; those of the table itself sometimes page by page.
  Task<Rows> all(TableSession& session, std::string index, RowRange range) {
    const std::size_t limit = index.empty() && random_.chance(0.3) ? 3 : 1'000;
    Rows out;
    while (true) {
      LATIUM_CO_TRY(RowPage page, co_await session.find(kTable, index, range, limit, deadline()));
      for (Row& row : page.rows) {
        const auto id = row.values[0].get<std::int64_t>();
        if (!out.emplace(id, std::move(row)).second) ledger_.found("'" + index + "' has row " + std::to_string(id) + " twice");
      }
      if (!page.more) co_return out;
      range.low = KeyBound{Value(out.rbegin()->first), false};
    }
  }

  Task<void> look(bool last) {
    TableSession session = begin(last || random_.chance(0.5), true);
    auto scanned = co_await all(session, "", {});
    if (!scanned && scanned.error().code == ErrorCode::not_found) {
      const auto made = co_await make_table();
      co_return made;
    }
    LATIUM_CO_CHECKED(scanned);
    const std::size_t which = random_.below(4);
    const Index looked_at = which < 3 ? items().indexes[which] : by_size();
    RowRange range;
    if (looked_at.name == "by_tag")
      range.equal = {random_.chance(0.2) ? Value() : Value("tag" + std::to_string(random_.below(kTags)))};
    LATIUM_CO_TRY(const Rows by_index, co_await all(session, looked_at.name, range));
    LATIUM_CO_CHECKED(co_await session.commit(deadline()));
    ++ledger_.looks;
    ledger_.rows_seen += scanned->size();
    judge(*scanned, looked_at, range, by_index);
    ledger_.ended = ledger_.ended || last;
    co_return Result<void>();
  }

  void judge(const Rows& rows, const Index& index, const RowRange& range, const Rows& found) {
    Rows wanted;
    std::map<std::string, std::int64_t> owners;
    for (const auto& [id, row] : rows) {
      const bool named = !row.values[1].is_null();
      if (range.equal.empty() ? named || !index.unique : row.values[2] == range.equal[0]) wanted.emplace(id, row);
      if (!named) continue;
      std::string name = row.values[1].get<std::string>();
      std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      const auto [owner, first] = owners.emplace(name, id);
      if (!first) {
        ledger_.found(name + " is the name of row " + std::to_string(owner->second) + " and of row " + std::to_string(id));
      }
    }
    if (wanted == found) return;
    ledger_.found("node " + std::to_string(number_) + " saw in one session the rows " + ids_of(wanted) + " and by index '" +
                  index.name + "' " + ids_of(found));
  }

  NodeCore& core_;
  std::size_t number_;
  Ledger& ledger_;
  Random random_;
  CatalogPlace place_{};
};

Task<void> clerk(NodeCore& core, std::size_t number, Ledger& ledger) {
  Clerk clerk(core, number, ledger);
  co_return co_await clerk.work();
}

}  // namespace

RunReport index(const RunOptions& options) {
  Ledger ledger;
  ledger.last_error = "no node reads the table and its indexes in one session";
  RunReport report = run_cluster(
      options, [&ledger](ClientSeams seams) { return std::make_unique<Onlooker>(std::move(seams), ledger); },
      [](const History&) { return CheckReport(); },
      [&ledger](NodeCore& core, std::size_t number) { return clerk(core, number, ledger); });
  if (ledger.wrong) report.failure = ledger.wrong;
  return report;
}

}  // namespace latium::sim
