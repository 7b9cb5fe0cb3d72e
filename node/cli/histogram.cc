#include "node/cli/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace latium::cli {

namespace {

constexpr unsigned kPartBits = 7;
constexpr std::size_t kParts = std::size_t{1} << kPartBits;
// Values below 2 * kParts have a bucket each; above, each further bit of length adds kParts buckets.
constexpr std::size_t kBuckets = (64 - kPartBits - 1) * kParts + 2 * kParts;

std::size_t bucket_of(std::uint64_t value) {
  const auto length = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = length > kPartBits + 1 ? length - kPartBits - 1 : 0;
  return shift * kParts + static_cast<std::size_t>(value >> shift);
}

// The greatest value of a bucket.
std::uint64_t upper_bound_of(std::size_t bucket) {
  const std::size_t shift = bucket < 2 * kParts ? 0 : bucket / kParts - 1;
  const std::uint64_t part = bucket - shift * kParts;
  return (part << shift) + ((std::uint64_t{1} << shift) - 1);
}

}  // namespace

Histogram::Histogram() : buckets_(kBuckets) {}

void Histogram::record(std::uint64_t value) {
  ++buckets_[bucket_of(value)];
  ++count_;
  sum_ += static_cast<double>(value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(percent / 100 * static_cast<double>(count_));
  const std::uint64_t rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(upper_bound_of(i), max_);
  }
  return max_;
}

}  // namespace latium::cli
