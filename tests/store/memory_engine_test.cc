// What is particular to the memory engine: crashes and faults of its disk. What every engine must do is tested elsewhere.
#include "store/memory_engine.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace latium {
namespace {

class MemoryEngineTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<MemoryEngine>> try_open(SimulatedDisk& disk, MemoryEngine::Options options = {}) {
    options.completion = [this](std::move_only_function<void()> closure) { completions_.push_back(std::move(closure)); };
    return MemoryEngine::open(disk, std::move(options));
  }
  void open(MemoryEngine::Options options = {}) {
    engine_.reset();
    auto opened = try_open(disk_, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
  }
  /// Power cut, and on again.
  void crash(Random& random) {
    engine_->abandon();
    disk_.crash(random);
    open();
  }

  static WriteBatch put(BytesView key, BytesView value) {
    WriteBatch batch;
    batch.put(Family::data, key, value);
    return batch;
  }
  static WriteBatch remove(BytesView key) {
    WriteBatch batch;
    batch.remove(Family::data, key);
    return batch;
  }
  template <class T>
  static std::string code(const Result<T>& result) {
    return result ? "ok" : std::string(to_string(result.error().code)) + '/' + std::string(to_string(result.error().certainty));
  }
  std::string write(WriteBatch batch, Durability durability = Durability::sync) {
    return code(engine_->write(std::move(batch), durability));
  }
  std::string submit(WriteBatch batch, Durability durability = Durability::sync) {
    std::string seen = "nothing";
    engine_->submit(std::move(batch), durability, [&seen](Result<void> result) { seen = code(result); });
    EXPECT_EQ(seen, "nothing") << "answered inline";
    run_completions();
    return seen;
  }
  void run_completions() {
    while (!completions_.empty()) {
      auto closure = std::move(completions_.front());
      completions_.pop_front();
      closure();
    }
  }
  std::string get(BytesView key, ReadMode mode = ReadMode::may_block) {
    const auto result = engine_->get(Family::data, key, mode, nullptr);
    if (!result) return code(result);
    if (result->presence == Presence::not_cached) return "not cached";
    return result->presence == Presence::found ? result->value : "absent";
  }

  SimulatedDisk disk_;
  std::deque<std::move_only_function<void()>> completions_;
  std::unique_ptr<MemoryEngine> engine_;
};

TEST_F(MemoryEngineTest, SyncedWritesSurviveEveryCrash) {
  Random random(1);
  open();
  std::map<std::string, std::string> expected;
  for (int round = 0; round < 100; ++round) {
    const std::string key = "k" + std::to_string(random.below(20));
    if (random.chance(0.3)) {
      ASSERT_EQ(write(remove(key)), "ok");
      expected.erase(key);
    } else {
      expected[key] = std::to_string(round);
      ASSERT_EQ(random.chance(0.5) ? write(put(key, expected[key])) : submit(put(key, expected[key])), "ok");
    }
    crash(random);
    for (int i = 0; i < 20; ++i) {
      const std::string each = "k" + std::to_string(i);
      ASSERT_EQ(get(each), expected.contains(each) ? expected[each] : "absent") << "round " << round;
    }
  }
}

TEST_F(MemoryEngineTest, OfUnsyncedWritesACrashKeepsAPrefix) {
  std::set<int> prefixes;
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    disk_.wipe();
    open();
    ASSERT_EQ(write(put("synced", "1")), "ok");
    for (int i = 0; i < 5; ++i) ASSERT_EQ(write(put(std::to_string(i), "a value"), Durability::buffered), "ok");
    EXPECT_EQ(disk_.unsynced_records(), 5u);
    crash(random);
    EXPECT_EQ(get("synced"), "1");
    int kept = 0;
    while (kept < 5 && get(std::to_string(kept)) == "a value") ++kept;
    for (int i = kept; i < 5; ++i) EXPECT_EQ(get(std::to_string(i)), "absent") << "a hole in the prefix";
    prefixes.insert(kept);
    torn = disk_.torn_records();
  }
  EXPECT_EQ(prefixes.size(), 6u) << "every length comes up";
  EXPECT_GT(torn, 30u);
  EXPECT_LT(torn, 170u);
}

TEST_F(MemoryEngineTest, ATornTailIsCutOffAndNewWritesFollow) {
  for (std::uint64_t seed = 1; disk_.torn_records() == 0; ++seed) {
    Random random(seed);
    open();
    ASSERT_EQ(write(put("torn?", Bytes(100, 'x')), Durability::buffered), "ok");
    crash(random);
  }
  ASSERT_EQ(write(put("after", "1")), "ok");
  Random random(1);
  crash(random);
  EXPECT_EQ(get("after"), "1");
}

TEST_F(MemoryEngineTest, AProcessCrashKeepsUnsyncedWrites) {
  open();
  ASSERT_EQ(write(put("k", "v"), Durability::buffered), "ok");
  engine_->abandon();
  open();
  EXPECT_EQ(get("k"), "v");
  Random random(3);
  crash(random);
  EXPECT_EQ(get("k"), "v") << "what recovery has shown does not vanish";
}

TEST_F(MemoryEngineTest, BatchesAreWholeAfterACrash) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    open();
    WriteBatch batch;
    batch.remove_range(Family::data, "a", "z");
    for (const char* key : {"b", "c", "d"}) batch.put(Family::data, key, std::to_string(seed));
    ASSERT_EQ(write(batch, Durability::buffered), "ok");
    crash(random);
    EXPECT_EQ(get("b"), get("c"));
    EXPECT_EQ(get("c"), get("d"));
  }
}

TEST_F(MemoryEngineTest, CompactionBoundsTheDiskAndLosesNothing) {
  MemoryEngine::Options options;
  options.compact_at_bytes = 4'096;
  open(options);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(submit(put("k" + std::to_string(i % 10), std::to_string(i))), "ok");
  EXPECT_LT(disk_.used_bytes(), 20'000u);
  Random random(1);
  crash(random);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("k" + std::to_string(i)), std::to_string(9'990 + i));
}

TEST_F(MemoryEngineTest, ReadErrorsHitBlockingReadsOnly) {
  open();
  ASSERT_EQ(write(put("k", "v")), "ok");
  disk_.set_faults({.read_error_rate = 1});
  EXPECT_EQ(get("k"), "io_error/not_applied");
  EXPECT_EQ(get("k", ReadMode::cached_only), "v");
  const Bytes keys[] = {"k", "l"};
  for (const auto& result : engine_->multi_get(Family::data, keys, nullptr)) EXPECT_EQ(code(result), "io_error/not_applied");
  int failed = 0;
  for (int i = 0; i < 200; ++i) ASSERT_EQ(write(put("key" + std::to_string(i), "v")), "ok");
  const auto cursor = engine_->scan(Family::data, {}, nullptr);
  ASSERT_TRUE(cursor);
  for (; (*cursor)->valid(); (*cursor)->next()) ++failed;
  EXPECT_EQ(code((*cursor)->status()), "io_error/not_applied");
  EXPECT_LT(failed, 100);
  disk_.set_faults({});
  EXPECT_EQ(get("k"), "v");
}

TEST_F(MemoryEngineTest, NotCachedComesAtItsRateAndNeverForTheSystemFamily) {
  MemoryEngine::Options options;
  options.not_cached_rate = 0.5;
  open(options);
  ASSERT_EQ(write(put("k", "v")), "ok");
  int not_cached = 0;
  for (int i = 0; i < 1'000; ++i) {
    not_cached += get("k", ReadMode::cached_only) == "not cached" ? 1 : 0;
    EXPECT_EQ(get("k"), "v");
    EXPECT_EQ(engine_->get(Family::system, "s", ReadMode::cached_only, nullptr)->presence, Presence::absent);
  }
  EXPECT_NEAR(not_cached, 500, 80);
  EXPECT_EQ(engine_->statistics().read_cache_misses, static_cast<std::uint64_t>(not_cached));
}

TEST_F(MemoryEngineTest, ARottenKeyIsCorruptionUntilItIsWrittenAgain) {
  open();
  for (const char* key : {"a", "b", "c"}) ASSERT_EQ(write(put(key, "v")), "ok");
  disk_.rot_key(Family::data, "b");
  EXPECT_EQ(get("b"), "corruption/not_applied");
  EXPECT_EQ(get("b", ReadMode::cached_only), "not cached") << "the disk has the last word";
  EXPECT_NE(engine_->get(Family::data, "b", ReadMode::may_block, nullptr).error().message.find("key b"), std::string::npos);
  EXPECT_EQ(get("a"), "v");
  auto cursor = engine_->scan(Family::data, {}, nullptr);
  ASSERT_TRUE(cursor);
  EXPECT_EQ((*cursor)->key(), "a");
  (*cursor)->next();
  EXPECT_FALSE((*cursor)->valid());
  EXPECT_EQ(code((*cursor)->status()), "corruption/not_applied");
  cursor->reset();
  open();
  EXPECT_EQ(get("b"), "corruption/not_applied") << "a restart does not heal it";
  ASSERT_EQ(write(put("b", "new")), "ok");
  EXPECT_EQ(get("b"), "new");
}

TEST_F(MemoryEngineTest, RotInTheFilesIsFoundAtRecovery) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    disk_.wipe();
    open();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(write(put("k" + std::to_string(i), "value")), "ok");
    engine_->abandon();
    ASSERT_TRUE(disk_.rot_stored(random));
    const auto opened = try_open(disk_);
    ASSERT_FALSE(opened) << "seed " << seed;
    EXPECT_EQ(opened.error().code, ErrorCode::corruption);
    engine_.reset();
  }
}

TEST_F(MemoryEngineTest, AFullDiskTakesRemovesOnlyUntilThereIsSpace) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_EQ(write(put("k" + std::to_string(i), Bytes(1'000, 'x'))), "ok");
  DiskFaults faults;
  faults.capacity_bytes = disk_.used_bytes();
  disk_.set_faults(faults);
  EXPECT_EQ(write(put("new", Bytes(2'000, 'x'))), "read_only/not_applied");
  EXPECT_EQ(submit(put("new", Bytes(2'000, 'x'))), "read_only/not_applied");
  EXPECT_EQ(engine_->health().state, EngineHealth::State::read_only);
  EXPECT_FALSE(engine_->health().reason.empty());
  EXPECT_EQ(get("new"), "absent");
  EXPECT_EQ(get("k1"), Bytes(1'000, 'x')) << "reads go on";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(write(remove("k" + std::to_string(i))), "ok");
  EXPECT_EQ(write(put("new", Bytes(2'000, 'x'))), "ok") << "removing has made room";
  EXPECT_EQ(engine_->health().state, EngineHealth::State::writable);

  EXPECT_EQ(write(put("huge", Bytes(20'000, 'x'))), "read_only/not_applied");
  disk_.set_faults({});
  EXPECT_EQ(engine_->health().state, EngineHealth::State::writable) << "space has come back by itself";
  EXPECT_EQ(write(put("huge", Bytes(20'000, 'x'))), "ok");
}

TEST_F(MemoryEngineTest, AFailedSyncIsUnknownAndReadOnlyUntilARestart) {
  open();
  ASSERT_EQ(write(put("k", "old")), "ok");
  disk_.set_faults({.sync_error_rate = 1});
  EXPECT_EQ(submit(put("k", "new")), "io_error/unknown");
  disk_.set_faults({});
  EXPECT_EQ(get("k"), "old");
  EXPECT_EQ(write(put("k", "newer")), "read_only/not_applied");
  EXPECT_EQ(engine_->health().state, EngineHealth::State::read_only);
  open();
  EXPECT_EQ(write(put("k", "newer")), "ok");
  EXPECT_EQ(get("k"), "newer");
}

TEST_F(MemoryEngineTest, SnapshotsHoldTheirMomentAndCostNothingAfterwards) {
  open();
  ASSERT_EQ(write(put("a", "1")), "ok");
  ASSERT_EQ(write(put("b", "1")), "ok");
  auto first = engine_->snapshot();
  ASSERT_EQ(write(put("a", "2")), "ok");
  ASSERT_EQ(write(remove("b")), "ok");
  auto second = engine_->snapshot();
  ASSERT_EQ(write(put("b", "3")), "ok");
  const auto at = [&](BytesView key, const Snapshot* snapshot) {
    const auto result = engine_->get(Family::data, key, ReadMode::may_block, snapshot);
    return result->presence == Presence::found ? result->value : std::string("absent");
  };
  EXPECT_EQ(at("a", first.get()) + at("b", first.get()), "11");
  EXPECT_EQ(at("a", second.get()) + at("b", second.get()), "2absent");
  EXPECT_EQ(at("a", nullptr) + at("b", nullptr), "23");
  first.reset();
  EXPECT_EQ(at("b", second.get()), "absent");
  second.reset();
  EXPECT_EQ(engine_->statistics().keys_estimate, 2u);
}

TEST_F(MemoryEngineTest, ACursorWalksOnWhileKeysChange) {
  open();
  for (const char* key : {"a", "b", "c", "d"}) ASSERT_EQ(write(put(key, "old")), "ok");
  const auto cursor = engine_->scan(Family::data, {"b", "d"}, nullptr);
  ASSERT_TRUE(cursor);
  WriteBatch batch;
  batch.remove_range(Family::data, "a", "z");
  batch.put(Family::data, "bb", "new");
  ASSERT_EQ(write(std::move(batch)), "ok");
  EXPECT_EQ((*cursor)->key(), "b");
  (*cursor)->next();
  EXPECT_EQ((*cursor)->key(), "c");
  EXPECT_EQ((*cursor)->value(), "old");
  (*cursor)->next();
  EXPECT_FALSE((*cursor)->valid());
  EXPECT_EQ(code((*cursor)->status()), "ok");
}

TEST_F(MemoryEngineTest, ACheckpointIsACopy) {
  open();
  ASSERT_EQ(write(put("k", "1"), Durability::buffered), "ok");
  ASSERT_EQ(code(engine_->checkpoint("copy")), "ok");
  EXPECT_EQ(code(engine_->checkpoint("copy")), "already_exists/not_applied");
  ASSERT_EQ(write(put("k", "2")), "ok");
  const auto copy = disk_.directory("copy");
  ASSERT_NE(copy, nullptr);
  auto opened = try_open(*copy);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->get(Family::data, "k", ReadMode::may_block, nullptr)->value, "1");
  EXPECT_EQ(disk_.directory("other"), nullptr);
}

TEST_F(MemoryEngineTest, ClosedItRefuses) {
  open();
  ASSERT_EQ(write(put("k", "v"), Durability::buffered), "ok");
  EXPECT_EQ(code(engine_->close()), "ok");
  EXPECT_EQ(code(engine_->close()), "ok");
  EXPECT_EQ(disk_.unsynced_records(), 0u);
  EXPECT_EQ(write(put("k", "w")), "cancelled/not_applied");
  EXPECT_EQ(submit(put("k", "w")), "cancelled/not_applied");
  EXPECT_EQ(get("k"), "cancelled/not_applied");
}

}  // namespace
}  // namespace latium
