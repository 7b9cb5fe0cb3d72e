// The memory engine in virtual time: groups, syncs, and what a crash does to what is in flight.
#include <gtest/gtest.h>

#include <vector>

#include "store/memory_engine.h"
#include "tests/sim/sim_runtime.h"
#include "tests/sim/simulation.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MemoryEngineGroups : public ::testing::Test {
 protected:
  void SetUp() override { open({}); }
  void open(MemoryEngine::Options options) {
    engine_.reset();
    options.runtime = &process_.runtime();
    auto opened = MemoryEngine::open(disk_, std::move(options));
    ASSERT_TRUE(opened);
    engine_ = std::move(*opened);
  }
  void submit(std::string key, Durability durability = Durability::sync) {
    WriteBatch batch;
    batch.put(Family::data, key, "v");
    engine_->submit(std::move(batch), durability, [this, key](Result<void> result) {
      answers_.push_back(result ? key
                                : key + ' ' + std::string(to_string(result.error().code)) + '/' +
                                      std::string(to_string(result.error().certainty)));
    });
  }
  bool stored(BytesView key) {
    return engine_->get(Family::data, key, ReadMode::may_block, nullptr)->presence == Presence::found;
  }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }

  Simulation simulation_{1};
  SimClock clock_{simulation_, Random(1)};
  SimRuntime process_{simulation_, clock_, "engine"};
  SimulatedDisk disk_;
  std::unique_ptr<MemoryEngine> engine_;
  std::vector<std::string> answers_;
};

TEST_F(MemoryEngineGroups, WhatWaitsSharesOneSync) {
  for (int i = 0; i < 10; ++i) submit(std::to_string(i));
  EXPECT_TRUE(answers_.empty());
  pass(seconds(1));
  EXPECT_EQ(answers_, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(engine_->statistics().commit_groups, 1u);
  EXPECT_EQ(engine_->statistics().syncs, 1u);
  EXPECT_EQ(engine_->statistics().commit_batches, 10u);
}

TEST_F(MemoryEngineGroups, WhatComesDuringASyncIsTheNextGroup) {
  MemoryEngine::Options options;
  options.sync_min = options.sync_max = milliseconds(10);
  open(options);
  submit("a");
  pass(milliseconds(5));
  submit("b");
  submit("c");
  pass(milliseconds(10));
  EXPECT_EQ(answers_, (std::vector<std::string>{"a"}));
  pass(milliseconds(10));
  EXPECT_EQ(answers_, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(engine_->statistics().syncs, 2u);
}

TEST_F(MemoryEngineGroups, BufferedGroupsDoNotSync) {
  submit("a", Durability::buffered);
  pass(seconds(1));
  EXPECT_EQ(answers_, (std::vector<std::string>{"a"}));
  EXPECT_EQ(engine_->statistics().syncs, 0u);
  EXPECT_EQ(disk_.unsynced_records(), 1u);
}

TEST_F(MemoryEngineGroups, NothingIsReadBeforeItIsSynced) {
  MemoryEngine::Options options;
  options.sync_min = options.sync_max = milliseconds(10);
  open(options);
  submit("a");
  pass(milliseconds(5));
  EXPECT_EQ(disk_.unsynced_records(), 1u);
  EXPECT_FALSE(stored("a"));
  pass(milliseconds(10));
  EXPECT_TRUE(stored("a"));
}

TEST_F(MemoryEngineGroups, ADirectWriteGoesAfterWhatIsInTheLog) {
  MemoryEngine::Options options;
  options.sync_min = options.sync_max = milliseconds(10);
  open(options);
  submit("k");
  pass(milliseconds(5));
  WriteBatch batch;
  batch.put(Family::data, "k", "direct");
  ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync));
  pass(seconds(1));
  EXPECT_EQ(engine_->get(Family::data, "k", ReadMode::may_block, nullptr)->value, "direct");
  EXPECT_EQ(answers_, (std::vector<std::string>{"k"}));
  open({});
  EXPECT_EQ(engine_->get(Family::data, "k", ReadMode::may_block, nullptr)->value, "direct");
}

TEST_F(MemoryEngineGroups, SlowSyncsTakeTheirTime) {
  disk_.set_faults({.slow_sync_rate = 1, .slow_sync_max = seconds(100)});
  submit("a");
  pass(milliseconds(100));
  EXPECT_TRUE(answers_.empty());
  pass(seconds(100));
  EXPECT_EQ(answers_, (std::vector<std::string>{"a"}));
}

TEST_F(MemoryEngineGroups, AFullQueueIsOverloaded) {
  MemoryEngine::Options options;
  options.queue_limit = 2;
  open(options);
  for (const char* key : {"a", "b", "c"}) submit(key);
  EXPECT_TRUE(answers_.empty()) << "never inline";
  pass(seconds(1));
  EXPECT_EQ(answers_, (std::vector<std::string>{"c overloaded/not_applied", "a", "b"}));
}

TEST_F(MemoryEngineGroups, TheDeadAnswerCancelledAndTheLogMayHoldTheBatch) {
  MemoryEngine::Options options;
  options.sync_min = options.sync_max = milliseconds(10);
  open(options);
  submit("in flight");
  pass(milliseconds(5));
  submit("waiting");
  engine_->abandon();
  pass(seconds(1));
  EXPECT_EQ(answers_, (std::vector<std::string>{"in flight cancelled/unknown", "waiting cancelled/not_applied"}));
  open({});
  EXPECT_TRUE(stored("in flight"));
  EXPECT_FALSE(stored("waiting"));
}

TEST_F(MemoryEngineGroups, CloseFinishesWhatIsQueued) {
  submit("a");
  submit("b");
  ASSERT_TRUE(engine_->close());
  pass(seconds(1));
  EXPECT_EQ(answers_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(disk_.unsynced_records(), 0u);
}

}  // namespace
}  // namespace latium::sim
