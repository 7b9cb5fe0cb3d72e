// Pace: bounds what background work takes from users' calls.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "runtime/deadline.h"
#include "runtime/runtime.h"

namespace latium {

/// Loop thread only.
class Pace {
 public:
  struct Limits {
    std::size_t bytes_a_second = 16u << 20;
    std::size_t bytes_a_second_when_busy = 2u << 20;
  };

  /// `busy`: whether users' calls wait now.
  Pace(Runtime& runtime, Limits limits, std::function<bool()> busy)
      : runtime_(runtime), limits_(limits), busy_(std::move(busy)) {}

  /// Waits as long as so many bytes may take. Only a cancel ends it early.
  Task<void> take(std::size_t bytes) {
    const std::size_t rate = busy_() ? limits_.bytes_a_second_when_busy : limits_.bytes_a_second;
    co_return co_await sleep_for(runtime_, std::chrono::microseconds(bytes * 1'000'000 / rate));
  }

 private:
  Runtime& runtime_;
  Limits limits_;
  std::function<bool()> busy_;
};

}  // namespace latium
