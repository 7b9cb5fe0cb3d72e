// DotSource: the names of the writes that this node coordinates.
#pragma once

#include <atomic>
#include <cstdint>

#include "replication/version.h"

namespace latium {

/// Any thread.
class DotSource {
 public:
  /// `run`: counts the node's starts, so that no dot is given out twice: 24 bits, above 8 for lives of one start and 32 for
  /// writes of one life.
  DotSource(NodeId self, std::uint32_t run) : self_(self), last_(std::uint64_t{run} << 40) {}
  /// A write that was named may be with others and not here: later ones must not stand for it.
  void begin_life() {
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t fresh = 0;
    do {
      fresh = ((last >> 32) + 1) << 32;
      if (fresh >> 40 != last >> 40) return outlived_.store(true, std::memory_order_relaxed);
    } while (!last_.compare_exchange_weak(last, fresh, std::memory_order_relaxed));
  }
  /// The counter of the last one given out; of none in this start, what the first is above.
  std::uint64_t last() const { return last_.load(std::memory_order_relaxed); }
  /// There are no lives left in this start: from now on each write stands for itself alone.
  bool outlived() const { return outlived_.load(std::memory_order_relaxed); }
  Dot next() { return {self_, last_.fetch_add(1, std::memory_order_relaxed) + 1}; }

 private:
  const NodeId self_;
  std::atomic<std::uint64_t> last_;
  std::atomic<bool> outlived_{false};
};

}  // namespace latium
