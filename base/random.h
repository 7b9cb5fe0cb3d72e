// One seeded generator a node: everything random comes from it, so that a seed replays a run.
#pragma once

#include <cstdint>
#include <string_view>

namespace latium {

/// xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. Not for secrets. Not thread-safe: fork one a thread.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  /// Uniform in [0, bound). Precondition: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [low, high], both included. Precondition: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);
  /// Uniform in [0, 1).
  double unit();
  /// True with probability p.
  bool chance(double p) { return unit() < p; }

  /// A generator of its own for one purpose: depends on this one's seed and the name only, so that a new user of
  /// randomness does not shift the numbers of the others.
  Random fork(std::string_view name) const;

 private:
  std::uint64_t seed_;
  std::uint64_t state_[4];
};

}  // namespace latium
