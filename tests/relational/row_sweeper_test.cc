// What dead committers have left is ended where nobody comes by, and deleted rows do not stay for ever.
#include "relational/row_sweeper.h"

#include <gtest/gtest.h>

#include "tests/relational/forwarding_rows.h"
#include "tests/relational/transactions.h"

namespace latium::testing {
namespace {

class RowSweeperTest : public TransactionTest {
 protected:
  void TearDown() override {
    sweeper_.cancel();
    TransactionTest::TearDown();
  }

  /// Writes `value` to rows on a node that dies after `commands` of its commit.
  void write_and_die(const std::vector<std::size_t>& numbers, const Bytes& value, std::size_t commands, Isolation isolation) {
    DyingRows store(*rows_, commands);
    sim::SimRuntime process(simulation_, clock_, "node" + std::to_string(nodes_++));  // other ids than others'
    Transactions node(process.runtime(), store, hlc_);
    Transaction transaction(node, {.isolation = isolation});
    ASSERT_TRUE(run(transaction.get({row(99)}, soon())).has_value());  // serializable: something to check
    for (const std::size_t number : numbers) {
      ASSERT_TRUE(run(transaction.get({row(number)}, soon())).has_value());
      transaction.put(row(number), value);
    }
    (void)run(transaction.commit(in(milliseconds(200))));
    run(node.stop());
  }
  std::size_t unresolved() {
    std::size_t out = 0;
    for (const RegisterKey& key : rows_->keys()) {
      for (const Outcome& outcome : rows_->state(key).outcomes) out += outcome.settled() ? 0 : 1;
    }
    return out;
  }
  /// Not by reading them: that would end what is there.
  std::optional<Bytes> stored(std::size_t number) {
    const CommittedRow& committed = rows_->state(row(number)).committed;
    return committed.present ? std::optional(committed.row) : std::nullopt;
  }

  int nodes_ = 0;
  RowSweeper sweeper_{*shared_, seconds(60)};
};

TEST_F(RowSweeperTest, EndsWhatADeadCommitterLeftWhereverItDied) {
  std::size_t intents = 0;
  std::size_t left_unresolved = 0;
  for (const Isolation isolation : {Isolation::serializable, Isolation::read_committed}) {
    for (std::size_t commands = 0; commands < 9; ++commands) {
      SCOPED_TRACE(std::to_string(commands) + " commands");
      const Bytes value = "value" + std::to_string(commands) + std::to_string(static_cast<int>(isolation));
      write_and_die({1, 2, 3}, value, commands, isolation);
      intents += rows_->intents();
      left_unresolved += unresolved();
      pass(seconds(20));
      ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
      pass(seconds(20));
      ASSERT_EQ(code_of(run(sweeper_.pass())), "ok") << "a parallel commit that was found first has been written down just now";
      EXPECT_EQ(rows_->intents(), 0u);
      EXPECT_EQ(unresolved(), 0u);
      EXPECT_EQ(stored(1), stored(2));
      EXPECT_EQ(stored(1), stored(3));
      // Three prewrites, and of a serializable one the commit at the primary.
      const std::size_t enough = isolation == Isolation::serializable ? 4 : 3;
      EXPECT_EQ(stored(1) == value, commands >= enough);
    }
  }
  EXPECT_GT(intents, 0u);
  EXPECT_GT(left_unresolved, 0u);
  EXPECT_GT(sweeper_.statistics().ended, 0u);
  EXPECT_GT(sweeper_.statistics().finished, 0u);
  EXPECT_EQ(sweeper_.statistics().failures, 0u);
}

// Cut off for days with a parallel commit half begun, some of its rows new: those remember nothing so old, so no fence is found
// there however often one is put.
TEST_F(RowSweeperTest, EndsAParallelCommitThatIsOlderThanAllMemory) {
  for (std::size_t commands = 1; commands < 3; ++commands) {
    write_and_die({1, 2, 3}, "value", commands, Isolation::read_committed);
    ASSERT_EQ(rows_->intents(), commands);
    pass(hours(30));
    EXPECT_EQ(now(1), std::nullopt) << "whoever reads it ends it";
    EXPECT_EQ(now(2), std::nullopt);
    EXPECT_EQ(now(3), std::nullopt);
    ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
    EXPECT_EQ(rows_->intents(), 0u);
  }
  EXPECT_EQ(sweeper_.statistics().failures, 0u);
}

TEST_F(RowSweeperTest, LeavesThoseAloneWhoAreAtWork) {
  write_and_die({1, 2, 3}, "value", 2, Isolation::serializable);
  const std::size_t intents = rows_->intents();
  ASSERT_EQ(intents, 2u);
  pass(seconds(12));  // 5 s are the intent's own, and 10 s more it is left alone
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_EQ(rows_->intents(), intents);
  pass(seconds(5));
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_EQ(rows_->intents(), 0u);
}

TEST_F(RowSweeperTest, ForgetsRowsThatWereDeletedADayAgo) {
  Transaction writer = begin();
  for (std::size_t i = 0; i < 3; ++i) put(writer, i, "value");
  ASSERT_EQ(commit(writer), "ok");
  Transaction remover = begin();
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(get(remover, i).has_value());
    remover.remove(row(i));
  }
  ASSERT_EQ(commit(remover), "ok");
  pass(hours(23));
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_FALSE(rows_->state(row(0)).empty()) << "what is late must still be refused";
  pass(hours(2));
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_TRUE(rows_->state(row(0)).empty());
  EXPECT_TRUE(rows_->state(row(1)).empty());
  EXPECT_EQ(sweeper_.statistics().forgotten, 2u);
  EXPECT_EQ(now(2), "value");
}

// Many more than are looked at in one go, by the task that a node runs.
TEST_F(RowSweeperTest, ComesByAllRowsByItself) {
  for (std::size_t i = 0; i < 3 * RowSweeper::kLookAtOnce; i += 2) {
    write_and_die({i, i + 1}, "value", i % 3, Isolation::read_committed);
  }
  EXPECT_GT(rows_->intents(), 500u);
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(sweeper_.run()).has_value());
  pass(seconds(200));
  EXPECT_EQ(rows_->intents(), 0u);
  EXPECT_EQ(unresolved(), 0u);
  EXPECT_GE(sweeper_.statistics().passes, 2u);
  group.cancel();
  run(group.join());
}

TEST_F(RowSweeperTest, GoesOnWhereARowCannotBeEnded) {
  write_and_die({1, 2}, "value", 2, Isolation::serializable);
  pass(seconds(20));
  rows_->faults.lost = 1;
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_EQ(sweeper_.statistics().failures, 2u);
  EXPECT_EQ(rows_->intents(), 2u);
  rows_->faults.lost = 0;
  ASSERT_EQ(code_of(run(sweeper_.pass())), "ok");
  EXPECT_EQ(rows_->intents(), 0u);
}

}  // namespace
}  // namespace latium::testing
