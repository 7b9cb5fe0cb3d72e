// Retrying with exponential backoff and full jitter.
#pragma once

#include <cstdint>
#include <utility>

#include "runtime/deadline.h"

namespace latium {

/// The waits between tries: the n-th (from 0) is uniform in [floor, min(cap, base * 2^n)], with floor = base / 2.
/// Source: Brooker, "Exponential Backoff And Jitter" (2015).
struct BackoffPolicy {
  Duration base = std::chrono::milliseconds(50);
  Duration cap = std::chrono::seconds(5);

  Duration wait(std::uint32_t attempt, Random& random) const;
};

/// Calls `try_once(attempt)`, a callable that returns a Task<T>, until it succeeds, fails with an error for which
/// `retryable(error)` is false, or `deadline` passes (then the last error is returned).
template <class T, class TryOnce, class Retryable>
Task<T> retry_with_backoff(Runtime& runtime, BackoffPolicy policy, MonotonicTime deadline, TryOnce try_once,
                           Retryable retryable) {
  for (std::uint32_t attempt = 0;; ++attempt) {
    Result<T> result = co_await try_once(attempt);
    if (result || !retryable(result.error())) co_return result;
    const MonotonicTime next = saturating_add(runtime.clock.monotonic_now(), policy.wait(attempt, runtime.random));
    if (next >= deadline) co_return result;
    LATIUM_CO_CHECKED(co_await sleep_until(runtime, next));
  }
}

}  // namespace latium
