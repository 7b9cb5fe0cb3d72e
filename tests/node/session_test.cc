// Sessions of the public interface, on a cluster of three nodes and one that holds nothing.
#include "latium/session.h"

#include <atomic>
#include <future>
#include <thread>

#include "base/result.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

class SessionTest : public ThreeNodesTest {
 protected:
  void SetUp() override {
    ThreeNodesTest::SetUp();
    if (HasFatalFailure()) return;
    TableDefinition hosts{.name = "hosts",
                          .columns = {{.name = "name", .type = ValueType::text}, {.name = "cpus", .type = ValueType::integer}},
                          .primary_key = {"name"}};
    TableDefinition instances{
        .name = "instances",
        .columns = {{.name = "id", .type = ValueType::integer},
                    {.name = "uuid", .type = ValueType::text},
                    {.name = "host", .type = ValueType::text, .nullable = true}},
        .primary_key = {"id"},
        .indexes = {{.name = "by_uuid", .columns = {"uuid"}, .unique = true}, {.name = "by_host", .columns = {"host"}}},
        .foreign_keys = {{.columns = {"host"}, .table = "hosts", .referenced = {"name"}}}};
    for (const TableDefinition& table : {hosts, instances}) {
      const auto created = database(0).create_table(table);
      ASSERT_TRUE(created.has_value()) << created.error().message;
    }
  }

  Database database(std::size_t node) { return *nodes_[node].database("acme"); }
  static Row host(std::string name, int cpus) { return {{Value(std::move(name)), Value(cpus)}}; }
  static Row instance(int id, std::string uuid, Value on) { return {{Value(id), Value(std::move(uuid)), std::move(on)}}; }
  static std::vector<std::int64_t> ids(const Result<RowPage>& page) {
    std::vector<std::int64_t> out;
    EXPECT_TRUE(page.has_value()) << page.error().message;
    if (page) {
      for (const Row& row : page->rows) out.push_back(row.values[0].get<std::int64_t>());
    }
    return out;
  }
};

TEST_F(SessionTest, WhatIsCommittedIsSeenOnEveryNodeByKeyAndByIndex) {
  Session session = database(3).session();
  ASSERT_TRUE(session.add("hosts", host("n1", 8)).has_value());
  ASSERT_TRUE(session.add("instances", instance(1, "a", Value("n1"))).has_value());
  ASSERT_TRUE(session.add("instances", instance(2, "b", Value("n1"))).has_value());
  ASSERT_TRUE(session.add("instances", instance(3, "c", Value())).has_value());
  const auto committed = session.commit();
  ASSERT_TRUE(committed.has_value()) << committed.error().message;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    Session reader = database(node).session({.reads = Consistency::quorum});
    const auto row = reader.get("instances", {Value(2)});
    ASSERT_TRUE(row.has_value() && row->has_value());
    EXPECT_EQ(**row, instance(2, "b", Value("n1")));
    EXPECT_EQ(ids(reader.find("instances", "by_host", {.equal = {Value("n1")}})), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(ids(reader.find("instances", "by_uuid", {.equal = {Value("c")}})), std::vector<std::int64_t>{3});
    EXPECT_EQ(ids(reader.find("instances", "", {}, 2)), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(ids(reader.find("instances", "", {.low = KeyBound{Value(2)}})), (std::vector<std::int64_t>{2, 3}));
    EXPECT_TRUE(reader.commit().has_value());
  }
}

TEST_F(SessionTest, ANodeSeesWhatItHasCommittedItself) {
  for (int i = 0; i < 20; ++i) {
    Session writer = database(1).session();
    ASSERT_TRUE(writer.add("hosts", host("n" + std::to_string(i), i)).has_value());
    ASSERT_TRUE(writer.add("instances", instance(i, "u" + std::to_string(i), Value())).has_value());
    ASSERT_TRUE(writer.commit().has_value());
    Session reader = database(1).session();
    EXPECT_TRUE(reader.get("hosts", {Value("n" + std::to_string(i))})->has_value()) << i;
    EXPECT_EQ(ids(reader.find("instances", "by_uuid", {.equal = {Value("u" + std::to_string(i))}})),
              std::vector<std::int64_t>{i});
  }
}

// The node's loop is held up meanwhile: what is done here does not need it.
TEST_F(SessionTest, LocalReadsAndWritesBeforeTheCommitAreDoneOnTheCallersThread) {
  const auto filled = database(0).transact([](Session& session) -> Result<void> {
    LATIUM_CHECKED(session.add("hosts", host("n1", 8)));
    return session.add("instances", instance(1, "a", Value("n1")));
  });
  ASSERT_TRUE(filled.has_value()) << filled.error().message;
  // Until this node knows the tables and has heard of the rows.
  while (!*database(1).session().get("hosts", {Value("n1")}) ||
         ids(database(1).session().find("instances", "by_host", {.equal = {Value("n1")}})).empty()) {
  }
  Session session = database(1).session();
  std::promise<void> held;
  std::promise<void> release;
  nodes_[1].registers("acme")->get_async("any", {}, [&](const Result<RegisterValue>&) {
    held.set_value();
    release.get_future().wait();
  });
  held.get_future().wait();
  auto done = std::async(std::launch::async, [&] {
    const auto row = session.get("hosts", {Value("n1")});
    EXPECT_TRUE(row.has_value() && *row == host("n1", 8));
    EXPECT_EQ(ids(session.find("instances", "by_host", {.equal = {Value("n1")}})), std::vector<std::int64_t>{1});
    EXPECT_EQ(ids(session.find("instances", "", {})), std::vector<std::int64_t>{1});
    EXPECT_TRUE(session.add("instances", instance(2, "b", Value("n1"))).has_value());
    EXPECT_TRUE(session.update("hosts", host("n1", 9)).has_value());
    EXPECT_EQ(session.add("instances", instance(1, "c", Value())).error().code, ErrorCode::already_exists);
    EXPECT_EQ(ids(session.find("instances", "by_uuid", {})), (std::vector<std::int64_t>{1, 2}));
    session.rollback();
  });
  EXPECT_EQ(done.wait_for(std::chrono::seconds(30)), std::future_status::ready) << "it waits for the loop";
  release.set_value();
  done.wait();
  // Who names a row that goes is the loop's to know.
  EXPECT_TRUE(*session.remove("instances", {Value(1)}));
  ASSERT_TRUE(session.commit().has_value());
  EXPECT_EQ(ids(database(0).session({.reads = Consistency::quorum}).find("instances", "", {})), std::vector<std::int64_t>{});
}

// Readers on their own threads beside commits, and beside a table that gets columns.
TEST_F(SessionTest, ThreadsSeeWhatTheirNodeHasCommittedWhileSchemasChange) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string name = "n" + std::to_string(thread);
      Database here = database(1);
      for (int round = 0; round < kRounds; ++round) {
        const auto done = here.transact([&](Session& session) -> Result<void> {
          LATIUM_TRY(auto row, session.get("hosts", {Value(name)}));
          // Named, as the table may have another column by now.
          if (!row) return session.add("hosts", host(name, round), {.columns = {"name", "cpus"}});
          row->values[1] = Value(round);
          return session.update("hosts", *std::move(row));
        });
        ASSERT_TRUE(done.has_value()) << done.error().message;
        // On another thread, too: it begins after the commit was acknowledged.
        std::jthread([&] {
          const auto row = here.session().get("hosts", {Value(name)});
          ASSERT_TRUE(row.has_value() && row->has_value());
          EXPECT_EQ((*row)->values[1], Value(round));
          const auto all = here.session().find("hosts", "", {.equal = {Value(name)}});
          ASSERT_TRUE(all.has_value() && all->rows.size() == 1);
          EXPECT_EQ(all->rows[0].values[1], Value(round));
        });
      }
    });
  }
  const auto changed = database(0).add_column("hosts", {.name = "rack", .type = ValueType::text, .nullable = true});
  EXPECT_TRUE(changed.has_value()) << changed.error().message;
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SessionTest, AnIndexFollowsUpdatesAndRemovals) {
  ASSERT_TRUE(database(0)
                  .transact([](Session& session) -> Result<void> {
                    LATIUM_CHECKED(session.add("hosts", host("n1", 8)));
                    LATIUM_CHECKED(session.add("hosts", host("n2", 8)));
                    LATIUM_CHECKED(session.add("instances", instance(1, "a", Value("n1"))));
                    return session.add("instances", instance(2, "b", Value("n1")));
                  })
                  .has_value());
  const auto moved = database(1).transact([](Session& session) -> Result<void> {
    LATIUM_CHECKED(session.update("instances", instance(1, "z", Value("n2"))));
    LATIUM_TRY(const bool removed, session.remove("instances", {Value(2)}));
    return removed ? Result<void>() : fail(ErrorCode::not_found, "it was there");
  });
  ASSERT_TRUE(moved.has_value()) << moved.error().message;
  Session reader = database(2).session({.reads = Consistency::quorum});
  EXPECT_EQ(ids(reader.find("instances", "by_host", {.equal = {Value("n1")}})), std::vector<std::int64_t>{});
  EXPECT_EQ(ids(reader.find("instances", "by_host", {.equal = {Value("n2")}})), std::vector<std::int64_t>{1});
  EXPECT_EQ(ids(reader.find("instances", "by_uuid", {})), std::vector<std::int64_t>{1});
  // The value that is free again can be taken.
  ASSERT_TRUE(reader.add("instances", instance(9, "a", Value())).has_value());
  EXPECT_TRUE(reader.commit().has_value());
}

TEST_F(SessionTest, DuplicatesAndReferencesAreRefusedByName) {
  ASSERT_TRUE(database(0)
                  .transact([](Session& session) -> Result<void> {
                    LATIUM_CHECKED(session.add("hosts", host("n1", 8)));
                    return session.add("instances", instance(1, "a", Value("n1")));
                  })
                  .has_value());
  Session session = database(1).session({.reads = Consistency::quorum});
  const auto same_key = session.add("instances", instance(1, "other", Value()));
  ASSERT_FALSE(same_key.has_value());
  EXPECT_EQ(same_key.error().code, ErrorCode::already_exists);
  EXPECT_NE(same_key.error().message.find("instances.id"), std::string::npos) << same_key.error().message;
  const auto same_uuid = session.add("instances", instance(2, "a", Value()));
  ASSERT_FALSE(same_uuid.has_value());
  EXPECT_EQ(same_uuid.error().code, ErrorCode::already_exists);
  EXPECT_NE(same_uuid.error().message.find("instances.uuid"), std::string::npos) << same_uuid.error().message;
  const auto no_host = session.add("instances", instance(3, "c", Value("nowhere")));
  ASSERT_FALSE(no_host.has_value());
  EXPECT_EQ(no_host.error().code, ErrorCode::broken_reference);
  EXPECT_EQ(session.update("instances", instance(7, "x", Value())).error().code, ErrorCode::not_found);
  EXPECT_EQ(session.get("no_such_table", {Value(1)}).error().code, ErrorCode::not_found);
  EXPECT_EQ(session.add("instances", Row{{Value("text"), Value("u"), Value()}}).error().code, ErrorCode::invalid_argument);
  // What was refused left nothing behind in the session.
  ASSERT_TRUE(session.add("instances", instance(4, "d", Value("n1"))).has_value());
  ASSERT_TRUE(session.commit().has_value());
  Session reader = database(2).session({.reads = Consistency::quorum});
  EXPECT_EQ(ids(reader.find("instances", "", {})), (std::vector<std::int64_t>{1, 4}));
}

TEST_F(SessionTest, ManyThreadsOnAllNodesCountInOneRow) {
  ASSERT_TRUE(database(0).transact([](Session& session) { return session.add("hosts", host("n1", 0)); }).has_value());
  constexpr int kEach = 5;
  std::atomic<int> counted = 0;
  std::atomic<int> open = 0;  // somebody else wrote before it was known what became of it
  std::vector<std::thread> threads;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    threads.emplace_back([&, node] {
      for (int i = 0; i < kEach; ++i) {
        const auto done = database(node).transact(
            [](Session& session) -> Result<void> {
              LATIUM_TRY(const auto row, session.get("hosts", {Value("n1")}));
              if (!row) return fail(ErrorCode::not_found, "read where it has not arrived yet");
              return session.update("hosts", host("n1", static_cast<int>(row->values[1].get<std::int64_t>()) + 1));
            },
            {.timeout = std::chrono::seconds(60)});
        if (done) ++counted;
        if (!done && done.error().code == ErrorCode::unknown_outcome) ++open;
        EXPECT_TRUE(done || done.error().code == ErrorCode::unknown_outcome) << done.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(counted, kEach);
  Session reader = database(0).session({.reads = Consistency::quorum});
  const auto row = reader.get("hosts", {Value("n1")});
  ASSERT_TRUE(row.has_value() && row->has_value());
  const std::int64_t there = (*row)->values[1].get<std::int64_t>();
  EXPECT_GE(there, counted);
  EXPECT_LE(there, counted + open);
}

}  // namespace
}  // namespace latium
