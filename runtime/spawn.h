// start_task: the only call of co_spawn. Sets what every task relies on.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "base/check.h"
#include "runtime/task.h"

namespace latium {

namespace internal {

// Cancels come back as results of the primitives, not as exceptions at whatever co_await is next.
template <class T>
Task<T> run_without_throwing(Task<T> task) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(task);
}

[[noreturn]] void task_threw(std::exception_ptr exception);

}  // namespace internal

/// Runs `task` on `executor`, inline up to its first suspension when called on the loop. `done(result)` is called on the
/// loop. Prefer TaskGroup::spawn; this is for what owns its tasks in another way.
template <class T, class Done>
void start_task(Executor executor, Task<T> task, boost::asio::cancellation_slot slot, Done done) {
  boost::asio::co_spawn(
      executor, internal::run_without_throwing(std::move(task)),
      boost::asio::bind_cancellation_slot(slot, [done = std::move(done)](std::exception_ptr exception, Result<T> result) mutable {
        if (exception) internal::task_threw(exception);
        done(std::move(result));
      }));
}

}  // namespace latium
