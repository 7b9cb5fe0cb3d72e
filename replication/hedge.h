// Hedge: when a late answer is worth asking one more copy, and how often that may be done.
// Source: Dean and Barroso, "The Tail at Scale" (CACM 2013), hedged requests.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "runtime/clock.h"

namespace latium {

/// Loop thread only.
class Hedge {
 public:
  /// Reads that may be hedged, out of a hundred.
  static constexpr double kBudget = 0.05;

  /// How long an answer took.
  void record(Duration took) {
    taken_[count_++ % taken_.size()] = took;
    if (count_ >= taken_.size() && count_ % kDelayEvery == 0) delay_ = late();
    credit_ = std::min(credit_ + kBudget, kCreditMax);
  }

  /// What 95 of the last 100 answers took, as of the last ten at most; at least 1 ms. Before there are enough: 50 ms.
  Duration delay() const { return delay_; }

  /// Takes one from what is allowed; false: there is none left.
  bool spend() {
    if (credit_ < 1) return false;
    credit_ -= 1;
    return true;
  }

 private:
  static constexpr double kCreditMax = 10;
  static constexpr std::size_t kDelayEvery = 10;

  Duration late() const {
    auto sorted = taken_;
    auto* const at = sorted.begin() + sorted.size() * 95 / 100;
    std::nth_element(sorted.begin(), at, sorted.end());
    return std::max<Duration>(*at, std::chrono::milliseconds(1));
  }

  std::array<Duration, 100> taken_{};
  std::size_t count_ = 0;
  Duration delay_ = std::chrono::milliseconds(50);
  double credit_ = kCreditMax;
};

}  // namespace latium
