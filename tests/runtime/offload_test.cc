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

TEST_F(OffloadTest, ACancelWaitsForTheWork) {
  int ran = 0;
  std::vector<std::string> notes;
  TaskGroup group(runtime().executor, 1);
  ASSERT_TRUE(group.spawn(offload_and_note(runtime(), ran, notes)));
  settle();
  EXPECT_EQ(ran, 0);
  group.cancel();
  settle();
  EXPECT_TRUE(notes.empty()) << "what the work refers to must live until it is done";
  ASSERT_TRUE(run(group.join()));
  EXPECT_EQ(notes, (std::vector<std::string>{"1"}));
}

TEST_F(OffloadTest, ARefusedSubmitIsTheError) {
  RefusingPool pool;
  Runtime& base = runtime();
  Runtime refusing{base.executor, base.clock, base.timers, pool, base.random, base.events, base.faults};
  EXPECT_EQ(code_of(run(offload<int>(refusing, []() -> Result<int> { return 7; }))), "overloaded");
}

}  // namespace
}  // namespace latium::testing
