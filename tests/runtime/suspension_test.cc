#include "runtime/suspension.h"

#include <boost/asio/cancellation_signal.hpp>

#include "runtime/spawn.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class SuspensionTest : public Simulated {
 protected:
  static Task<void> wait_for(Suspension& suspension, std::string& seen) {
    seen = "waiting";
    seen = co_await suspension.wait() == Wake::signalled ? "signalled" : "cancelled";
    co_return Result<void>();
  }
  static Task<void> wait_shielded(Suspension& suspension, std::string& seen) {
    seen = "waiting";
    seen = co_await suspension.wait_shielded() == Wake::signalled ? "signalled" : "cancelled";
    co_return Result<void>();
  }
  void start(Task<void> task) {
    start_task(runtime().executor, std::move(task), signal_.slot(), [](Result<void>) {});
  }
  void cancel() { signal_.emit(boost::asio::cancellation_type::terminal); }

  boost::asio::cancellation_signal signal_;
  Suspension suspension_;
  std::string seen_;
};

TEST_F(SuspensionTest, WakesAndNeverInline) {
  start(wait_for(suspension_, seen_));
  settle();
  EXPECT_EQ(seen_, "waiting");
  suspension_.wake();
  EXPECT_EQ(seen_, "waiting");
  settle();
  EXPECT_EQ(seen_, "signalled");
}

TEST_F(SuspensionTest, WokenBeforeItWaitsItDoesNotSleep) {
  suspension_.wake();
  start(wait_for(suspension_, seen_));
  settle();
  EXPECT_EQ(seen_, "signalled");
}

TEST_F(SuspensionTest, CancelEndsTheWait) {
  start(wait_for(suspension_, seen_));
  settle();
  cancel();
  settle();
  EXPECT_EQ(seen_, "cancelled");
  EXPECT_TRUE(suspension_.woken());
}

TEST_F(SuspensionTest, CancelledBeforeItWaitsItDoesNotSleep) {
  start(wait_for(suspension_, seen_));
  cancel();
  settle();
  EXPECT_EQ(seen_, "cancelled");
}

TEST_F(SuspensionTest, TheFirstOfWakeAndCancelDecides) {
  start(wait_for(suspension_, seen_));
  settle();
  on_loop([&] {
    suspension_.wake();
    cancel();
  });
  EXPECT_EQ(seen_, "signalled");
}

TEST_F(SuspensionTest, WakeAfterCancelDoesNothing) {
  start(wait_for(suspension_, seen_));
  settle();
  cancel();
  settle();
  suspension_.wake();
  cancel();
  settle();
  EXPECT_EQ(seen_, "cancelled");
}

TEST_F(SuspensionTest, AShieldedWaitIsDeafToCancels) {
  start(wait_shielded(suspension_, seen_));
  settle();
  cancel();
  settle();
  EXPECT_EQ(seen_, "waiting");
  suspension_.wake();
  settle();
  EXPECT_EQ(seen_, "signalled");
}

Task<void> count_to(int limit, int& count) {
  while (count < limit) {
    ++count;
    co_await yield_now();
  }
  co_return Result<void>();
}

Task<void> see_cancel(Suspension& suspension, bool& before, bool& after) {
  before = co_await is_cancelled();
  (void)co_await suspension.wait();
  after = co_await is_cancelled();
  co_return Result<void>();
}

TEST_F(SuspensionTest, IsCancelledTellsTheTask) {
  bool before = true;
  bool after = false;
  start(see_cancel(suspension_, before, after));
  settle();
  cancel();
  settle();
  EXPECT_FALSE(before);
  EXPECT_TRUE(after);
}

TEST_F(SuspensionTest, YieldLetsOthersRun) {
  int one = 0;
  int other = 0;
  TaskGroup group(runtime().executor, 2);
  ASSERT_TRUE(group.spawn(count_to(1'000, one)));
  ASSERT_TRUE(group.spawn(count_to(1'000, other)));
  for (int i = 0; i < 100; ++i) simulation_.executor().context().poll_one();
  EXPECT_GT(one, 10);
  EXPECT_NEAR(one, other, 2);
  ASSERT_TRUE(run(group.join()));
}

}  // namespace
}  // namespace latium::testing
