// The seam for work that blocks (disk reads, file system calls): it never runs on the loop.
#pragma once

#include <functional>

#include "base/result.h"

namespace latium {

/// Any thread may submit.
class BlockingPool {
 public:
  virtual ~BlockingPool() = default;
  /// Runs `work` once on a thread of the pool. `overloaded` when the queue is full, `cancelled` when the pool is stopping;
  /// then `work` is destroyed without running.
  virtual Result<void> submit(std::move_only_function<void()> work) = 0;
};

}  // namespace latium
