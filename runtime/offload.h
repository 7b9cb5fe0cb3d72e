// offload: runs blocking work on the pool and resumes the task on the loop with its result.
#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/runtime.h"
#include "runtime/suspension.h"

namespace latium {

/// `work()` returns Result<T> and runs on a pool thread; it owns what it touches, or refers to what outlives the pool's
/// queue. A cancel (or a deadline) before it begins: it never runs, `cancelled` + not_applied. Once it runs, the task waits
/// for its end. `overloaded` when the pool's queue is full.
template <class T, class Work>
Task<T> offload(Runtime& runtime, Work work) {
  // Shared with the closure, which may sit in the pool's queue long after the task gave up.
  struct Shared {
    std::atomic<bool> claimed = false;  // by the pool, to run it; or by the task, to give it up
    std::optional<Result<T>> result;
    Suspension ended;
    Suspension ended_after_cancel;
  };
  const auto shared = std::make_shared<Shared>();
  const Executor executor = runtime.executor;
  LATIUM_CO_CHECKED(runtime.pool.submit([shared, executor, work = std::move(work)]() mutable {
    if (shared->claimed.exchange(true)) return;
    shared->result.emplace(work());
    boost::asio::post(executor, [shared] {
      shared->ended.wake();
      shared->ended_after_cancel.wake();
    });
  }));
  if (co_await shared->ended.wait() == Wake::cancelled) {
    if (!shared->claimed.exchange(true)) co_return cancelled_error();
    co_await shared->ended_after_cancel.wait_shielded();
  }
  co_return std::move(*shared->result);
}

}  // namespace latium
