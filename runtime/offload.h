// offload: runs blocking work on the pool and resumes the task on the loop with its result.
#pragma once

#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/runtime.h"
#include "runtime/suspension.h"

namespace latium {

/// `work()` returns Result<T> and runs on a pool thread; it owns what it touches. Not cancellable once submitted: the task
/// waits for its end, so that what it refers to stays alive.
template <class T, class Work>
Task<T> offload(Runtime& runtime, Work work) {
  std::optional<Result<T>> result;
  Suspension done;
  const Executor executor = runtime.executor;
  LATIUM_CO_CHECKED(runtime.pool.submit([&result, &done, executor, work = std::move(work)]() mutable {
    result.emplace(work());
    boost::asio::post(executor, [&done] { done.wake(); });
  }));
  co_await done.wait_shielded();
  co_return std::move(*result);
}

}  // namespace latium
