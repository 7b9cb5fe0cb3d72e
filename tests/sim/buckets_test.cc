// The buckets workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/buckets.h"

#include <gtest/gtest.h>

namespace latium::sim {
namespace {

RunReport run(std::uint64_t seed, Duration duration) {
  RunOptions options;
  options.seed = seed;
  options.duration = duration;
  return buckets(options);
}

TEST(BucketsTest, LoseNothingBringNothingBackAndConverge) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RunReport report = run(seed, std::chrono::minutes(1));
    EXPECT_FALSE(report.failure) << "latium-sim --workload buckets --seed " << seed << ": " << *report.failure;
    for (const Operation& operation : report.history.operations()) acknowledged += operation.outcome == Outcome::ok ? 1 : 0;
  }
  EXPECT_GT(acknowledged, 2'000u) << "the clients must get somewhere";
}

// Each of these failed once: a deletion of nothing was stored as an empty set; a put that was given on twice made two siblings,
// of which a reader replaced one.
TEST(BucketsTest, SeedsThatFailedOnce) {
  for (const std::uint64_t seed : {12u, 19u, 272u, 291u, 300u}) {
    const RunReport report = run(seed, std::chrono::minutes(2));
    EXPECT_FALSE(report.failure) << "seed " << seed << ": " << *report.failure;
  }
}

TEST(BucketsTest, TheTraceDependsOnTheSeedAlone) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(run(seed, std::chrono::minutes(1)).trace_hash, run(seed, std::chrono::minutes(1)).trace_hash) << "seed " << seed;
  }
}

}  // namespace
}  // namespace latium::sim
