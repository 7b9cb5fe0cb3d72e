// The public Database, on nodes with and without replicas.
#include "latium/database.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "latium/asio.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

using TablesTest = ThreeNodesTest;

// A change that does not wait until it is settled.
constexpr TableOptions kImpatient{.timeout = std::chrono::milliseconds(2000)};

Database database_of(Node& node) {
  auto database = node.database("acme");
  EXPECT_TRUE(database.has_value()) << database.error().message;
  return *std::move(database);
}

TableDefinition servers() {
  return {.name = "Servers",
          .columns = {{.name = "id", .type = ValueType::integer, .auto_increment = true},
                      {.name = "host", .type = ValueType::text, .nullable = true, .nocase = true},
                      {.name = "load", .type = ValueType::real, .default_value = 0.5},
                      {.name = "owner", .type = ValueType::uuid, .nullable = true}},
          .primary_key = {"id"},
          .indexes = {{.name = "by_host", .columns = {"host", "load"}}, {.name = "one", .columns = {"owner"}, .unique = true}},
          .foreign_keys = {{.columns = {"owner"}, .table = "owners", .referenced = {"uuid"}}}};
}

TEST_F(TablesTest, ATableCreatedOnANodeIsKnownToEveryOtherAtOnce) {
  for (Node& node : nodes_) {
    TableDefinition table = servers();
    table.name += std::to_string(&node - nodes_.data());
    const auto made = database_of(node).create_table(table);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_TRUE(made->settled);
    EXPECT_EQ(made->version, 1u);
    EXPECT_EQ(made->definition, table);
    for (Node& other : nodes_) {
      const auto found = database_of(other).describe(table.name);
      ASSERT_TRUE(found.has_value()) << found.error().message;
      EXPECT_EQ(found->definition, table);
      EXPECT_EQ(found->id, made->id);
    }
  }
  const auto tables = database_of(client()).tables();
  ASSERT_TRUE(tables.has_value()) << tables.error().message;
  ASSERT_EQ(tables->size(), nodes_.size());
  EXPECT_EQ(tables->front().definition.name, "Servers0");
  EXPECT_EQ(database_of(replica(1)).create_table(servers())->definition.name, "Servers");
  EXPECT_EQ(database_of(replica(2)).create_table(servers()).error().code, ErrorCode::already_exists);
}

TEST_F(TablesTest, AChangeIsSettledOnceAllNodesHaveAnswered) {
  ASSERT_TRUE(database_of(client()).create_table(servers()).has_value());
  for (Node& node : nodes_) ASSERT_TRUE(database_of(node).session().find("servers", "").has_value()) << "it is in use";
  Row row{.values = {Value(), Value(), Value(0.5), Value()}};
  for (Node& node : nodes_) {
    const std::string name = "c" + std::to_string(&node - nodes_.data());
    const auto changed = database_of(node).add_column("servers", {.name = name, .nullable = true});
    ASSERT_TRUE(changed.has_value()) << changed.error().message;
    EXPECT_TRUE(changed->settled);
    row.values.emplace_back("x");
    for (Node& other : nodes_) {
      Session session = database_of(other).session();
      const auto added = session.add("servers", row);
      EXPECT_TRUE(added.has_value()) << added.error().message;
    }
  }
}

// A client that is stopped may have gone on with the version before.
TEST_F(TablesTest, WhereANodeDoesNotAnswerAChangeIsSeenEverywhereAndTheNextWaitsForIt) {
  ASSERT_TRUE(database_of(client()).create_table(servers()).has_value());
  ASSERT_TRUE(client().stop().has_value());
  nodes_.pop_back();
  const auto changed = database_of(replica(1)).add_column("servers", {.name = "note", .nullable = true}, kImpatient);
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_FALSE(changed->settled);
  EXPECT_EQ(changed->version, 2u);
  for (Node& node : nodes_) EXPECT_EQ(database_of(node).describe("servers")->definition.columns.size(), 5u);
  const auto refused = database_of(replica(0)).drop_column("servers", "note", kImpatient);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
  // With the usual patience it waits for the change before; its own is then not waited for to the end.
  const auto renamed = database_of(replica(0)).rename_column("servers", "note", "remark");
  ASSERT_TRUE(renamed.has_value()) << renamed.error().message;
  EXPECT_EQ(renamed->version, 3u);
}

TEST_F(TablesTest, ADroppedTableIsGoneEverywhere) {
  ASSERT_TRUE(database_of(client()).create_table(servers()).has_value());
  const auto dropped = database_of(replica(0)).drop_table("servers", kImpatient);
  ASSERT_TRUE(dropped.has_value()) << dropped.error().message;
  for (Node& node : nodes_) {
    EXPECT_EQ(database_of(node).describe("servers").error().code, ErrorCode::not_found);
    EXPECT_TRUE(database_of(node).tables()->empty());
  }
  EXPECT_EQ(database_of(client()).drop_table("servers").error().code, ErrorCode::not_found);
}

TEST_F(TablesTest, TenantsHaveTablesOfTheirOwn) {
  ASSERT_TRUE(replica(0).create_tenant("other", {.placement = "rennes:1", .partitions = 1}).has_value());
  ASSERT_TRUE(database_of(client()).create_table(servers()).has_value());
  auto other = client().database("other");
  ASSERT_TRUE(other.has_value());
  EXPECT_TRUE(other->tables()->empty());
  EXPECT_EQ(client().database("nobody").error().code, ErrorCode::unknown_tenant);
  ASSERT_TRUE(client().drop_tenant("other").has_value());
  EXPECT_EQ(other->tables().error().code, ErrorCode::unknown_tenant);
}

boost::asio::awaitable<bool> awaits(Database database) {
  using boost::asio::use_awaitable;
  const auto me = std::this_thread::get_id();
  const auto made = co_await async_create_table(database, servers(), {}, use_awaitable);
  const auto all = co_await async_tables(database, {}, use_awaitable);
  const auto found = co_await async_describe(database, "servers", {}, use_awaitable);
  const auto dropped = co_await async_drop_table(database, "servers", kImpatient, use_awaitable);
  co_return made&& all && all->size() == 1 && found&& dropped&& std::this_thread::get_id() == me;
}

TEST_F(TablesTest, AwaitableFormsRunOnTheCallersExecutor) {
  boost::asio::io_context context;
  auto outcome = boost::asio::co_spawn(context, awaits(database_of(client())), boost::asio::use_future);
  context.run();
  EXPECT_TRUE(outcome.get());
}

}  // namespace
}  // namespace latium
