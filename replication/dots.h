// DotSource: the names of the writes that this node coordinates.
#pragma once

#include <atomic>
#include <cstdint>

#include "replication/version.h"

namespace latium {

/// Any thread.
class DotSource {
 public:
  /// `run`: counts the node's starts, so that no dot is given out twice: 24 bits, above 40 bits for the writes of one start.
  DotSource(NodeId self, std::uint32_t run) : self_(self), last_(std::uint64_t{run} << 40) {}
  Dot next() { return {self_, last_.fetch_add(1, std::memory_order_relaxed) + 1}; }

 private:
  const NodeId self_;
  std::atomic<std::uint64_t> last_;
};

}  // namespace latium
