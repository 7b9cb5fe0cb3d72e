#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/deadline.h"
#include "runtime/task_group.h"
#include "tests/sim/sim_runtime.h"

namespace latium::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SimulationTest, EventsComeInOrderOfTimeThenOfScheduling) {
  Simulation simulation(1);
  std::vector<int> order;
  simulation.schedule(seconds(2), [&] { order.push_back(3); });
  simulation.schedule(seconds(1), [&] {
    order.push_back(1);
    simulation.schedule(Duration(0), [&] { order.push_back(2); });
  });
  const EventId cancelled = simulation.schedule(seconds(2), [&] { order.push_back(99); });
  simulation.schedule(seconds(2), [&] { order.push_back(4); });
  simulation.cancel(cancelled);
  EXPECT_TRUE(simulation.run_until(seconds(1)));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_TRUE(simulation.run_until(hours(1)));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(simulation.now(), Duration(hours(1)));
}

TEST(SimulationTest, RunUntilAConditionStopsThere) {
  Simulation simulation(1);
  bool flag = false;
  simulation.schedule(seconds(5), [&] { flag = true; });
  simulation.schedule(seconds(6), [] { FAIL(); });
  EXPECT_TRUE(simulation.run_until([&] { return flag; }, seconds(60)));
  EXPECT_EQ(simulation.now(), Duration(seconds(5)));
  EXPECT_FALSE(simulation.run_until([] { return false; }, Duration(milliseconds(5'500))));
}

TEST(SimulationTest, TheTraceDependsOnContentAndTime) {
  const auto hash = [](Duration at, std::string_view text) {
    Simulation simulation(1);
    simulation.schedule(at, [&] { simulation.trace("x", text); });
    EXPECT_TRUE(simulation.run_until(hours(1)));
    return simulation.trace_hash();
  };
  EXPECT_EQ(hash(seconds(1), "a"), hash(seconds(1), "a"));
  EXPECT_NE(hash(seconds(1), "a"), hash(seconds(2), "a"));
  EXPECT_NE(hash(seconds(1), "a"), hash(seconds(1), "b"));
}

TEST(SimulationTest, AnErrorEventFailsTheRunAndStopsIt) {
  Simulation simulation(1);
  SimClock clock(simulation, Random(1));
  SimRuntime process(simulation, clock, "p");
  simulation.schedule(seconds(1), [&] { process.runtime().events.emit(Severity::warn, "harmless", {}); });
  simulation.schedule(seconds(2), [&] { process.runtime().events.emit(Severity::error, "broken", {{"key", "k"}}); });
  simulation.schedule(seconds(3), [] { FAIL(); });
  EXPECT_FALSE(simulation.run_until(hours(1)));
  EXPECT_EQ(simulation.failure(), "error event: p broken key=k");
}

TEST(SimulationTest, ALivelockFailsTheRun) {
  Simulation::Options options;
  options.livelock_limit = 1'000;
  Simulation simulation(1, options);
  std::function<void()> again = [&] { simulation.after(Duration(0), again); };
  again();
  EXPECT_FALSE(simulation.run_for(seconds(1)));
  EXPECT_TRUE(simulation.failure().starts_with("livelock"));
}

Task<void> sleep_long(Runtime& runtime) {
  co_return co_await sleep_for(runtime, hours(10));
}

TEST(SimulationTest, RunGivesUpAtItsLimit) {
  Simulation simulation(1);
  SimClock clock(simulation, Random(1));
  SimRuntime process(simulation, clock, "p");
  const auto result = simulation.run(sleep_long(process.runtime()), seconds(5));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::deadline_exceeded);
  EXPECT_TRUE(simulation.failed());
}

TEST(SimClockTest, DriftsAndItsTimersDoToo) {
  Simulation simulation(1);
  SimClock clock(simulation, Random(1));
  SimRuntime process(simulation, clock, "p");
  clock.set_drift_ppm(100'000);
  const MonotonicTime start = clock.monotonic_now();
  bool fired = false;
  process.runtime().timers.schedule(start + seconds(11), [&] {
    fired = true;
    EXPECT_EQ(simulation.now(), Duration(seconds(10)));
  });
  EXPECT_TRUE(simulation.run_until(seconds(10)));
  EXPECT_TRUE(fired);
  EXPECT_EQ(clock.monotonic_now() - start, seconds(11));
}

TEST(SimClockTest, ATimerOfAClockThatSlowsDownIsNotEarly) {
  Simulation simulation(1);
  SimClock clock(simulation, Random(1));
  SimRuntime process(simulation, clock, "p");
  const MonotonicTime at = clock.monotonic_now() + seconds(10);
  bool fired = false;
  process.runtime().timers.schedule(at, [&] {
    fired = true;
    EXPECT_GE(process.runtime().clock.monotonic_now(), at);
  });
  simulation.schedule(seconds(5), [&] { clock.set_drift_ppm(-500'000); });
  EXPECT_TRUE(simulation.run_until(seconds(14)));
  EXPECT_FALSE(fired);
  EXPECT_TRUE(simulation.run_until(seconds(16)));
  EXPECT_TRUE(fired);
}

TEST(SimClockTest, WallJumpsLeaveMonotonicTimeAlone) {
  Simulation simulation(1);
  SimClock clock(simulation, Random(1));
  const MonotonicTime monotonic = clock.monotonic_now();
  const std::uint64_t wall = clock.wall_ms();
  clock.jump_wall(hours(-5));
  EXPECT_EQ(clock.wall_ms(), wall - 5 * 3'600'000);
  EXPECT_EQ(clock.monotonic_now(), monotonic);
}

TEST(GateTest, HoldsBackWhilePausedAndForEverWhenDead) {
  Gate gate;
  std::vector<int> order;
  gate.pause();
  gate.enter([&] { order.push_back(1); });
  gate.enter([&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  gate.resume();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  gate.pause();
  gate.enter([&] { order.push_back(3); });
  gate.kill();
  gate.resume();
  gate.enter([&] { order.push_back(4); });
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(SimFaultPointsTest, AQuarterOfTheSitesFiresAQuarterOfTheTime) {
  int active = 0;
  int fired = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Simulation simulation(seed);
    SimClock clock(simulation, Random(1));
    SimRuntime process(simulation, clock, "p");
    EXPECT_FALSE(process.runtime().faults.fires("site")) << "off unless switched on";
    process.faults().set_enabled(true);
    int here = 0;
    for (int i = 0; i < 100; ++i) here += process.runtime().faults.fires("site") ? 1 : 0;
    active += here > 0 ? 1 : 0;
    fired += here;
  }
  EXPECT_GT(active, 60);
  EXPECT_LT(active, 140);
  EXPECT_GT(fired, active * 20);
  EXPECT_LT(fired, active * 30);
}

}  // namespace
}  // namespace latium::sim
