// Work that is done again until it commits, by several of one node at the same row.
#include "relational/transact.h"

#include "runtime/task_group.h"
#include "tests/relational/table_sessions.h"

namespace latium::testing {
namespace {

class TransactTest : public TableSessions {
 protected:
  void SetUp() override {
    create({.name = "counters",
            .columns = {{.name = "id", .type = ValueType::integer}, {.name = "n", .type = ValueType::integer}},
            .primary_key = {"id"}});
    TableSession first = session();
    ASSERT_EQ(insert(first, "counters", {Value(1), Value(0)}), "ok");
    ASSERT_EQ(commit(first), "ok");
    row_ = rows_->keys().front();
  }

  Task<void> add_one(TableSession& session, MonotonicTime deadline) {
    ++begun_;
    LATIUM_CO_TRY(auto found, co_await session.get("counters", {{Value(1)}}, deadline));
    Row row = *found.front();
    row.values[1] = Value(row.values[1].get<std::int64_t>() + 1);
    co_return co_await session.update("counters", std::move(row), deadline);
  }
  Task<void> count_up(std::size_t at, int times) {
    for (int i = 0; i < times; ++i) {
      LATIUM_CO_CHECKED(co_await transact(
          node(at).shared, node(at).catalog, kPlace, {.reading = Reading::latest},
          [this](TableSession& session, MonotonicTime deadline) { return add_one(session, deadline); }, soon()));
    }
    co_return Result<void>();
  }
  std::int64_t counter() { return rows("counters").front().values[1].get<std::int64_t>(); }

  RegisterKey row_;
  int begun_ = 0;
};

TEST_F(TransactTest, ThoseOfOneNodeGoOneAfterTheOther) {
  TaskGroup group(runtime().executor, 8);
  for (int client = 0; client < 8; ++client) ASSERT_TRUE(group.spawn(count_up(0, 20)));
  const auto done = run(group.join());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(counter(), 160);
  EXPECT_LE(begun_, 2 * 160) << "the first attempt is in vain at most, for the second has its turn";
}

TEST_F(TransactTest, ThoseOfSeveralNodesAllGetThrough) {
  for (std::size_t i = 0; i < 3; ++i) (void)node(i);
  TaskGroup group(runtime().executor, 9);
  for (std::size_t client = 0; client < 9; ++client) ASSERT_TRUE(group.spawn(count_up(client % 3, 10)));
  const auto done = run(group.join());
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(counter(), 90);
}

TEST_F(TransactTest, WhoGivesWaySendsNothing) {
  TableSession given_way = session(0, {.reading = Reading::latest, .gives_way = true});
  TableSession own = session(0);
  for (TableSession* each : {&given_way, &own}) ASSERT_EQ(update(*each, "counters", {Value(1), Value(7)}), "ok");
  const auto turn = run(node(0).shared.turns.take(row_.stored(), soon()));
  ASSERT_TRUE(turn.has_value());
  const RowState before = rows_->state(row_);
  EXPECT_EQ(commit(given_way), "conflict");
  EXPECT_EQ(given_way.transaction().conflicting_row(), row_.stored());
  EXPECT_EQ(rows_->state(row_), before);
  EXPECT_EQ(commit(own), "ok") << "one that nobody tries again does not";
}

TEST_F(TransactTest, WhoIsHeldUpInItsTurnHoldsUpTheOthersForHalfASecond) {
  const auto turn = run(node(0).shared.turns.take(row_.stored(), soon()));
  ASSERT_TRUE(turn.has_value());
  const MonotonicTime began = runtime().clock.monotonic_now();
  ASSERT_TRUE(run(count_up(0, 1)).has_value());
  const Duration took = runtime().clock.monotonic_now() - began;
  EXPECT_GE(took, milliseconds(500));
  EXPECT_LE(took, milliseconds(600));
  EXPECT_EQ(counter(), 1);
}

}  // namespace
}  // namespace latium::testing
