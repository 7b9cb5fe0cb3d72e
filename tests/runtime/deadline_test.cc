#include "runtime/deadline.h"

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class DeadlineTest : public Simulated {
 protected:
  std::vector<std::string> notes_;
  TaskGroup group_{runtime().executor, 4};
};

Task<int> answer_after(Runtime& runtime, Duration delay, int answer) {
  LATIUM_CO_CHECKED(co_await sleep_for(runtime, delay));
  co_return answer;
}

Task<int> answer_now(int answer) {
  co_return answer;
}

/// Takes its cancel as a hint to hurry, and succeeds.
Task<int> stubborn(Runtime& runtime, Duration delay, int answer) {
  (void)co_await sleep_for(runtime, delay);
  co_return answer;
}

/// Cancelled while it does what cannot be interrupted.
Task<int> slow_to_end(Runtime& runtime, Duration delay) {
  Suspension done;
  runtime.timers.schedule(runtime.clock.monotonic_now() + delay, [&done] { done.wake(); });
  co_await done.wait_shielded();
  if (co_await is_cancelled()) co_return fail(ErrorCode::cancelled, Certainty::unknown, "cancelled half-way");
  co_return 1;
}

Task<int> fail_now(ErrorCode code) {
  co_return fail(code, "on its own");
}

Task<void> note_result(Task<int> task, std::vector<std::string>& notes) {
  const Result<int> result = co_await std::move(task);
  notes.push_back(result ? std::to_string(*result) : code_of(result));
  co_return Result<void>();
}

TEST_F(DeadlineTest, SleepTakesItsTime) {
  const MonotonicTime before = runtime().clock.monotonic_now();
  ASSERT_TRUE(run(sleep_for(runtime(), milliseconds(250))));
  EXPECT_EQ(runtime().clock.monotonic_now() - before, milliseconds(250));
}

TEST_F(DeadlineTest, SleepUntilThePastReturns) {
  const Duration before = simulation_.now();
  ASSERT_TRUE(run(sleep_until(runtime(), MonotonicTime())));
  EXPECT_EQ(simulation_.now(), before);
}

TEST_F(DeadlineTest, SleepForEverEndsByCancel) {
  ASSERT_TRUE(group_.spawn(note_after(runtime(), Duration::max(), "sleeper", notes_)));
  pass(hours(100));
  EXPECT_TRUE(notes_.empty());
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"sleeper cancelled"}));
}

TEST_F(DeadlineTest, InTimeTheResultIsTheTasks) {
  EXPECT_EQ(run(with_deadline(runtime(), in(seconds(2)), answer_after(runtime(), seconds(1), 7))), Result<int>(7));
  EXPECT_EQ(run(with_deadline(runtime(), in(seconds(2)), answer_now(8))), Result<int>(8));
  EXPECT_EQ(run(with_deadline(runtime(), kNever, answer_after(runtime(), seconds(1), 9))), Result<int>(9));
  EXPECT_EQ(code_of(run(with_deadline(runtime(), in(seconds(2)), fail_now(ErrorCode::conflict)))), "conflict");
}

TEST_F(DeadlineTest, TooLateItIsCancelledAndWaitedFor) {
  const Duration before = simulation_.now();
  EXPECT_EQ(code_of(run(with_deadline(runtime(), in(seconds(1)), answer_after(runtime(), hours(1), 7)))), "deadline_exceeded");
  EXPECT_EQ(simulation_.now() - before, seconds(1));

  const auto late = run(with_deadline(runtime(), in(seconds(1)), slow_to_end(runtime(), seconds(5))));
  EXPECT_EQ(code_of(late), "deadline_exceeded");
  EXPECT_EQ(late.error().certainty, Certainty::unknown) << "the task's own certainty";
  EXPECT_EQ(simulation_.now() - before, seconds(6));
}

TEST_F(DeadlineTest, ADeadlineInThePastLetsTheTaskRunToItsFirstWait) {
  EXPECT_EQ(run(with_deadline(runtime(), MonotonicTime(), answer_now(7))), Result<int>(7));
  EXPECT_EQ(code_of(run(with_deadline(runtime(), MonotonicTime(), answer_after(runtime(), seconds(1), 7)))), "deadline_exceeded");
}

TEST_F(DeadlineTest, ATaskThatEndsInSpiteOfTheCancelKeepsItsResult) {
  EXPECT_EQ(run(with_deadline(runtime(), in(seconds(1)), stubborn(runtime(), hours(1), 7))), Result<int>(7));
}

TEST_F(DeadlineTest, OnlyACancelledOfTheDeadlineIsRenamed) {
  EXPECT_EQ(code_of(run(with_deadline(runtime(), in(seconds(1)), fail_now(ErrorCode::cancelled)))), "cancelled");
}

TEST_F(DeadlineTest, EndAndDeadlineAtTheSameMoment) {
  // The sleep's timer comes first, as the task starts before the deadline's timer is set.
  EXPECT_EQ(run(with_deadline(runtime(), in(seconds(1)), answer_after(runtime(), seconds(1), 7))), Result<int>(7));
}

TEST_F(DeadlineTest, ParentCancelledInsideStaysCancelled) {
  ASSERT_TRUE(group_.spawn(note_result(with_deadline(runtime(), in(hours(1)), answer_after(runtime(), hours(2), 7)), notes_)));
  settle();
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"cancelled"}));
}

TEST_F(DeadlineTest, ParentCancelledAndThenTheDeadlinePassesStaysCancelled) {
  ASSERT_TRUE(group_.spawn(note_result(with_deadline(runtime(), in(seconds(2)), slow_to_end(runtime(), seconds(5))), notes_)));
  pass(seconds(1));
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"cancelled"}));
}

TEST_F(DeadlineTest, ParentCancelledAfterTheDeadlineIsDeadlineExceeded) {
  ASSERT_TRUE(group_.spawn(note_result(with_deadline(runtime(), in(seconds(1)), slow_to_end(runtime(), seconds(5))), notes_)));
  pass(seconds(2));
  group_.cancel();
  ASSERT_TRUE(run(group_.join()));
  EXPECT_EQ(notes_, (std::vector<std::string>{"deadline_exceeded"}));
}

TEST_F(DeadlineTest, TheTighterOfTwoDeadlinesDecides) {
  const Duration before = simulation_.now();
  auto inner = with_deadline(runtime(), in(seconds(5)), answer_after(runtime(), hours(1), 7));
  EXPECT_EQ(code_of(run(with_deadline(runtime(), in(seconds(1)), std::move(inner)))), "deadline_exceeded");
  EXPECT_EQ(simulation_.now() - before, seconds(1));
}

}  // namespace
}  // namespace latium::testing
