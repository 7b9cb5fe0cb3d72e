// Over nodes whose clocks differ in speed, whose messages take any time and get lost, which are started again, hear nothing, and
// give up at any moment: never are three versions of a schema in use, nor two that are not adjacent, nothing writes to a table
// whose rows may be removed, and a table that is renamed is neither lost nor there twice.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runtime/task_group.h"
#include "tests/relational/catalog_nodes.h"

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CatalogPlace kPlace{TenantId{1}, 8};
constexpr Duration kRun = seconds(120);

// A table may have either.
constexpr const char* kNames[] = {"hosts", "guests"};

TableDefinition table_of(std::string name) {
  return {.name = std::move(name), .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
}

// From when to when, in virtual time, a node may have used a version.
struct InUse {
  TableId table;
  std::uint32_t version;
  Duration from;
  Duration until;
};

struct Observed {
  std::vector<InUse> uses;
  std::map<TableId, Duration> removable;  // when its rows were first said to be
  std::uint32_t changes = 0;
  std::uint32_t renamed = 0;
};

struct Member {
  CatalogNode& node;
  sim::Simulation& simulation;
  Observed& observed;
};

// For as long as the use is held, which may be beyond the lease. What a process that is gone, or a commit whose outcome is open,
// has sent may take effect until the lease ends.
Task<void> use_for_ever(Member member) {
  CatalogNode& node = member.node;
  Random& random = node.process.runtime().random;
  while (member.simulation.now() < kRun) {
    const std::size_t restarts = node.restarts();
    auto lease = co_await node.latest().lease(kPlace, kNames[random.below(2)], node.in(seconds(30)));
    if (lease && restarts == node.restarts()) {
      const Duration from = member.simulation.now();
      const auto use = [&, until = node.clock.virtual_time_of(lease->until)](Duration end) {
        member.observed.uses.push_back({lease->schema->id, lease->schema->version, from, std::min(end, until)});
      };
      LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(6000))));
      const bool open = restarts != node.restarts() || random.below(5) == 0;
      use(open ? Duration::max() : member.simulation.now());
      if (restarts == node.restarts() && open) node.latest().keep_in_use({*std::move(lease)});
    }
    lease = fail(ErrorCode::not_found, "given back");
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(1000))));
  }
  co_return Result<void>();
}

Task<void> change_for_ever(Member member) {
  CatalogNode& node = member.node;
  Random& random = node.process.runtime().random;
  while (member.simulation.now() < kRun) {
    // Often too short to wait for anything.
    const MonotonicTime deadline = node.in(milliseconds(random.below(15'000)));
    if (random.below(5) == 0) node.store.lose_answers = 1 + random.below(2);
    const std::uint64_t which = random.below(2);
    const std::string table = kNames[which];
    switch (random.below(8)) {
      case 0:
        (void)co_await node.latest().create_table(kPlace, table_of(table), deadline);
        break;
      case 1:
        (void)co_await node.latest().drop_table(kPlace, table, deadline);
        break;
      case 2:
      case 3:
      case 4: {
        const auto done = co_await node.latest().rename_table(kPlace, table, kNames[1 - which], "", deadline);
        if (done) ++member.observed.renamed;
        break;
      }
      default: {
        const std::string name = "c" + std::to_string(++member.observed.changes);
        (void)co_await node.latest().add_column(kPlace, table, {.name = name, .nullable = true}, deadline);
        break;
      }
    }
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(2000))));
  }
  co_return Result<void>();
}

Task<void> sweep_for_ever(Member member) {
  CatalogNode& node = member.node;
  while (member.simulation.now() < kRun) {
    const auto dropped = co_await node.catalog.dropped_tables(kPlace, node.in(seconds(30)));
    if (dropped) {
      for (const DroppedTable& table : *dropped) {
        member.observed.removable.try_emplace(table.id, member.simulation.now());
        if (node.process.runtime().random.below(2) == 0) {
          (void)co_await node.catalog.forget_dropped(kPlace, table, node.in(seconds(30)));
        }
      }
    }
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(500)));
  }
  co_return Result<void>();
}

Task<void> create(Catalog& catalog, TableDefinition table) {
  (void)co_await catalog.create_table(kPlace, std::move(table), kNever);
  co_return Result<void>();
}

// Once nobody does anything any more: what was used and not dropped is there, under one name.
Task<void> look_at_the_end(Member member) {
  CatalogNode& node = member.node;
  // What a node does without being asked has an end too.
  LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), seconds(300)));
  for (const char* const name : kNames) (void)co_await node.latest().settle(kPlace, name, node.in(seconds(600)));
  (void)co_await node.latest().settle(kPlace, "rooms", node.in(seconds(600)));
  LATIUM_CO_TRY(const auto dropped, co_await node.latest().dropped_tables(kPlace, node.in(seconds(600))));
  for (const DroppedTable& table : dropped) member.observed.removable.try_emplace(table.id, member.simulation.now());
  LATIUM_CO_TRY(const auto tables, co_await node.latest().list(kPlace, node.in(seconds(600))));
  std::map<TableId, std::size_t> there;
  for (const TableChange& table : tables) {
    ++there[table.schema.id];
    EXPECT_TRUE(table.settled) << table.schema.name;
    const auto described = co_await node.latest().describe(kPlace, table.schema.name, node.in(seconds(600)));
    EXPECT_TRUE(described && described->schema == table.schema);
  }
  for (const auto& [id, count] : there) EXPECT_EQ(count, 1u) << id.value;
  for (const InUse& use : member.observed.uses) {
    EXPECT_TRUE(there.contains(use.table) != member.observed.removable.contains(use.table)) << use.table.value;
  }
  co_return Result<void>();
}

void check(const Observed& observed) {
  for (const InUse& one : observed.uses) {
    const auto removable = observed.removable.find(one.table);
    RC_ASSERT(removable == observed.removable.end() || one.until <= removable->second);
    for (const InUse& other : observed.uses) {
      if (one.table != other.table || one.from >= other.until || other.from >= one.until) continue;
      RC_ASSERT(one.version <= other.version + 1);
      RC_ASSERT(other.version <= one.version + 1);
    }
  }
}

RC_GTEST_PROP(CatalogVersionsTest, NeverAreMoreThanTwoAdjacentVersionsInUse, ()) {
  sim::Simulation simulation(*rc::gen::arbitrary<std::uint64_t>());
  SharedRecords shared;
  Observed observed;
  std::vector<std::unique_ptr<CatalogNode>> nodes;
  TaskGroup group(simulation.executor(), 100);
  for (int i = 0; i < 4; ++i) {
    const auto delay = milliseconds(*rc::gen::element(0, 20, 1000, 4000));
    nodes.push_back(std::make_unique<CatalogNode>(simulation, shared, "n" + std::to_string(i), delay));
    nodes.back()->clock.set_drift_ppm(*rc::gen::inRange(-40'000, 40'001));
    nodes.back()->peers.lost_percent = *rc::gen::element<std::uint64_t>(0, 0, 10, 50, 100);
    if (*rc::gen::inRange(0, 8) == 0) shared.deaf.insert("n" + std::to_string(i));
    const Member member{*nodes.back(), simulation, observed};
    RC_ASSERT(group.spawn(use_for_ever(member)).has_value());
    RC_ASSERT(group.spawn(change_for_ever(member)).has_value());
    if (*rc::gen::arbitrary<bool>())
      RC_ASSERT(group.spawn(restart_now_and_then(member.node, member.simulation, kRun)).has_value());
  }
  // With one that names it, a table is closed before it moves: that is a version of its own.
  const bool named = *rc::gen::arbitrary<bool>();
  if (named) {
    TableDefinition rooms = table_of("rooms");
    rooms.foreign_keys = {{{"id"}, "hosts", {"id"}}, {{"id"}, "guests", {"id"}}};
    RC_ASSERT(group.spawn(create(nodes.front()->catalog, rooms)).has_value());
  }
  RC_ASSERT(group.spawn(sweep_for_ever({*nodes.front(), simulation, observed})).has_value());
  RC_ASSERT(simulation.run(group.join()).has_value());
  check(observed);
  nodes.front()->store.lose_answers = 0;
  const auto end = simulation.run(look_at_the_end({*nodes.front(), simulation, observed}));
  EXPECT_TRUE(end.has_value()) << end.error().message;
  RC_ASSERT(!testing::Test::HasFailure());
  std::uint64_t agreed = 0;
  for (const auto& node : nodes) agreed += node->latest().statistics().agreed;
  RC_CLASSIFY(agreed > 0, "had a change that all nodes agreed to");
  std::uint32_t newest = 0;
  for (const InUse& use : observed.uses) newest = std::max(newest, use.version);
  RC_CLASSIFY(newest >= 5, "went through five versions");
  RC_CLASSIFY(!observed.removable.empty(), "had a table dropped");
  RC_CLASSIFY(observed.renamed > 0, named ? "had a table renamed that another one names" : "had a table renamed");
}

}  // namespace
}  // namespace latium
