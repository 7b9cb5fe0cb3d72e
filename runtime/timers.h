// The timer seam: one-shot callbacks on the loop.
#pragma once

#include <cstdint>
#include <functional>

#include "runtime/clock.h"

namespace latium {

/// Names a scheduled callback; 0 names none.
struct TimerId {
  std::uint64_t value = 0;
};

/// Loop thread only.
class Timers {
 public:
  virtual ~Timers() = default;
  /// Runs `callback` on the loop at `at` or as soon after as the loop is free; never inline. Equal times run in order of
  /// scheduling.
  virtual TimerId schedule(MonotonicTime at, std::move_only_function<void()> callback) = 0;
  /// The callback will not run and is destroyed. A timer that ran, or an unknown one: nothing happens.
  virtual void cancel(TimerId id) = 0;
};

}  // namespace latium
