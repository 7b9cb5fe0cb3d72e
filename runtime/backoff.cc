#include "runtime/backoff.h"

#include <algorithm>

namespace latium {

Duration BackoffPolicy::wait(std::uint32_t attempt, Random& random) const {
  const std::uint32_t doublings = std::min<std::uint32_t>(attempt, 30);
  const Duration ceiling = base > cap / (std::int64_t{1} << doublings) ? cap : base * (std::int64_t{1} << doublings);
  const Duration floor = std::min(base / 2, ceiling);
  return Duration(random.between(floor.count(), ceiling.count()));
}

}  // namespace latium
