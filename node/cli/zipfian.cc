#include "node/cli/zipfian.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "base/hash.h"

namespace latium::cli {

Result<Zipfian> Zipfian::make(std::uint64_t items, double theta) {
  if (items == 0) return fail(ErrorCode::invalid_argument, "there must be at least 1 key to choose from");
  if (!(theta >= 0 && theta < 1)) {
    return fail(ErrorCode::invalid_argument,
                "zipfian skew " + std::to_string(theta) + " must be 0 (uniform) to below 1; 0.99 is usual");
  }
  return Zipfian(items, theta);
}

Zipfian::Zipfian(std::uint64_t items, double theta) : items_(items), theta_(theta) {
  if (theta == 0) return;
  // From the small terms to the large ones: no precision is lost.
  for (std::uint64_t i = items; i > 0; --i) zeta_ += std::pow(static_cast<double>(i), -theta);
  if (items <= 2) return;  // rank() does not get beyond its first two cases
  const double zeta_of_two = 1 + std::pow(0.5, theta);
  alpha_ = 1 / (1 - theta);
  eta_ = (1 - std::pow(2.0 / static_cast<double>(items), 1 - theta)) / (1 - zeta_of_two / zeta_);
}

std::uint64_t Zipfian::rank(Random& random) const {
  if (theta_ == 0) return random.below(items_);
  const double u = random.unit();
  const double scaled = u * zeta_;
  if (scaled < 1 || items_ == 1) return 0;
  if (scaled < 1 + std::pow(0.5, theta_) || items_ == 2) return 1;
  const double rank = static_cast<double>(items_) * std::pow(eta_ * u - eta_ + 1, alpha_);
  return std::min(static_cast<std::uint64_t>(rank), items_ - 1);
}

std::uint64_t Zipfian::item(Random& random) const {
  const std::uint64_t drawn = rank(random);
  if (theta_ == 0) return drawn;
  Bytes bytes;
  put_u64(bytes, drawn);
  return xxh3_64(bytes) % items_;
}

}  // namespace latium::cli
