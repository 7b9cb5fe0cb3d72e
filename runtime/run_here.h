// run_here: a task that never waits, run to its end on the calling thread: what a caller's own thread can do without the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/spawn.h"

namespace latium {

/// Any thread but a loop's. The task must not wait for anything: whoever writes it looks first whether it would have to, and ends
/// it instead. It may use the calling thread's own state and what any thread may use, not what is the loop's.
template <class T>
Result<T> run_here(Task<T> task) {
  // One a thread: to make one costs more than to run a task.
  thread_local boost::asio::io_context context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE);
  std::optional<Result<T>> out;
  start_task(context.get_executor(), std::move(task), boost::asio::cancellation_slot(),
             [&out](Result<T> result) { out.emplace(std::move(result)); });
  context.restart();
  context.poll();
  LATIUM_CHECK(out.has_value(), "a task that runs here does not wait");
  return *std::move(out);
}

}  // namespace latium
