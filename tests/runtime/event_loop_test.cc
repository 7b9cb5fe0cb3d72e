// EventLoop, RealTimers and ThreadPool: the parts with threads and real time. Nothing here asserts how long anything takes.
#include "runtime/event_loop.h"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include "runtime/deadline.h"
#include "runtime/offload.h"
#include "runtime/real_clock.h"
#include "runtime/real_timers.h"
#include "runtime/thread_pool.h"

namespace latium::testing {
namespace {

EventLoop::Options seeded(std::uint64_t seed) {
  EventLoop::Options options;
  options.seed = seed;
  return options;
}

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

TEST(ThreadPoolTest, RunsEverythingThatItTook) {
  std::atomic<int> ran = 0;
  {
    ThreadPool pool(4, 10'000);
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(pool.submit([&ran] { ++ran; }));
    pool.stop();
    EXPECT_EQ(ran, 1'000);
    EXPECT_EQ(code_of(pool.submit([&ran] { ++ran; })), "cancelled");
    pool.stop();
  }
  EXPECT_EQ(ran, 1'000);
}

TEST(ThreadPoolTest, RefusesWhenItsQueueIsFull) {
  std::latch started(1);
  std::latch release(1);
  ThreadPool pool(1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  auto refused_lives = std::make_shared<int>(1);
  ASSERT_TRUE(pool.submit([] {}));
  ASSERT_TRUE(pool.submit([] {}));
  EXPECT_EQ(code_of(pool.submit([refused_lives] {})), "overloaded");
  EXPECT_EQ(refused_lives.use_count(), 1) << "refused work is destroyed";
  release.count_down();
}

class StandingClock final : public Clock {
 public:
  MonotonicTime monotonic_now() const override { return now; }
  std::uint64_t wall_ms() const override { return 0; }
  MonotonicTime now{std::chrono::hours(1)};
};

class RealTimersTest : public ::testing::Test {
 protected:
  std::move_only_function<void()> note(std::string name) {
    return [this, name] { notes_.push_back(name); };
  }
  boost::asio::io_context context_;
  StandingClock clock_;
  RealTimers timers_{context_, clock_};
  std::vector<std::string> notes_;
};

TEST_F(RealTimersTest, RunsInOrderOfTimeThenOfScheduling) {
  timers_.schedule(clock_.now - std::chrono::nanoseconds(1), note("b"));
  timers_.schedule(clock_.now, note("c"));
  timers_.schedule(clock_.now, note("d"));
  timers_.schedule(MonotonicTime(), note("a"));
  EXPECT_TRUE(notes_.empty()) << "never inline";
  context_.run();
  EXPECT_EQ(notes_, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(RealTimersTest, WhatIsCancelledDoesNotRunAndIsDestroyed) {
  auto alive = std::make_shared<int>(1);
  const TimerId id = timers_.schedule(clock_.now, [alive] { FAIL(); });
  timers_.schedule(clock_.now, note("other"));
  timers_.cancel(id);
  EXPECT_EQ(alive.use_count(), 1);
  context_.run();
  timers_.cancel(id);
  timers_.cancel(TimerId());
  EXPECT_EQ(notes_, (std::vector<std::string>{"other"}));
}

TEST_F(RealTimersTest, CallbacksScheduleAndCancel) {
  TimerId victim;
  timers_.schedule(clock_.now, [&] {
    notes_.push_back("first");
    timers_.cancel(victim);
    timers_.schedule(clock_.now, note("from inside"));
  });
  victim = timers_.schedule(clock_.now, note("victim"));
  context_.run();
  EXPECT_EQ(notes_, (std::vector<std::string>{"first", "from inside"}));
}

TEST_F(RealTimersTest, AnEarlierTimerIsNotHeldUpByALaterOne) {
  timers_.schedule(kNever, note("never"));
  timers_.schedule(clock_.now + std::chrono::hours(1'000), note("late"));
  timers_.schedule(clock_.now, note("now"));
  while (notes_.empty()) context_.run_one();
  EXPECT_EQ(notes_, (std::vector<std::string>{"now"}));
}

TEST(RealClockTest, Advances) {
  const RealClock clock;
  const MonotonicTime before = clock.monotonic_now();
  EXPECT_GE(clock.monotonic_now(), before);
  EXPECT_GT(clock.wall_ms(), 1'700'000'000'000u);
  EXPECT_NE(os_entropy(), os_entropy());
}

TEST(EventLoopTest, RunsOnItsOwnThread) {
  EventLoop loop({});
  loop.start();
  std::promise<bool> inside;
  boost::asio::post(loop.context(), [&] { inside.set_value(loop.on_loop()); });
  EXPECT_TRUE(inside.get_future().get());
  EXPECT_FALSE(loop.on_loop());
  loop.stop();
  loop.stop();
}

Task<void> sleep_and_offload(Runtime& runtime, std::thread::id& worker) {
  LATIUM_CO_CHECKED(co_await sleep_for(runtime, std::chrono::microseconds(1)));
  LATIUM_CO_TRY(
      worker, co_await offload<std::thread::id>(runtime, []() -> Result<std::thread::id> { return std::this_thread::get_id(); }));
  co_return Result<void>();
}

TEST(EventLoopTest, TasksSleepAndOffload) {
  EventLoop loop(seeded(1));
  loop.start();
  std::promise<std::string> ended;
  std::thread::id worker;
  boost::asio::cancellation_signal never;
  boost::asio::post(loop.context(), [&] {
    start_task(loop.runtime().executor, sleep_and_offload(loop.runtime(), worker), never.slot(),
               [&](Result<void> result) { ended.set_value(code_of(result)); });
  });
  EXPECT_EQ(ended.get_future().get(), "ok");
  EXPECT_NE(worker, std::thread::id());
  EXPECT_NE(worker, std::this_thread::get_id());
  loop.stop();
}

TEST(EventLoopTest, WhatIsPostedAndNotRunIsDestroyed) {
  auto alive = std::make_shared<int>(1);
  {
    EventLoop loop({});
    boost::asio::post(loop.context(), [alive] { FAIL(); });
    loop.runtime().timers.schedule(kNever, [alive] {});
    EXPECT_EQ(alive.use_count(), 3);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(EventLoopTest, TheSeedDecidesTheRandomness) {
  EventLoop one(seeded(7));
  EventLoop same(seeded(7));
  EXPECT_EQ(one.runtime().random.next(), same.runtime().random.next());
}

}  // namespace
}  // namespace latium::testing
