// Simulation::run, the bridge from test code to a task. Included by simulation.h.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/spawn.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

template <class T>
Result<T> Simulation::run(Task<T> task, Duration limit) {
  std::optional<Result<T>> result;
  boost::asio::cancellation_signal signal;
  start_task(executor(), std::move(task), signal.slot(), [&result](Result<T> value) { result.emplace(std::move(value)); });
  const auto ended = [&result] { return result.has_value(); };
  if (!run_until(ended, now_ + limit)) {
    fail_run("a task did not end in time");
    signal.emit(boost::asio::cancellation_type::terminal);
    settle();
    LATIUM_CHECK(result.has_value(), "a task neither ended nor took its cancel");
    return fail(ErrorCode::deadline_exceeded, Certainty::unknown, "the task did not end in time");
  }
  return std::move(*result);
}

}  // namespace latium::sim
