// SwimMeter: what a node sends in any one second.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "runtime/clock.h"

namespace latium::testing {

/// The second slides in steps of a tenth. Times never go back.
class SwimMeter {
 public:
  void add(MonotonicTime now, std::size_t bytes) {
    const std::int64_t slot = now.time_since_epoch() / std::chrono::milliseconds(100);
    for (std::int64_t passed = std::max(last_ + 1, slot - kSlots + 1); passed <= slot; ++passed) {
      auto& oldest = sent_[static_cast<std::size_t>(passed % kSlots)];
      sum_ -= std::exchange(oldest, 0);
    }
    last_ = slot;
    sent_[static_cast<std::size_t>(slot % kSlots)] += static_cast<std::uint32_t>(bytes);
    sum_ += static_cast<std::uint32_t>(bytes);
    most_ = std::max(most_, sum_);
  }
  /// Since the last reset.
  std::uint32_t most() const { return most_; }
  void reset() { most_ = 0; }

 private:
  static constexpr std::int64_t kSlots = 10;
  std::array<std::uint32_t, kSlots> sent_{};
  std::int64_t last_ = 0;
  std::uint32_t sum_ = 0;
  std::uint32_t most_ = 0;
};

}  // namespace latium::testing
