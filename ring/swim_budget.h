// SwimBudget: how much a node may send of something: so many bytes a second, and `burst` at once after a while of silence. So no
// second has more than both together.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "runtime/clock.h"

namespace latium {

/// A token bucket, kept as the time it takes to fill up again.
class SwimBudget {
 public:
  SwimBudget(std::size_t bytes_a_second, std::size_t burst) : rate_(bytes_a_second), burst_(burst) {}

  /// What is owed is owed by time: at another rate it is as soon paid.
  void set_rate(std::size_t bytes_a_second) { rate_ = bytes_a_second; }
  void advance(MonotonicTime now) {
    owed_ = std::max(Duration(0), owed_ - std::max(Duration(0), now - at_));
    at_ = std::max(at_, now);
  }
  std::size_t left() const {
    const std::size_t owed = static_cast<std::size_t>(owed_.count()) * rate_ / kSecond;
    return burst_ - std::min(burst_, owed);
  }
  void spend(std::size_t bytes) { owed_ += Duration(static_cast<Duration::rep>(bytes * kSecond / rate_)); }

 private:
  static constexpr std::size_t kSecond = 1'000'000'000;

  std::size_t rate_;
  std::size_t burst_;
  Duration owed_{};
  MonotonicTime at_{};
};

}  // namespace latium
