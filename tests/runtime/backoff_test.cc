#include "runtime/backoff.h"

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

using BackoffTest = Simulated;

TEST(BackoffPolicyTest, WaitsDoubleUpToTheCap) {
  const BackoffPolicy policy{.base = milliseconds(50), .cap = seconds(5)};
  Random random(7);
  for (std::uint32_t attempt = 0; attempt < 100; ++attempt) {
    const Duration ceiling = attempt < 7 ? milliseconds(50) * (1 << attempt) : Duration(seconds(5));
    for (int i = 0; i < 20; ++i) {
      const Duration wait = policy.wait(attempt, random);
      EXPECT_GE(wait, milliseconds(25));
      EXPECT_LE(wait, std::min(ceiling, Duration(seconds(5)))) << attempt;
    }
  }
}

TEST(BackoffPolicyTest, ACapBelowTheBaseHolds) {
  const BackoffPolicy policy{.base = seconds(1), .cap = milliseconds(10)};
  Random random(7);
  for (std::uint32_t attempt = 0; attempt < 40; ++attempt) EXPECT_EQ(policy.wait(attempt, random), milliseconds(10));
}

bool is_unavailable(const Error& error) {
  return error.code == ErrorCode::unavailable;
}

TEST_F(BackoffTest, RetriesUntilItSucceeds) {
  std::uint32_t tries = 0;
  const auto try_once = [&tries](std::uint32_t attempt) {
    return [](std::uint32_t number, std::uint32_t& count) -> Task<int> {
      count = number + 1;
      if (number < 3) co_return fail(ErrorCode::unavailable, "not yet");
      co_return 42;
    }(attempt, tries);
  };
  const Duration before = simulation_.now();
  EXPECT_EQ(run(retry_with_backoff<int>(runtime(), BackoffPolicy(), kNever, try_once, is_unavailable)), Result<int>(42));
  EXPECT_EQ(tries, 4u);
  EXPECT_GE(simulation_.now() - before, milliseconds(75));
}

Task<int> always_fail(ErrorCode code, int& tries) {
  ++tries;
  co_return fail(code, "try " + std::to_string(tries));
}

TEST_F(BackoffTest, WhatIsNotRetryableIsReturned) {
  int tries = 0;
  const auto try_once = [&tries](std::uint32_t) { return always_fail(ErrorCode::conflict, tries); };
  EXPECT_EQ(code_of(run(retry_with_backoff<int>(runtime(), BackoffPolicy(), kNever, try_once, is_unavailable))), "conflict");
  EXPECT_EQ(tries, 1);
}

TEST_F(BackoffTest, TheDeadlineEndsItWithTheLastError) {
  int tries = 0;
  const auto try_once = [&tries](std::uint32_t) { return always_fail(ErrorCode::unavailable, tries); };
  const MonotonicTime deadline = in(seconds(10));
  const auto result = run(retry_with_backoff<int>(runtime(), BackoffPolicy(), deadline, try_once, is_unavailable));
  ASSERT_EQ(code_of(result), "unavailable");
  EXPECT_EQ(result.error().message, "try " + std::to_string(tries));
  EXPECT_GT(tries, 3);
  EXPECT_LE(runtime().clock.monotonic_now(), deadline);
}

Task<void> retry_and_note(Runtime& runtime, int& tries, std::vector<std::string>& notes) {
  const auto try_once = [&tries](std::uint32_t) { return always_fail(ErrorCode::unavailable, tries); };
  notes.push_back(code_of(co_await retry_with_backoff<int>(runtime, BackoffPolicy(), kNever, try_once, is_unavailable)));
  co_return Result<void>();
}

TEST_F(BackoffTest, ACancelEndsTheWait) {
  int tries = 0;
  std::vector<std::string> notes;
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(retry_and_note(runtime(), tries, notes)));
  pass(seconds(1));
  group.cancel();
  ASSERT_TRUE(run(group.join()));
  EXPECT_EQ(notes, (std::vector<std::string>{"cancelled"}));
}

}  // namespace
}  // namespace latium::testing
