// WriteBatch::merge_xor on each kind of engine: case by case what engine_model_test.cc does at random, and what a crash leaves.
#include <gtest/gtest.h>

#include "tests/store/engine_kinds.h"

namespace latium::testing {
namespace {

constexpr Family kTrees = Family::trees;

Bytes encode_u64(std::uint64_t value) {
  Bytes out;
  put_u64(out, value);
  return out;
}

class MergeXor : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override {
    host_ = GetParam().make_host();
    reopen();
  }

  void reopen() {
    if (engine_) ASSERT_EQ(outcome(engine_->close()), "ok");
    engine_.reset();
    auto opened = host_->open(completions_.executor());
    ASSERT_TRUE(opened.has_value()) << message_of(opened);
    engine_ = std::move(*opened);
  }
  void write(WriteBatch batch) { ASSERT_EQ(outcome(engine_->write(std::move(batch), Durability::buffered)), "ok"); }
  void merge(BytesView key, BytesView value) {
    WriteBatch batch;
    batch.merge_xor(kTrees, key, value);
    write(std::move(batch));
  }
  std::string get(BytesView key) { return get_text(*engine_, key, kTrees); }

  std::unique_ptr<EngineHost> host_;
  Completions completions_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(MergeXor, WhatIsNotThereOrTooShortCountsAsZeros) {
  merge("k", "\x0f\x0f");
  EXPECT_EQ(get("k"), "\x0f\x0f");
  merge("k", "\xff");
  EXPECT_EQ(get("k"), "\xf0\x0f") << "a shorter operand leaves the rest as it is";
  merge("k", BytesView("\0\0\x01", 3));
  EXPECT_EQ(get("k"), "\xf0\x0f\x01") << "a longer one makes the value longer";
  merge("k", "");
  EXPECT_EQ(get("k"), "\xf0\x0f\x01");
  merge("none", "");
  EXPECT_EQ(get("none"), "") << "it is there, and empty";
}

TEST_P(MergeXor, TwiceTheSameLeavesZerosAndNotNothing) {
  merge("k", "ab");
  merge("k", "ab");
  EXPECT_EQ(get("k"), std::string(2, '\0'));
}

TEST_P(MergeXor, SeveralInOneBatchAllCount) {
  WriteBatch batch;
  batch.merge_xor(kTrees, "k", "\x01");
  batch.merge_xor(kTrees, "k", "\x02");
  batch.merge_xor(kTrees, "other", "\x40");
  batch.merge_xor(kTrees, "k", "\x04");
  write(std::move(batch));
  EXPECT_EQ(get("k"), "\x07");
  EXPECT_EQ(get("other"), "\x40");
}

TEST_P(MergeXor, ComesAfterWhatCameBeforeInTheSameBatch) {
  for (const char* key : {"put", "removed", "range"}) merge(key, "\x70");
  WriteBatch batch;
  batch.put(kTrees, "put", "\x01");
  batch.merge_xor(kTrees, "put", "\x02");
  batch.remove(kTrees, "removed");
  batch.merge_xor(kTrees, "removed", "\x02");
  batch.remove_range(kTrees, "r", "rb");
  batch.merge_xor(kTrees, "range", "\x02");
  write(std::move(batch));
  EXPECT_EQ(get("put"), "\x03");
  EXPECT_EQ(get("removed"), "\x02");
  EXPECT_EQ(get("range"), "\x02");
}

TEST_P(MergeXor, IsGoneAfterWhatComesLaterInTheSameBatch) {
  WriteBatch batch;
  for (const char* key : {"put", "removed", "range"}) batch.merge_xor(kTrees, key, "\x70");
  batch.put(kTrees, "put", "\x01");
  batch.remove(kTrees, "removed");
  batch.remove_range(kTrees, "ra", "rb");
  write(std::move(batch));
  EXPECT_EQ(get("put"), "\x01");
  EXPECT_EQ(get("removed"), "(absent)");
  EXPECT_EQ(get("range"), "(absent)");
}

TEST_P(MergeXor, ASnapshotDoesNotSeeLaterOperands) {
  merge("k", "\x01");
  const auto moment = engine_->snapshot();
  merge("k", "\x02");
  EXPECT_EQ(get_text(*engine_, "k", kTrees, moment.get()), "\x01");
  EXPECT_EQ(scan_all(*engine_, kTrees, {}, moment.get()), (Entries{{"k", "\x01"}}));
  EXPECT_EQ(get("k"), "\x03");
}

// Enough for RocksDB to write tables and to compact them: operands of one key lie in many.
TEST_P(MergeXor, SurvivesTablesCompactionAndRestarts) {
  std::vector<Bytes> expected(50, Bytes(8, '\0'));
  Random random(7);
  for (int round = 0; round < 40; ++round) {
    WriteBatch batch;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Bytes operand;
      put_u64(operand, random.next());
      xor_into(expected[i], operand);
      batch.merge_xor(kTrees, "key" + std::to_string(i), operand);
    }
    batch.put(kTrees, "filling " + std::to_string(round), Bytes(8192, 'x'));
    batch.remove(kTrees, "filling " + std::to_string(round - 1));
    write(std::move(batch));
    if (round % 10 == 9) reopen();
  }
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(get("key" + std::to_string(i)), expected[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(All, MergeXor, ::testing::ValuesIn(engine_kinds()),
                         [](const ::testing::TestParamInfo<EngineKind>& info) { return info.param.name; });

// One sum in two families and two keys: a power cut leaves a prefix of the batches, each whole and once.
TEST(MergeXorCrash, APowerCutLeavesEachBatchWholeOrNot) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimulatedDisk disk;
    Completions completions;
    Random random(seed);
    const auto open = [&] {
      MemoryEngine::Options options;
      options.completion = completions.executor();
      auto engine = MemoryEngine::open(disk, std::move(options));
      LATIUM_CHECK(engine.has_value());
      return std::move(*engine);
    };
    auto engine = open();
    const std::uint64_t synced = random.below(20);
    for (std::uint64_t i = 1; i <= 20; ++i) {
      WriteBatch batch;
      batch.put(Family::data, "k", std::to_string(i));
      batch.merge_xor(kTrees, "k", encode_u64(i - 1));
      batch.merge_xor(kTrees, "k", encode_u64(i));
      ASSERT_EQ(outcome(engine->write(std::move(batch), i == synced ? Durability::sync : Durability::buffered)), "ok");
    }
    engine->abandon();
    disk.crash(random);
    engine = open();
    const std::string data = get_text(*engine, "k");
    const std::uint64_t last = data == "(absent)" ? 0 : std::stoull(data);
    EXPECT_GE(last, synced);
    const std::string leaf = get_text(*engine, "k", kTrees);
    // 0 ^ 1 ^ 1 ^ 2 ... : the last one alone is left.
    EXPECT_EQ(leaf, last == 0 ? "(absent)" : std::string(encode_u64(last))) << "seed " << seed;
  }
}

}  // namespace
}  // namespace latium::testing
