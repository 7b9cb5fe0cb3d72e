// What the tests of runtime/ share: a runtime in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "runtime/deadline.h"
#include "runtime/task_group.h"
#include "tests/sim/sim_runtime.h"
#include "tests/sim/simulation.h"

namespace latium::testing {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Simulated : public ::testing::Test {
 protected:
  Runtime& runtime() { return process_.runtime(); }
  MonotonicTime in(Duration delay) { return runtime().clock.monotonic_now() + delay; }

  template <class T>
  Result<T> run(Task<T> task) {
    return simulation_.run(std::move(task));
  }
  /// Runs what is ready; time stands still.
  void settle() { simulation_.settle(); }
  /// Runs `action` as a handler of the loop: cancels then take effect inside the call, not through a post.
  void on_loop(std::move_only_function<void()> action) {
    boost::asio::post(runtime().executor, std::move(action));
    settle();
  }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }

  sim::Simulation simulation_{1};
  sim::SimClock clock_{simulation_, Random(1)};
  sim::SimRuntime process_{simulation_, clock_, "test"};
};

/// The error's code, or "ok".
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(to_string(result.error().code));
}

/// Sleeps, then notes its end: "<name> ok" or "<name> cancelled".
inline Task<void> note_after(Runtime& runtime, Duration delay, std::string name, std::vector<std::string>& notes) {
  const Result<void> slept = co_await sleep_for(runtime, delay);
  notes.push_back(name + ' ' + code_of(slept));
  co_return slept;
}

}  // namespace latium::testing
