// SwimSuspicion: how long a suspect has to refute (Lifeguard, section IV.B). Long while only one node suspects, who may itself be
// the sick one; shorter with each other node that suspects too.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "runtime/clock.h"

namespace latium {

class SwimSuspicion {
 public:
  struct Times {
    Duration min{};
    Duration max{};
    unsigned confirmations = 0;  ///< that bring `max` down to `min`; 0: `min` from the start
  };

  /// `from` nobody: a doubt, which somebody's suspicion replaces and which ends as it began, without a verdict.
  SwimSuspicion(NodeId from, MonotonicTime now, Times times);

  /// Somebody suspects: a probe failed.
  bool founded() const { return static_cast<bool>(from_.front()); }

  /// Somebody suspects too. True when it counts: a node not heard of before, and not more than are needed.
  bool confirm(NodeId from);
  /// The process was paused for so long: the suspect could not be heard.
  void postpone(Duration pause) { since_ += pause; }
  /// When the suspect is down unless it refutes.
  MonotonicTime deadline() const;

 private:
  MonotonicTime since_;
  Times times_;
  std::vector<NodeId> from_;
};

}  // namespace latium
