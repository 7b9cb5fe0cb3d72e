// The operating system's clocks.
#pragma once

#include "runtime/clock.h"

namespace latium {

class RealClock final : public Clock {
 public:
  MonotonicTime monotonic_now() const override;
  std::uint64_t wall_ms() const override;
};

/// Entropy from the operating system, for seeds and ids; the only random_device.
std::uint64_t os_entropy();

}  // namespace latium
