#include "runtime/task_group.h"

#include <stdexcept>

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class TaskGroupTest : public Simulated {
 protected:
  Task<void> note(Duration delay, std::string name) { return note_after(runtime(), delay, std::move(name), notes_); }

  std::vector<std::string> notes_;
  TaskGroup group_{runtime().executor, 4};
};

Task<void> fail_with(ErrorCode code, std::string text) {
  co_return fail(code, std::move(text));
}

Task<void> throw_one() {
  throw std::runtime_error("thrown on purpose");
  co_return Result<void>();
}

Task<void> spawn_another(TaskGroup& group, Task<void> task) {
  LATIUM_CO_CHECKED(group.spawn(std::move(task)));
  co_return Result<void>();
}

Task<void> set(bool& flag) {
  flag = true;
  co_return Result<void>();
}

TEST_F(TaskGroupTest, NothingRunsBeforeSpawnReturns) {
  bool ran = false;
  simulation_.after(Duration(0), [&] {
    ASSERT_TRUE(group_.spawn(set(ran)));
    EXPECT_FALSE(ran);
  });
  pass(seconds(1));
  EXPECT_TRUE(ran);
  EXPECT_EQ(group_.size(), 0u);
}

TEST_F(TaskGroupTest, OneTaskIsCancelledByItsId) {
  const auto first = group_.spawn(note(milliseconds(10), "a"));
  ASSERT_TRUE(group_.spawn(note(milliseconds(10), "b")));
  const auto unstarted = group_.spawn(note(milliseconds(10), "c"));
  ASSERT_TRUE(first && unstarted);
  group_.cancel(*unstarted);
  settle();
  group_.cancel(*first);
  group_.cancel(*first);
  ASSERT_TRUE(run(group_.join()));
  group_.cancel(*first);
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled", "b ok"}));
}

TEST_F(TaskGroupTest, JoinWaitsForAll) {
  ASSERT_TRUE(group_.spawn(note(milliseconds(10), "a")));
  ASSERT_TRUE(group_.spawn(note(milliseconds(5), "b")));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"b ok", "a ok"}));
}

TEST_F(TaskGroupTest, JoinOfAnEmptyGroupReturnsAtOnce) {
  EXPECT_TRUE(run(group_.join()));
}

TEST_F(TaskGroupTest, CancelBeforeTheTaskStartedNeverRunsIt) {
  bool ran = false;
  ASSERT_TRUE(group_.spawn(set(ran)));
  group_.cancel();
  EXPECT_TRUE(run(group_.join()));
  EXPECT_FALSE(ran);
}

TEST_F(TaskGroupTest, CancelEndsSleepersAndRefusesNewOnes) {
  ASSERT_TRUE(group_.spawn(note(hours(1), "a")));
  ASSERT_TRUE(group_.spawn(note(hours(1), "b")));
  settle();
  group_.cancel();
  EXPECT_EQ(code_of(group_.spawn(note(seconds(1), "c"))), "cancelled");
  const Duration before = simulation_.now();
  EXPECT_TRUE(run(group_.join())) << "cancelled is not an error of the group";
  EXPECT_EQ(simulation_.now(), before);
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled", "b cancelled"}));
}

TEST_F(TaskGroupTest, CancelTwiceIsCancelOnce) {
  ASSERT_TRUE(group_.spawn(note(hours(1), "a")));
  settle();
  group_.cancel();
  group_.cancel();
  settle();
  group_.cancel();
  EXPECT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled"}));
}

Task<void> note_wake(Suspension& suspension, std::vector<std::string>& notes) {
  notes.push_back(co_await suspension.wait() == Wake::signalled ? "signalled" : "cancelled");
  co_return Result<void>();
}

TEST_F(TaskGroupTest, ATaskThatWasWokenBeforeTheCancelSeesTheWake) {
  Suspension suspension;
  ASSERT_TRUE(group_.spawn(note_wake(suspension, notes_)));
  settle();
  on_loop([&] {
    suspension.wake();
    group_.cancel();
  });
  EXPECT_EQ(notes_, (std::vector<std::string>{"signalled"}));
}

TEST_F(TaskGroupTest, CancelFromInsideTheLoopEndsAll) {
  ASSERT_TRUE(group_.spawn(note(hours(1), "a")));
  ASSERT_TRUE(group_.spawn(note(hours(1), "b")));
  settle();
  on_loop([&] {
    group_.cancel();
    EXPECT_EQ(group_.size(), 2u) << "no child leaves under the iteration";
    group_.cancel();
  });
  EXPECT_EQ(notes_, (std::vector<std::string>{"a cancelled", "b cancelled"}));
}

TEST_F(TaskGroupTest, RefusesMoreThanItsLimit) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(group_.spawn(note(seconds(1), "a")));
  EXPECT_EQ(code_of(group_.spawn(note(seconds(1), "one too many"))), "overloaded");
  ASSERT_TRUE(run(group_.join()));
  EXPECT_TRUE(group_.spawn(note(seconds(1), "b")));
  ASSERT_TRUE(run(group_.join()));
}

TEST_F(TaskGroupTest, JoinReturnsTheFirstErrorAndTheOthersRunOn) {
  ASSERT_TRUE(group_.spawn(note(seconds(1), "a")));
  ASSERT_TRUE(group_.spawn(fail_with(ErrorCode::cancelled, "does not count")));
  ASSERT_TRUE(group_.spawn(fail_with(ErrorCode::conflict, "first")));
  ASSERT_TRUE(group_.spawn(fail_with(ErrorCode::io_error, "second")));
  const auto joined = run(group_.join());
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().message, "first");
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok"}));
}

TEST_F(TaskGroupTest, JoinWaitsForTasksThatTasksSpawn) {
  ASSERT_TRUE(group_.spawn(spawn_another(group_, spawn_another(group_, note(seconds(1), "a")))));
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok"}));
}

Task<void> join_and_note(TaskGroup& group, std::vector<std::string>& notes) {
  const auto joined = co_await group.join();
  notes.push_back("joined " + code_of(joined));
  co_return Result<void>();
}

TEST_F(TaskGroupTest, JoinIsDeafToCancels) {
  TaskGroup outer(runtime().executor, 1);
  ASSERT_TRUE(group_.spawn(note(seconds(1), "a")));
  ASSERT_TRUE(outer.spawn(join_and_note(group_, notes_)));
  settle();
  outer.cancel();
  settle();
  EXPECT_TRUE(notes_.empty());
  ASSERT_TRUE(run(outer.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"a ok", "joined ok"}));
}

using TaskGroupDeathTest = TaskGroupTest;

TEST_F(TaskGroupDeathTest, AnExceptionStopsTheProcess) {
  EXPECT_DEATH(
      {
        if (!group_.spawn(throw_one())) std::exit(0);
        settle();
      },
      "a task threw an exception.*thrown on purpose");
}

TEST_F(TaskGroupDeathTest, DyingWithTasksStopsTheProcess) {
  EXPECT_DEATH(
      {
        TaskGroup group(runtime().executor, 1);
        if (!group.spawn(note(seconds(1), "a"))) std::exit(0);
      },
      "join\\(\\) a TaskGroup");
}

}  // namespace
}  // namespace latium::testing
