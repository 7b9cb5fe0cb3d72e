// The buckets workload on a few seeds; latium-sim runs more.
#include "tests/sim/workloads/buckets.h"

#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(BucketsTest, LoseNothingBringNothingBackAndConverge) {
  EXPECT_GT(acknowledged_in(buckets, 40, std::chrono::minutes(1)), 2'000u) << "the clients must get somewhere";
}

// Each of these failed once: a deletion of nothing was stored as an empty set; a put that was given on twice made two siblings,
// of which a reader replaced one.
TEST(BucketsTest, SeedsThatFailedOnce) {
  for (const std::uint64_t seed : {12u, 19u, 272u, 291u, 300u}) passing_run(buckets, seed, std::chrono::minutes(2));
}

// A put was behind a deletion that was forgotten, then behind one that was not, and was not made again; one copy was enough for a
// deletion, so a put with the same stamp did not meet it.
TEST(BucketsTest, SeedsOfPlacementThatFailedOnce) {
  for (const std::uint64_t seed : {346u, 6626u}) passing_run(placement, seed, std::chrono::minutes(1));
}

TEST(BucketsTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(buckets);
}

}  // namespace
}  // namespace latium::sim
