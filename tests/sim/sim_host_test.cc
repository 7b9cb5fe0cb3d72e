#include "tests/sim/sim_host.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/deadline.h"
#include "runtime/offload.h"
#include "runtime/sync.h"
#include "runtime/task_group.h"
#include "store/async_engine.h"

namespace latium::sim {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What a test wants a process to do, and what it has done.
struct Script {
  std::function<Task<void>(NodeSeams, Script&)> main;
  std::vector<std::string> notes;
  int alive = 0;
};

class ScriptedProcess final : public Process {
 public:
  ScriptedProcess(NodeSeams seams, Script& script) : script_(script), tasks_(seams.runtime.executor, 16) {
    ++script_.alive;
    EXPECT_TRUE(tasks_.spawn(script_.main(seams, script_)));
  }
  ~ScriptedProcess() override { --script_.alive; }
  Task<void> stop() override {
    tasks_.cancel();
    co_return co_await tasks_.join();
  }

 private:
  Script& script_;
  TaskGroup tasks_;
};

class SimHostTest : public ::testing::Test {
 protected:
  void start() {
    const auto started = host_.start();
    ASSERT_TRUE(started) << started.error().message;
  }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)) << simulation_.failure(); }
  std::string stored(BytesView key) {
    const auto found = host_.engine().get(Family::data, key, ReadMode::may_block);
    if (!found) return std::string(to_string(found.error().code));
    return found->presence == Presence::found ? found->value : "absent";
  }

  Script script_;
  Simulation simulation_{1};
  SimNetwork network_{simulation_, {}};
  SimHost host_{simulation_, network_, SimHost::Options{.name = "host", .site = "site", .identity = {}, .engine = {}},
                [this](NodeSeams seams) { return std::make_unique<ScriptedProcess>(seams, script_); }};
};

WriteBatch put(BytesView key, BytesView value) {
  WriteBatch batch;
  batch.put(Family::data, key, value);
  return batch;
}

std::string text(const Result<void>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

Task<void> sleep_then_write(NodeSeams seams, Script& script) {
  script.notes.push_back("sleep " + text(co_await sleep_for(seams.runtime, seconds(10))));
  script.notes.push_back("write " + text(co_await write(seams.runtime, seams.engine, put("k", "v"), Durability::sync)));
  co_return Result<void>();
}

TEST_F(SimHostTest, AKilledProcessEndsWithoutEffects) {
  script_.main = sleep_then_write;
  start();
  pass(seconds(1));
  host_.kill(Crash::process);
  EXPECT_FALSE(host_.running());
  simulation_.settle();
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(simulation_.now(), Duration(seconds(1))) << "time stands still meanwhile";
  EXPECT_EQ(script_.notes, (std::vector<std::string>{"sleep cancelled", "write cancelled"}));
  start();
  EXPECT_EQ(stored("k"), "absent");
}

TEST_F(SimHostTest, AGracefulStopKeepsWhatTheProcessWritesOnItsWay) {
  script_.main = sleep_then_write;
  start();
  pass(seconds(1));
  host_.stop();
  EXPECT_TRUE(host_.running());
  pass(seconds(1));
  EXPECT_FALSE(host_.running());
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(script_.notes, (std::vector<std::string>{"sleep cancelled", "write ok"}));
  start();
  EXPECT_EQ(stored("k"), "v");
}

TEST_F(SimHostTest, AKillDuringAStopWins) {
  script_.main = sleep_then_write;
  start();
  pass(seconds(1));
  host_.stop();
  host_.kill(Crash::machine);
  pass(seconds(1));
  EXPECT_EQ(script_.alive, 0);
  start();
  EXPECT_EQ(stored("k"), "absent");
}

Task<void> write_both_ways(NodeSeams seams, Script&) {
  LATIUM_CO_CHECKED(co_await write(seams.runtime, seams.engine, put("synced", "1"), Durability::sync));
  LATIUM_CO_CHECKED(co_await write(seams.runtime, seams.engine, put("buffered", "1"), Durability::buffered));
  co_return Result<void>();
}

TEST_F(SimHostTest, AProcessCrashKeepsWhatWasWrittenAndAPowerCutWhatWasSynced) {
  script_.main = write_both_ways;
  start();
  pass(seconds(1));
  host_.kill(Crash::process);
  script_.main = [](NodeSeams, Script&) -> Task<void> { co_return Result<void>(); };
  start();
  EXPECT_EQ(stored("synced"), "1");
  EXPECT_EQ(stored("buffered"), "1");
  host_.kill(Crash::process);

  int lost = 0;
  for (int i = 0; i < 20; ++i) {
    host_.replace_disk();
    script_.main = write_both_ways;
    start();
    pass(seconds(1));
    host_.kill(Crash::machine);
    script_.main = [](NodeSeams, Script&) -> Task<void> { co_return Result<void>(); };
    start();
    EXPECT_EQ(stored("synced"), "1");
    lost += stored("buffered") == "absent" ? 1 : 0;
    host_.kill(Crash::process);
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 20) << "a random prefix stays";
}

TEST_F(SimHostTest, AnEmptyDiskIsEmpty) {
  script_.main = write_both_ways;
  start();
  pass(seconds(1));
  host_.kill(Crash::process);
  host_.replace_disk();
  script_.main = [](NodeSeams, Script&) -> Task<void> { co_return Result<void>(); };
  start();
  EXPECT_EQ(stored("synced"), "absent");
}

Task<void> tick(NodeSeams seams, Script& script) {
  for (;;) {
    LATIUM_CO_CHECKED(co_await sleep_for(seams.runtime, seconds(1)));
    script.notes.push_back("tick");
  }
}

TEST_F(SimHostTest, PauseStopsTheProcessAndResumeGoesOn) {
  script_.main = tick;
  start();
  pass(milliseconds(3'500));
  host_.pause();
  EXPECT_TRUE(host_.paused());
  pass(seconds(60));
  EXPECT_EQ(script_.notes.size(), 3u);
  host_.resume();
  pass(milliseconds(1'500));
  EXPECT_EQ(script_.notes.size(), 5u) << "the tick that was due, and one more";
  host_.pause();
  host_.kill(Crash::process);
  simulation_.settle();
  EXPECT_EQ(script_.alive, 0) << "a paused process can be killed";
}

/// Deaf to its cancel until a far timer has run: its time is up all the same.
Task<void> deaf(NodeSeams seams, Script& script) {
  const MonotonicTime end = seams.runtime.clock.monotonic_now() + hours(1);
  while (seams.runtime.clock.monotonic_now() < end) {
    Suspension done;
    seams.runtime.timers.schedule(seams.runtime.clock.monotonic_now() + seconds(30), [&done] { done.wake(); });
    co_await done.wait_shielded();
  }
  const auto worked = co_await offload<int>(seams.runtime, []() -> Result<int> { return 1; });
  script.notes.push_back(worked ? "worked" : "refused");
  co_return Result<void>();
}

TEST_F(SimHostTest, TheDeadDoNotWaitForTheirTimers) {
  script_.main = deaf;
  start();
  pass(seconds(5));
  host_.kill(Crash::process);
  simulation_.settle();
  EXPECT_EQ(script_.alive, 0);
  EXPECT_EQ(simulation_.now(), Duration(seconds(5)));
  EXPECT_EQ(script_.notes, (std::vector<std::string>{"refused"}));
}

Task<void> log_error(NodeSeams seams, Script&) {
  (void)co_await sleep_for(seams.runtime, hours(1));
  seams.runtime.events.emit(Severity::error, "seen_only_by_the_dead", {});
  co_return Result<void>();
}

TEST_F(SimHostTest, EventsOfTheDeadDoNotCount) {
  script_.main = log_error;
  start();
  pass(seconds(5));
  host_.kill(Crash::process);
  pass(seconds(5));
  EXPECT_FALSE(simulation_.failed());
}

TEST_F(SimHostTest, ARottenDiskDoesNotOpen) {
  script_.main = write_both_ways;
  start();
  pass(seconds(1));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(host_.engine().write(put("k" + std::to_string(i), "v"), Durability::sync));
  host_.kill(Crash::process);
  Random random(1);
  ASSERT_TRUE(host_.disk().rot_stored(random));
  const auto started = host_.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::corruption);
  EXPECT_FALSE(host_.running());
  simulation_.settle();
}

}  // namespace
}  // namespace latium::sim
