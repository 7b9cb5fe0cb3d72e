#include "ring/swim_suspicion.h"

#include <algorithm>
#include <cmath>

namespace latium {

SwimSuspicion::SwimSuspicion(NodeId from, MonotonicTime now, Times times) : since_(now), times_(times), from_{from} {}

bool SwimSuspicion::confirm(NodeId from) {
  if (from_.size() > times_.confirmations || std::ranges::find(from_, from) != from_.end()) return false;
  from_.push_back(from);
  return true;
}

MonotonicTime SwimSuspicion::deadline() const {
  if (times_.confirmations == 0) return since_ + times_.min;
  const double share = std::log(static_cast<double>(from_.size())) / std::log(times_.confirmations + 1.0);
  const auto shrunk = std::chrono::duration_cast<Duration>((times_.max - times_.min) * share);
  return since_ + std::max(times_.min, times_.max - shrunk);
}

}  // namespace latium
