// The calls of Session beyond reading and writing rows, blocking and awaitable, on a cluster of three nodes and one that holds
// nothing.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>
#include <set>

#include "latium/asio.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

class SessionCallsTest : public ThreeNodesTest {
 protected:
  void SetUp() override {
    ThreeNodesTest::SetUp();
    if (HasFatalFailure()) return;
    const auto made = database(0).create_table({.name = "jobs",
                                                .columns = {{.name = "id", .type = ValueType::integer, .auto_increment = true},
                                                            {.name = "name"},
                                                            {.name = "state", .default_value = "new"}},
                                                .primary_key = {"id"},
                                                .indexes = {{.name = "one_name", .columns = {"name"}, .unique = true}}});
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  Database database(std::size_t node) { return *nodes_[node].database("acme"); }
  Session session(std::size_t node) { return database(node).session({.reads = Consistency::quorum}); }
  static Row job(Value id, std::string name) { return {{std::move(id), Value(std::move(name)), Value("new")}}; }
};

TEST_F(SessionCallsTest, NodesGiveNumbersThatAreNeverTheSame) {
  std::set<std::int64_t> given;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      Session writer = session(node);
      const auto added = writer.add("jobs", job(Value(), std::to_string(round) + "-" + std::to_string(node)));
      ASSERT_TRUE(added.has_value()) << added.error().message;
      ASSERT_TRUE(writer.last_id().has_value());
      EXPECT_TRUE(given.insert(*writer.last_id()).second);
      ASSERT_TRUE(writer.commit().has_value());
    }
  }
  EXPECT_EQ(session(0).find("jobs", "")->rows.size(), given.size());
}

TEST_F(SessionCallsTest, ColumnsAreNamedAndManyKeysReadAtOnce) {
  Session writer = session(3);
  ASSERT_TRUE(writer.add("jobs", {{"a"}}, {.columns = {"NAME"}}).has_value());
  ASSERT_TRUE(writer.add("jobs", {{"b", 7}}, {.columns = {"name", "id"}}).has_value());
  ASSERT_TRUE(writer.update("jobs", {{7, "done"}}, {.columns = {"id", "state"}}).has_value());
  const auto rows = writer.get_many("jobs", {{Value(7)}, {Value(99)}, {Value(1)}}, {.columns = {"state", "name"}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->at(0)->values, (std::vector<Value>{"done", "b"}));
  EXPECT_FALSE(rows->at(1).has_value());
  EXPECT_EQ(rows->at(2)->values, (std::vector<Value>{"new", "a"}));
  const auto wrong = writer.add("jobs", {{"c"}}, {.columns = {"nmae"}});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(wrong.error().message.find("it has id, name, state"), std::string::npos) << wrong.error().message;
  EXPECT_FALSE(writer.get_many("jobs", {{Value(7)}}, {.columns = {"colour"}}).has_value());
  EXPECT_EQ(writer.update("jobs", {{8, "done"}}, {.columns = {"id", "state"}}).error().code, ErrorCode::not_found);
}

TEST_F(SessionCallsTest, ErrorsHaveTheNamesThatTheirUsersKnow) {
  Session writer = session(1);
  ASSERT_TRUE(writer.add("jobs", job(1, "a")).has_value());
  ASSERT_TRUE(writer.commit().has_value());
  const auto duplicate = writer.add("jobs", job(2, "a"));
  ASSERT_FALSE(duplicate.has_value());
  EXPECT_TRUE(is_duplicate_entry(duplicate.error()));
  EXPECT_EQ(duplicate_columns(duplicate.error()), std::vector<std::string>{"jobs.name"});
  writer.rollback();
  Session first = session(0);
  Session second = session(2);
  for (Session* each : {&first, &second}) ASSERT_TRUE(each->update("jobs", job(1, "b")).has_value());
  ASSERT_TRUE(first.commit().has_value());
  const auto late = second.commit();
  ASSERT_FALSE(late.has_value());
  EXPECT_TRUE(is_deadlock(late.error()));
  EXPECT_EQ(second.outcome().value(), CommitOutcome::not_committed);
  EXPECT_EQ(second.stats().conflicts, 1u);
  EXPECT_EQ(first.outcome().value(), CommitOutcome::committed);
  EXPECT_EQ(session(0).outcome().error().code, ErrorCode::invalid_argument);
}

TEST_F(SessionCallsTest, SavepointsAreOfOneSession) {
  Session writer = session(3);
  ASSERT_TRUE(writer.add("jobs", job(1, "a")).has_value());
  const auto point = writer.savepoint();
  ASSERT_TRUE(point.has_value());
  ASSERT_TRUE(writer.add("jobs", job(2, "b")).has_value());
  ASSERT_TRUE(writer.rollback_to(*point).has_value());
  Session other = session(3);
  EXPECT_EQ(other.rollback_to(*point).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(writer.commit().has_value());
  EXPECT_EQ(writer.rollback_to(*point).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(session(0).find("jobs", "")->rows.size(), 1u);
}

TEST_F(SessionCallsTest, StatisticsSayWhatASessionCost) {
  Session writer = session(0);
  ASSERT_TRUE(writer.get("jobs", {Value(50)}).has_value());
  ASSERT_TRUE(writer.add("jobs", job(1, "a")).has_value());
  ASSERT_TRUE(writer.commit().has_value());
  const SessionStats stats = writer.stats();
  EXPECT_EQ(stats.keys_read, 3u) << "two rows and an index entry";
  EXPECT_EQ(stats.keys_written, 2u);
  EXPECT_EQ(stats.keys_validated, 1u);
  EXPECT_GT(stats.cost.round_trips, 0u);
  EXPECT_EQ(stats.cost.wan_round_trips, 0u);
}

TEST_F(SessionCallsTest, OneCallAtATime) {
  Session writer = session(3);
  std::vector<std::future<Result<std::optional<Row>>>> answers;
  for (int i = 0; i < 8; ++i) {
    auto promise = std::make_shared<std::promise<Result<std::optional<Row>>>>();
    answers.push_back(promise->get_future());
    writer.get_async("jobs", {Value(i)}, {}, [promise](auto found) { promise->set_value(std::move(found)); });
  }
  int refused = 0;
  for (auto& answer : answers) {
    const auto found = answer.get();
    refused += found ? 0 : 1;
    if (!found) EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_GT(refused, 0);
  EXPECT_TRUE(writer.get("jobs", {Value(1)}).has_value()) << "it goes on";
}

boost::asio::awaitable<Result<void>> all_calls(Session session) {
  using boost::asio::use_awaitable;
  const auto fail_with = [](const auto& result) { return std::unexpected(result.error()); };
  const auto added = co_await async_add(session, "jobs", {{"x"}}, {.columns = {"name"}}, use_awaitable);
  if (!added) co_return fail_with(added);
  const std::int64_t id = session.last_id().value_or(0);
  const auto point = co_await async_savepoint(session, use_awaitable);
  if (!point) co_return fail_with(point);
  const auto updated = co_await async_update(session, "jobs", {{id, "gone"}}, {.columns = {"id", "state"}}, use_awaitable);
  if (!updated) co_return fail_with(updated);
  const auto back = co_await async_rollback_to(session, *point, use_awaitable);
  if (!back) co_return fail_with(back);
  const auto row = co_await async_get(session, "jobs", {Value(id)}, {.for_update = true}, use_awaitable);
  if (!row) co_return fail_with(row);
  const auto many = co_await async_get_many(session, "jobs", {{Value(id)}}, {}, use_awaitable);
  if (!many) co_return fail_with(many);
  const auto found = co_await async_find(session, "jobs", "one_name", {.prefix = "x"}, 10, {}, use_awaitable);
  if (!found) co_return fail_with(found);
  const auto committed = co_await async_commit(session, use_awaitable);
  if (!committed) co_return fail_with(committed);
  const auto outcome = co_await async_outcome(session, use_awaitable);
  if (!outcome) co_return fail_with(outcome);
  const auto removed = co_await async_remove(session, "jobs", {Value(id)}, use_awaitable);
  if (!removed) co_return fail_with(removed);
  const auto rolled_back = co_await async_rollback(session, use_awaitable);
  if (!rolled_back) co_return fail_with(rolled_back);
  const bool right = row->value().values[2] == Value("new") && many->front() == *row && found->rows.size() == 1 &&
                     *outcome == CommitOutcome::committed && *removed;
  if (!right) co_return std::unexpected(Error(ErrorCode::internal, "a call answered something else"));
  co_return Result<void>();
}

TEST_F(SessionCallsTest, EveryCallIsAwaitable) {
  boost::asio::io_context context;
  auto outcome = boost::asio::co_spawn(context, all_calls(session(3)), boost::asio::use_future);
  context.run();
  const Result<void> done = outcome.get();
  EXPECT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(session(0).find("jobs", "")->rows.size(), 1u);
}

}  // namespace
}  // namespace latium
