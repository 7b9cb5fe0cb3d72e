// What the seed tests of the workloads share.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "tests/sim/workloads/workload.h"

namespace latium::sim {

using RunSeed = std::function<RunReport(const RunOptions&)>;

/// The run of one seed, which is expected to pass.
inline RunReport passing_run(const RunSeed& workload, std::uint64_t seed, Duration duration) {
  RunOptions options;
  options.seed = seed;
  options.duration = duration;
  RunReport report = workload(options);
  EXPECT_FALSE(report.failure) << "seed " << seed << ": " << *report.failure;
  return report;
}

/// Acknowledged operations of seeds 1 to `seeds`, each of which is expected to pass.
inline std::size_t acknowledged_in(const RunSeed& workload, std::uint64_t seeds, Duration duration) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    for (const Operation& operation : passing_run(workload, seed, duration).history.operations()) {
      acknowledged += operation.outcome == Outcome::ok ? 1 : 0;
    }
  }
  return acknowledged;
}

/// Seeds 1 to 10, each run twice.
inline void expect_same_traces(const RunSeed& workload) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto trace = [&] { return passing_run(workload, seed, std::chrono::minutes(1)).trace_hash; };
    EXPECT_EQ(trace(), trace()) << "seed " << seed;
  }
}

}  // namespace latium::sim
