// Time for tasks: sleep_until and with_deadline, the only race there is.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/runtime.h"
#include "runtime/spawn.h"
#include "runtime/suspension.h"

namespace latium {

/// `cancelled` when the task was cancelled before `at`.
Task<void> sleep_until(Runtime& runtime, MonotonicTime at);
Task<void> sleep_for(Runtime& runtime, Duration duration);

/// Runs `task`; at `deadline` cancels it and waits for its end. Returns what the task returned, except that a `cancelled`
/// caused by the deadline becomes `deadline_exceeded`. A task that finished in spite of the cancel keeps its result.
template <class T>
Task<T> with_deadline(Runtime& runtime, MonotonicTime deadline, Task<T> task) {
  if (deadline == kNever) co_return co_await std::move(task);
  boost::asio::cancellation_signal signal;
  std::optional<Result<T>> result;
  Suspension ended;
  Suspension ended_after_cancel;
  bool expired = false;
  bool cancelled = false;
  start_task(runtime.executor, std::move(task), signal.slot(), [&](Result<T> value) {
    result.emplace(std::move(value));
    ended.wake();
    ended_after_cancel.wake();
  });
  if (!result) {
    const TimerId timer = runtime.timers.schedule(deadline, [&] {
      // Only the first cause counts: an end, or a cancel by the owner, that came before.
      if (result || cancelled) return;
      expired = true;
      signal.emit(boost::asio::cancellation_type::terminal);
    });
    if (co_await ended.wait() == Wake::cancelled) {
      cancelled = true;
      signal.emit(boost::asio::cancellation_type::terminal);
      co_await ended_after_cancel.wait_shielded();
    }
    runtime.timers.cancel(timer);
  }
  if (expired && !*result && result->error().code == ErrorCode::cancelled) {
    co_return fail(ErrorCode::deadline_exceeded, result->error().certainty, "the deadline passed");
  }
  co_return std::move(*result);
}

}  // namespace latium
