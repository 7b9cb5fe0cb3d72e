// What `bench ycsb` asks for next: which kind of operation, of which key.
// Source: Cooper et al., "Benchmarking Cloud Serving Systems with YCSB" (SoCC 2010), section 4, and the core workloads of its
// program.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "node/cli/zipfian.h"

namespace latium::cli {

enum class YcsbKind : std::uint8_t { read, update, insert, scan, read_modify_write };
inline constexpr std::size_t kYcsbKinds = 5;
/// As reports name them.
inline constexpr std::array<const char*, kYcsbKinds> kYcsbNames = {"reads", "updates", "inserts", "scans", "read_modify_writes"};
inline bool writes(YcsbKind kind) {
  return kind != YcsbKind::read && kind != YcsbKind::scan;
}

enum class KeyDistribution : std::uint8_t { zipfian, uniform, latest };
std::string_view to_string(KeyDistribution distribution);
/// `invalid_argument` naming --distribution.
Result<KeyDistribution> parse_distribution(std::string_view text);

struct YcsbMix {
  std::string_view name;
  std::array<unsigned, kYcsbKinds> percent{};  ///< by kind, 100 together
  KeyDistribution distribution = KeyDistribution::zipfian;
};

/// Workloads "a" to "f" as YCSB has them, and "w", updates only, which tells what a write costs. `invalid_argument` naming
/// --workload.
Result<YcsbMix> find_mix(std::string_view name);
YcsbKind draw_kind(const YcsbMix& mix, Random& random);

/// Which keys there are and which one is next. Any thread.
///
/// zipfian: skew 0.99 over the keys of the beginning, scattered over them. latest: that skew, back from the newest key. Uniform:
/// all keys.
class KeyChooser {
 public:
  static constexpr double kTheta = 0.99;

  /// Keys 0 to `keys` - 1 are there. `invalid_argument` when none are. Takes time proportional to `keys`, as Zipfian::make().
  static Result<KeyChooser> make(std::uint64_t keys, KeyDistribution distribution);

  /// Never one whose insert has not ended.
  std::uint64_t choose(Random& random) const;
  /// The number of the key that is to be inserted; in ascending order.
  std::uint64_t begin_insert();
  /// However it ended.
  void end_insert(std::uint64_t item);

 private:
  struct Inserts {
    std::mutex mutex;
    std::uint64_t next = 0;
    std::uint64_t present = 0;      // the inserts of all keys below have ended
    std::set<std::uint64_t> ended;  // from `present` on
  };

  KeyChooser(std::uint64_t keys, KeyDistribution distribution, Zipfian zipfian);
  std::uint64_t present() const;

  KeyDistribution distribution_;
  Zipfian zipfian_;
  std::unique_ptr<Inserts> inserts_;
};

}  // namespace latium::cli
