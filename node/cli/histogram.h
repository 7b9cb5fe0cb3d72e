// Histogram: latencies in log-linear buckets, as HdrHistogram does: each power of two is divided into 128 equal parts, so
// every value is known to better than 1 %, from nanoseconds to centuries, in 58 KiB.
#pragma once

#include <cstdint>
#include <vector>

namespace latium::cli {

class Histogram {
 public:
  Histogram();

  /// Constant time, no allocation.
  void record(std::uint64_t value);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  /// 0 when nothing was recorded.
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  /// The least value that at least `percent` of all are not above, rounded up by less than 1 %, never above max(); 0 when
  /// nothing was recorded. Precondition: 0 <= percent <= 100.
  std::uint64_t percentile(double percent) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace latium::cli
