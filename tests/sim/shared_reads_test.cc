// Reads of one key at the same time: as few rounds as there may be, and none that hides a write.
#include "tests/sim/repair_cluster.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;

class SharedReadsTest : public RepairCluster {
 protected:
  void SetUp() override {
    form({.compare_every = kNever, .collect_every = kNever, .hints = {}});
    ASSERT_TRUE(put(0, "l", "hot", "0"));
    pass(seconds(1));
  }
  void TearDown() override {
    if (tasks_) ASSERT_TRUE(simulation_.run(tasks_->join()));
  }
  Buckets& buckets() { return core(0).buckets().buckets(); }
  TaskGroup& tasks() {
    if (!tasks_) tasks_ = std::make_unique<TaskGroup>(core(0).runtime().executor, 4096);
    return *tasks_;
  }

  /// What it saw, as a number; at least `least`, what was acknowledged when it began.
  static Task<void> read(Buckets& buckets, Runtime& runtime, DataKey key, int least, int& done) {
    const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), seconds(4));
    const auto found = co_await buckets.read(std::move(key), ReadLevel::quorum, "rennes", deadline);
    EXPECT_TRUE(found.has_value());
    if (!found) co_return Result<void>();
    EXPECT_EQ(found->values.size(), 1u);
    EXPECT_GE(std::stoi(found->values.front().value), least) << "it was acknowledged before the read began";
    ++done;
    co_return Result<void>();
  }
  static Task<void> write(Buckets& buckets, Runtime& runtime, DataKey key, int number, int& acknowledged) {
    const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), seconds(4));
    const auto written =
        co_await buckets.write(std::move(key), {.value = std::to_string(number), .context = {}, .site = {}}, deadline);
    EXPECT_TRUE(written.has_value());
    acknowledged = number;
    co_return Result<void>();
  }
  void start_read(int least) {
    ++started_;
    ASSERT_TRUE(tasks().spawn(read(buckets(), core(0).runtime(), key("l", "hot"), least, done_)));
  }
  std::uint64_t messages() { return nodes_[0]->transport().statistics().requests_sent; }

  std::unique_ptr<TaskGroup> tasks_;
  int started_ = 0;
  int done_ = 0;
};

TEST_F(SharedReadsTest, ThoseThatBeginTogetherCostOneRound) {
  const std::uint64_t shared = buckets().statistics().shared;
  const std::uint64_t before = messages();
  for (int i = 0; i < 100; ++i) start_read(0);
  ASSERT_TRUE(simulation_.run_until([&] { return done_ == started_; }, simulation_.now() + seconds(1)));
  EXPECT_EQ(buckets().statistics().shared - shared, 99u);
  EXPECT_LE(messages() - before, 2u) << "one question to one other replica, and one for a late answer";
}

TEST_F(SharedReadsTest, ThoseThatComeMeanwhileShareTheNext) {
  start_read(0);
  ASSERT_TRUE(simulation_.run_for(std::chrono::microseconds(20)));
  const std::uint64_t before = messages();
  for (int i = 0; i < 50; ++i) start_read(0);
  ASSERT_TRUE(simulation_.run_until([&] { return done_ == started_; }, simulation_.now() + seconds(1)));
  EXPECT_EQ(buckets().statistics().shared, 49u);
  EXPECT_LE(messages() - before, 2u);
}

TEST_F(SharedReadsTest, AReadSeesWhatWasAcknowledgedBeforeItBegan) {
  Random random(5);
  int acknowledged = 0;
  int writing = 0;
  for (int step = 0; step < 3'000; ++step) {
    if (acknowledged == writing && random.chance(0.3)) {
      ASSERT_TRUE(tasks().spawn(write(buckets(), core(0).runtime(), key("l", "hot"), ++writing, acknowledged)));
    }
    for (std::uint64_t n = random.below(3); n > 0; --n) start_read(acknowledged);
    ASSERT_TRUE(simulation_.run_for(std::chrono::microseconds(random.between(0, 400))));
  }
  ASSERT_TRUE(simulation_.run_until([&] { return done_ == started_; }, simulation_.now() + seconds(5)));
  EXPECT_GT(buckets().statistics().shared, 1'000u);
  EXPECT_GT(acknowledged, 100);
}

// The one that asks is given less time than those that wait for it.
TEST_F(SharedReadsTest, AShortDeadlineIsNotThatOfTheOthers) {
  const auto hurried = [](Buckets& buckets, Runtime& runtime, DataKey key, std::string& outcome) -> Task<void> {
    const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), std::chrono::microseconds(1));
    const auto found = co_await buckets.read(std::move(key), ReadLevel::all, "rennes", deadline);
    outcome = found ? "ok" : std::string(to_string(found.error().code));
    co_return Result<void>();
  };
  const auto patient = [](Buckets& buckets, Runtime& runtime, DataKey key, std::string& outcome) -> Task<void> {
    const MonotonicTime deadline = saturating_add(runtime.clock.monotonic_now(), seconds(4));
    const auto found = co_await buckets.read(std::move(key), ReadLevel::all, "rennes", deadline);
    outcome = found ? "ok" : std::string(to_string(found.error().code));
    co_return Result<void>();
  };
  std::string first;
  std::string second;
  ASSERT_TRUE(tasks().spawn(hurried(buckets(), core(0).runtime(), key("l", "hot"), first)));
  ASSERT_TRUE(tasks().spawn(patient(buckets(), core(0).runtime(), key("l", "hot"), second)));
  ASSERT_TRUE(simulation_.run_until([&] { return !second.empty(); }, simulation_.now() + seconds(5)));
  EXPECT_EQ(first, "unavailable");
  EXPECT_EQ(second, "ok");
}

}  // namespace
}  // namespace latium::sim
