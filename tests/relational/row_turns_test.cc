// Turns at a row: one after the other, in the order of asking; those who wait no longer are passed over.
#include "relational/row_turns.h"

#include <thread>

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class RowTurnsTest : public Simulated {
 protected:
  Task<void> work(std::string name, Bytes row, MonotonicTime deadline) {
    auto turn = co_await turns_.take(std::move(row), deadline);
    if (!turn) {
      notes_.push_back(name + ' ' + code_of(turn));
      co_return Result<void>();
    }
    notes_.push_back(name);
    co_return co_await sleep_for(runtime(), milliseconds(10));
  }

  RowTurns turns_{runtime()};
  std::vector<std::string> notes_;
};

TEST_F(RowTurnsTest, FirstComeFirstServedAndEachRowByItself) {
  TaskGroup group(runtime().executor, 10);
  ASSERT_TRUE(group.spawn(work("a", "r", in(seconds(1)))));
  ASSERT_TRUE(group.spawn(work("b", "r", in(seconds(1)))));
  ASSERT_TRUE(group.spawn(work("c", "r", in(milliseconds(15)))));
  ASSERT_TRUE(group.spawn(work("d", "r", in(seconds(1)))));
  ASSERT_TRUE(group.spawn(work("e", "other", in(seconds(1)))));
  settle();
  EXPECT_TRUE(turns_.is_taken("r"));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a", "e"}));
  pass(milliseconds(16));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a", "e", "b", "c deadline_exceeded"}));
  pass(seconds(1));
  EXPECT_EQ(notes_.back(), "d");
  EXPECT_FALSE(turns_.is_taken("r"));
  EXPECT_FALSE(turns_.is_taken("other"));
  run(group.join());
}

TEST_F(RowTurnsTest, ATurnMayDieOnAnotherThreadAndAfterTheRows) {
  auto turn = run(turns_.take("r", in(seconds(1))));
  ASSERT_TRUE(turn.has_value());
  EXPECT_TRUE(turn->is_at("r"));
  EXPECT_FALSE(turn->is_at("s"));
  std::thread([turn = *std::move(turn)] {}).join();
  settle();
  EXPECT_FALSE(turns_.is_taken("r"));
  auto rows = std::make_unique<RowTurns>(runtime());
  auto last = run(rows->take("r", in(seconds(1))));
  rows.reset();
  last = RowTurns::Turn();
  settle();
}

TEST_F(RowTurnsTest, AConflictIsRememberedForTenSeconds) {
  EXPECT_FALSE(turns_.is_contended("r"));
  turns_.note_conflict("r");
  EXPECT_TRUE(turns_.is_contended("r"));
  EXPECT_FALSE(turns_.is_contended("s"));
  pass(seconds(9));
  EXPECT_TRUE(turns_.is_contended("r"));
  pass(seconds(2));
  EXPECT_FALSE(turns_.is_contended("r"));
}

}  // namespace
}  // namespace latium::testing
