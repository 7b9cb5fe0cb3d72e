// What latium-ring-sim works out: how even the load of a cluster of some shape is, and what a join and a leave move.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ring/partition.h"
#include "ring/ring_load.h"

namespace latium {

/// Sites are called s1, s2 ..., racks r1, r2 ...
struct RingSimSettings {
  std::uint32_t sites = 3;
  std::uint32_t nodes = 100;         ///< in each site
  std::uint32_t racks = 0;           ///< in each site, taken in turn; 0: none named
  std::vector<double> weights = {};  ///< of the nodes of each site, taken in turn; empty: all weigh 1
  std::uint32_t tenants = 1000;
  std::uint32_t partitions = kDefaultPartitions;
  std::string placement = "everywhere: 1";
  std::uint32_t trials = 5;  ///< joins and leaves, each from the same cluster
  std::uint64_t seed = 1;    ///< of the nodes' ids
};

/// One kind of change over the trials.
struct ChangeCosts {
  double moved = 0;  ///< mean
  double least = 0;  ///< mean
  double worst_ratio = 0;

  double ratio() const { return least > 0 ? moved / least : 0; }
};

struct RingSimReport {
  std::vector<SiteLoad> sites;
  ChangeCosts join;
  std::optional<ChangeCosts> leave;  ///< nothing: with one node less the placement cannot be met

  double max_over_mean() const;  ///< of the worst site
};

/// `invalid_argument` or `unsatisfiable_placement`, in one line.
Result<RingSimReport> simulate_ring(const RingSimSettings& settings);

/// Several lines for people.
std::string to_text(const RingSimReport& report);
/// One JSON object.
std::string to_json(const RingSimSettings& settings, const RingSimReport& report);

}  // namespace latium
