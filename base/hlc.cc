#include "base/hlc.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"

// One atomic word is the whole state, so relaxed order is enough: all threads agree on the order of its values.
namespace latium {
namespace {

constexpr std::uint64_t kMaxMilliseconds = (std::uint64_t{1} << 48) - 1;

void raise_to(std::atomic<std::uint64_t>& latest, std::uint64_t floor) {
  std::uint64_t seen = latest.load(std::memory_order_relaxed);
  while (seen < floor && !latest.compare_exchange_weak(seen, floor, std::memory_order_relaxed)) {
  }
}

}  // namespace

Hlc HlcClock::now(std::uint64_t wall_ms) {
  const std::uint64_t wall = Hlc::from_parts(std::min(wall_ms, kMaxMilliseconds), 0).value;
  std::uint64_t seen = latest_.load(std::memory_order_relaxed);
  while (true) {
    LATIUM_CHECK(seen != std::numeric_limits<std::uint64_t>::max(), "the hybrid logical clock has run out of stamps");
    // A full counter carries into the milliseconds: the stamp runs ahead of the wall clock for a moment, and still grows.
    const std::uint64_t next = std::max(seen + 1, wall);
    if (latest_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return Hlc{next};
  }
}

Result<void> HlcClock::observe(Hlc remote, std::uint64_t wall_ms) {
  const std::uint64_t remote_ms = remote.milliseconds();
  const auto max_offset_ms = static_cast<std::uint64_t>(max_offset_.count());
  if (remote_ms > wall_ms && remote_ms - wall_ms > max_offset_ms) {
    return fail(ErrorCode::invalid_argument, "stamp is " + std::to_string(remote_ms - wall_ms) +
                                                 " ms ahead of this node's clock, more than the " +
                                                 std::to_string(max_offset_ms) + " ms allowed: check the clocks of both nodes");
  }
  raise_to(latest_, remote.value);
  return {};
}

void HlcClock::restore(Hlc floor) {
  raise_to(latest_, floor.value);
}

}  // namespace latium
