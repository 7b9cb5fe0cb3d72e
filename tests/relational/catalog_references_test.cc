// Over nodes whose clocks differ in speed, whose messages take any time and get lost, which are started again, hear nothing, and
// give up at any moment: once a row of a table can be written, nobody uses a table that it names without knowing of it. So no row
// that is named is removed by somebody who does not look for who names it. Nor while the table that is named is renamed.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "runtime/task_group.h"
#include "tests/relational/catalog_nodes.h"

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CatalogPlace kPlace{TenantId{1}, 8};
constexpr Duration kRun = seconds(90);

TableDefinition hosts() {
  return {.name = "hosts", .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
}

// By a foreign key of its own, or one of the text that SQL has kept.
TableDefinition rooms(bool by_sql) {
  TableDefinition out{.name = "rooms", .columns = {{.name = "id", .type = ValueType::integer}}, .primary_key = {"id"}};
  out.foreign_keys = {{{"id"}, "hosts", {"id"}}};
  if (by_sql) out.sql_references = {"elsewhere", "Hosts"};
  return out;
}

struct Observed {
  Duration last_unknowing{};             // until when a node has used hosts without knowing of rooms
  Duration first_row = Duration::max();  // when rows of rooms could be written first
};

struct Member {
  CatalogNode& node;
  sim::Simulation& simulation;
  Observed& observed;
};

// As a session that removes a row does: until the end of its commit, or of the lease if that stays open.
Task<void> remove_for_ever(Member member) {
  CatalogNode& node = member.node;
  Random& random = node.process.runtime().random;
  while (member.simulation.now() < kRun) {
    const std::size_t restarts = node.restarts();
    auto lease = co_await node.latest().lease(kPlace, "hosts", node.in(seconds(30)));
    if (lease) {
      const auto names = co_await node.latest().referencing(kPlace, "hosts", node.in(seconds(30)));
      LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(6000))));
      const bool open = restarts != node.restarts() || random.below(5) == 0;
      const Duration lease_ends = node.clock.virtual_time_of(lease->until);
      if (names && names->empty()) {
        Duration& last = member.observed.last_unknowing;
        last = std::max(last, open ? lease_ends : std::min(lease_ends, member.simulation.now()));
      }
      if (restarts == node.restarts() && open) node.latest().keep_in_use({*std::move(lease)});
    }
    lease = fail(ErrorCode::not_found, "given back");
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(500))));
  }
  co_return Result<void>();
}

Task<void> write_for_ever(Member member) {
  CatalogNode& node = member.node;
  while (member.simulation.now() < kRun) {
    const auto schema = co_await node.latest().find(kPlace, "rooms", node.in(seconds(30)));
    if (schema && !(*schema)->unannounced) {
      member.observed.first_row = std::min(member.observed.first_row, member.simulation.now());
    } else if (schema) {
      // As the work of tables does, which goes on with what nobody does any more.
      (void)co_await node.latest().announce(kPlace, "rooms", (*schema)->id, node.in(seconds(20)));
    }
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(node.process.runtime().random.below(1000))));
  }
  co_return Result<void>();
}

Task<void> create_for_ever(Member member, bool by_sql) {
  CatalogNode& node = member.node;
  Random& random = node.process.runtime().random;
  LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(20'000))));
  while (member.simulation.now() < kRun) {
    if (random.below(3) == 0) node.store.lose_answers = 1 + random.below(4);
    (void)co_await node.latest().create_table(kPlace, rooms(by_sql), node.in(milliseconds(random.below(15'000))));
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), seconds(5)));
  }
  co_return Result<void>();
}

// Of the one table, and of the one that names it.
constexpr const char* kNames[] = {"hosts", "guests"};
constexpr const char* kRooms[] = {"rooms", "halls"};

struct Renames {
  TableId hosts;
  std::uint32_t made = 0;
  std::uint32_t looks = 0;  // at a table whose rows could be removed
  std::uint32_t closed = 0;
};

// As a session of SQL does, which goes by all tables, or one that asks for those that name its own.
Task<void> look_for_ever(CatalogNode& node, sim::Simulation& simulation, Renames& seen) {
  Random& random = node.process.runtime().random;
  while (simulation.now() < kRun) {
    const std::size_t restarts = node.restarts();
    if (random.below(2) == 0) {
      const auto all = co_await node.latest().in_use(kPlace, node.in(seconds(30)));
      const bool gone = restarts != node.restarts();  // nobody asks the process of before what it uses
      for (const auto& table : all && !gone ? *all : std::vector<std::shared_ptr<const TableSchema>>()) {
        if (table->id != seen.hosts) continue;
        ++(table->moving ? seen.closed : seen.looks);
        const auto names_it = [&](const auto& each) { return tables_named(*each) == std::vector<std::string>{table->name}; };
        EXPECT_TRUE(table->moving || std::ranges::any_of(*all, names_it)) << "nothing names " << table->name;
      }
    } else {
      auto lease = co_await node.latest().lease(kPlace, kNames[random.below(2)], node.in(seconds(30)));
      if (lease && !lease->schema->moving) {
        const auto names = co_await node.latest().referencing(kPlace, lease->schema->name, node.in(seconds(30)));
        const bool in_use = lease->until > node.process.runtime().clock.monotonic_now();
        EXPECT_TRUE(!in_use || !names || !names->empty()) << "nobody names " << lease->schema->name;
        ++seen.looks;
      }
      LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(3000))));
      if (lease && restarts == node.restarts() && random.below(5) == 0) node.latest().keep_in_use({*std::move(lease)});
    }
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(500))));
  }
  co_return Result<void>();
}

Task<void> rename_for_ever(CatalogNode& node, sim::Simulation& simulation, Renames& seen) {
  Random& random = node.process.runtime().random;
  while (simulation.now() < kRun) {
    if (random.below(4) == 0) node.store.lose_answers = 1 + random.below(6);
    const MonotonicTime deadline = node.in(milliseconds(random.below(25'000)));
    switch (random.below(6)) {
      case 0:
        (void)co_await node.latest().add_column(kPlace, kRooms[random.below(2)],
                                                {.name = "c" + std::to_string(seen.looks), .nullable = true}, deadline);
        break;
      case 1: {  // it names what is renamed, and is renamed
        const std::uint64_t which = random.below(2);
        (void)co_await node.latest().rename_table(kPlace, kRooms[which], kRooms[1 - which], "", deadline);
        break;
      }
      default: {
        const std::uint64_t which = random.below(2);
        const auto renamed = co_await node.latest().rename_table(kPlace, kNames[which], kNames[1 - which], "", deadline);
        if (renamed && renamed->schema.id == seen.hosts) ++seen.made;
        break;
      }
    }
    LATIUM_CO_CHECKED(co_await sleep_for(node.process.runtime(), milliseconds(random.below(3000))));
  }
  co_return Result<void>();
}

// Whatever is left is gone on with, and then the one table is there under one name, which the other one has.
Task<void> look_at_the_end(CatalogNode& node, Renames& seen) {
  for (const char* const name : {"hosts", "guests", "rooms", "halls"}) (void)co_await node.latest().settle(kPlace, name, kNever);
  LATIUM_CO_TRY(const auto tables, co_await node.latest().list(kPlace, kNever));
  EXPECT_EQ(tables.size(), 2u);
  for (const TableChange& each : tables) {
    if (each.schema.unannounced)
      LATIUM_CO_CHECKED(co_await node.latest().announce(kPlace, each.schema.name, each.schema.id, kNever));
  }
  LATIUM_CO_TRY(const auto now, co_await node.latest().list(kPlace, kNever));
  std::string name;
  for (const TableChange& each : now) {
    EXPECT_TRUE(each.settled && !each.schema.moving && !each.schema.unannounced) << each.schema.name;
    if (each.schema.id == seen.hosts) name = each.schema.name;
  }
  for (const TableChange& each : now) {
    if (each.schema.id == seen.hosts) continue;
    EXPECT_EQ(tables_named(each.schema), std::vector<std::string>{name});
    if (!each.schema.sql.empty()) EXPECT_NE(each.schema.sql.find(name), std::string::npos) << each.schema.sql;
  }
  co_return Result<void>();
}

RC_GTEST_PROP(CatalogReferencesTest, WhoRemovesARowOfARenamedTableKnowsWhoNamesIt, ()) {
  sim::Simulation simulation(*rc::gen::arbitrary<std::uint64_t>());
  SharedRecords shared;
  Renames seen;
  std::vector<std::unique_ptr<CatalogNode>> nodes;
  TaskGroup group(simulation.executor(), 100);
  for (int i = 0; i < 3; ++i) {
    const auto delay = milliseconds(*rc::gen::element(0, 20, 300));
    nodes.push_back(std::make_unique<CatalogNode>(simulation, shared, "n" + std::to_string(i), delay));
    nodes.back()->clock.set_drift_ppm(*rc::gen::inRange(-40'000, 40'001));
  }
  const auto made = simulation.run(nodes[0]->catalog.create_table(kPlace, hosts(), kNever));
  RC_ASSERT(made.has_value());
  seen.hosts = made->schema.id;
  TableDefinition child = rooms(false);
  child.sql = "CREATE TABLE rooms(id REFERENCES hosts(id))";
  RC_ASSERT(simulation.run(nodes[0]->catalog.create_table(kPlace, child, kNever)).has_value());
  for (const auto& node : nodes) {
    node->peers.lost_percent = *rc::gen::element<std::uint64_t>(0, 0, 10, 50);
    RC_ASSERT(group.spawn(look_for_ever(*node, simulation, seen)).has_value());
    RC_ASSERT(group.spawn(look_for_ever(*node, simulation, seen)).has_value());
    if (*rc::gen::inRange(0, 3) != 0) RC_ASSERT(group.spawn(rename_for_ever(*node, simulation, seen)).has_value());
    if (*rc::gen::inRange(0, 3) == 0) RC_ASSERT(group.spawn(restart_now_and_then(*node, simulation, kRun)).has_value());
  }
  RC_ASSERT(simulation.run(group.join()).has_value());
  for (const auto& node : nodes) node->store.lose_answers = 0;
  const auto end = simulation.run(look_at_the_end(*nodes[0], seen));
  EXPECT_TRUE(end.has_value()) << end.error().message;
  RC_ASSERT(!testing::Test::HasFailure());
  RC_CLASSIFY(seen.made > 0, "had the table renamed");
  RC_CLASSIFY(seen.closed > 0, "had it seen closed");
  RC_CLASSIFY(seen.looks > 50, "had it looked at often");
}

RC_GTEST_PROP(CatalogReferencesTest, WhoRemovesARowKnowsWhoMayNameIt, ()) {
  sim::Simulation simulation(*rc::gen::arbitrary<std::uint64_t>());
  SharedRecords shared;
  Observed observed;
  std::vector<std::unique_ptr<CatalogNode>> nodes;
  TaskGroup group(simulation.executor(), 100);
  for (int i = 0; i < 3; ++i) {
    const auto delay = milliseconds(*rc::gen::element(0, 20, 1000));
    nodes.push_back(std::make_unique<CatalogNode>(simulation, shared, "n" + std::to_string(i), delay));
    nodes.back()->clock.set_drift_ppm(*rc::gen::inRange(-40'000, 40'001));
    nodes.back()->peers.lost_percent = *rc::gen::element<std::uint64_t>(0, 0, 10, 50, 100);
    if (*rc::gen::inRange(0, 8) == 0) shared.deaf.insert("n" + std::to_string(i));
  }
  RC_ASSERT(simulation.run(nodes[0]->catalog.create_table(kPlace, hosts(), kNever)).has_value());
  for (const auto& node : nodes) {
    const Member member{*node, simulation, observed};
    RC_ASSERT(group.spawn(remove_for_ever(member)).has_value());
    RC_ASSERT(group.spawn(remove_for_ever(member)).has_value());
    RC_ASSERT(group.spawn(write_for_ever(member)).has_value());
    if (*rc::gen::inRange(0, 2) == 0) RC_ASSERT(group.spawn(create_for_ever(member, *rc::gen::arbitrary<bool>())).has_value());
    if (*rc::gen::inRange(0, 3) == 0)
      RC_ASSERT(group.spawn(restart_now_and_then(member.node, member.simulation, kRun)).has_value());
  }
  RC_ASSERT(simulation.run(group.join()).has_value());
  RC_ASSERT(observed.last_unknowing <= observed.first_row);
  RC_CLASSIFY(observed.first_row != Duration::max(), "had rows written");
  RC_CLASSIFY(observed.last_unknowing + seconds(5) > observed.first_row, "had somebody who knew of none shortly before");
}

}  // namespace
}  // namespace latium
