#include "runtime/offload.h"

#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

using OffloadTest = Simulated;

class RefusingPool final : public BlockingPool {
 public:
  Result<void> submit(std::move_only_function<void()>) override { return fail(ErrorCode::overloaded, "full"); }
};

Task<void> offload_and_note(Runtime& runtime, int& ran, std::vector<std::string>& notes) {
  const auto result = co_await offload<int>(runtime, [&ran]() -> Result<int> { return ++ran; });
  notes.push_back(result ? std::to_string(*result) : code_of(result));
  co_return Result<void>();
}

TEST_F(OffloadTest, BringsTheResultBack) {
  EXPECT_EQ(run(offload<int>(runtime(), []() -> Result<int> { return 7; })), Result<int>(7));
  EXPECT_EQ(code_of(run(offload<int>(runtime(), []() -> Result<int> { return fail(ErrorCode::io_error, "disk"); }))), "io_error");
}

/// Keeps the work until the test runs it.
class HeldPool final : public BlockingPool {
 public:
  Result<void> submit(std::move_only_function<void()> work) override {
    held.push_back(std::move(work));
    return {};
  }
  std::vector<std::move_only_function<void()>> held;
};

TEST_F(OffloadTest, ACancelBeforeTheWorkBeginsGivesItUp) {
  HeldPool pool;
  Runtime& base = runtime();
  Runtime holding{base.executor, base.clock, base.timers, pool, base.random, base.events, base.faults};
  int ran = 0;
  std::vector<std::string> notes;
  TaskGroup group(base.executor, 1);
  ASSERT_TRUE(group.spawn(offload_and_note(holding, ran, notes)));
  settle();
  ASSERT_EQ(pool.held.size(), 1u);
  group.cancel();
  ASSERT_TRUE(run(group.join()));
  EXPECT_EQ(notes, (std::vector<std::string>{"cancelled"}));
  pool.held.front()();
  EXPECT_EQ(ran, 0) << "nobody waits for it, and what it refers to may be gone";
}

Task<void> cancel_and_offload(Runtime& runtime, TaskGroup& group, std::vector<std::string>& notes) {
  // The work runs on the loop in a simulation; a cancel in the middle of it is one that comes while it runs.
  const auto result = co_await offload<int>(runtime, [&group]() -> Result<int> {
    group.cancel();
    return 7;
  });
  notes.push_back(result ? std::to_string(*result) : code_of(result));
  co_return Result<void>();
}

TEST_F(OffloadTest, ACancelWhileTheWorkRunsWaitsForItsEnd) {
  std::vector<std::string> notes;
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(cancel_and_offload(runtime(), group, notes)));
  pass(seconds(1));
  ASSERT_TRUE(run(group.join()));
  EXPECT_EQ(notes, (std::vector<std::string>{"7"}));
}

TEST_F(OffloadTest, ARefusedSubmitIsTheError) {
  RefusingPool pool;
  Runtime& base = runtime();
  Runtime refusing{base.executor, base.clock, base.timers, pool, base.random, base.events, base.faults};
  EXPECT_EQ(code_of(run(offload<int>(refusing, []() -> Result<int> { return 7; }))), "overloaded");
}

}  // namespace
}  // namespace latium::testing
