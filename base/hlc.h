// Hybrid logical clock: 48 bits of milliseconds since the Unix epoch, 16 bits of counter, one number that only grows.
// Source: Kulkarni et al., "Logical Physical Clocks" (2014), sections 3 and 4.
#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>

#include "base/result.h"

namespace latium {

/// One stamp. Ordered by time, then counter.
struct Hlc {
  std::uint64_t value = 0;

  static Hlc from_parts(std::uint64_t milliseconds, std::uint16_t counter) { return Hlc{milliseconds << 16 | counter}; }
  std::uint64_t milliseconds() const { return value >> 16; }
  std::uint16_t counter() const { return static_cast<std::uint16_t>(value & 0xFFFF); }

  friend auto operator<=>(const Hlc&, const Hlc&) = default;
};

/// The clock of one node: hands out stamps that grow, and takes over those of its peers. Any thread.
class HlcClock {
 public:
  /// `max_offset`: how far ahead of the wall clock a remote stamp may be and still be adopted.
  explicit HlcClock(std::chrono::milliseconds max_offset = std::chrono::milliseconds(500)) : max_offset_(max_offset) {}

  /// A stamp above every stamp handed out or observed so far. `wall_ms`: the wall clock now.
  Hlc now(std::uint64_t wall_ms);

  /// Takes over a remote stamp, so that later ones are above it. Refused with `invalid_argument` when it is more than
  /// max_offset ahead of `wall_ms`: one node with a bad clock must not drag the cluster along.
  Result<void> observe(Hlc remote, std::uint64_t wall_ms);

  /// The highest stamp handed out or observed.
  Hlc latest() const { return Hlc{latest_.load(std::memory_order_relaxed)}; }

  /// Sets the floor at start-up, from what the data directory holds; no bound on how far ahead.
  void restore(Hlc floor);

 private:
  std::chrono::milliseconds max_offset_;
  std::atomic<std::uint64_t> latest_{0};
};

}  // namespace latium
