// Which item is drawn next: uniform, or with the skew of real traffic.
// Source: Gray et al., "Quickly Generating Billion-Record Synthetic Databases" (1994), section 3, as YCSB uses it.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/result.h"

namespace latium::cli {

/// Ranks from 0: rank r is drawn with a probability proportional to 1 / (r + 1)^theta. Theta 0 is uniform, 0.99 is YCSB's.
class Zipfian {
 public:
  /// `invalid_argument` unless items > 0 and 0 <= theta < 1. Takes time proportional to `items` (10 ns each) when theta > 0.
  static Result<Zipfian> make(std::uint64_t items, double theta);

  /// The next rank, in [0, items).
  std::uint64_t rank(Random& random) const;

  /// A rank scattered over all items, so that hot ones are not neighbours; two ranks may share an item, as in YCSB.
  /// With theta 0 the rank itself.
  std::uint64_t item(Random& random) const;

 private:
  Zipfian(std::uint64_t items, double theta);

  std::uint64_t items_;
  double theta_;
  double zeta_ = 0;  // sum of 1 / i^theta over all items
  double alpha_ = 0;
  double eta_ = 0;
};

}  // namespace latium::cli
