// The clock seam. Wall time is for stamps and people; monotonic time is for deadlines and durations.
#pragma once

#include <chrono>
#include <cstdint>

namespace latium {

using Duration = std::chrono::nanoseconds;

struct MonotonicEpoch {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicEpoch>;
  static constexpr bool is_steady = true;
};
/// A point on the node's monotonic clock; means nothing on another node.
using MonotonicTime = MonotonicEpoch::time_point;
/// Later than every deadline.
inline constexpr MonotonicTime kNever = MonotonicTime::max();

/// Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime monotonic_now() const = 0;
  /// Milliseconds since the Unix epoch; may jump either way.
  virtual std::uint64_t wall_ms() const = 0;
};

/// `base` + `delta`, stopping at kNever instead of overflowing.
inline MonotonicTime saturating_add(MonotonicTime base, Duration delta) {
  return delta > kNever - base ? kNever : base + delta;
}

}  // namespace latium
