// What a node keeps in memory of a partition, beside what is on its disk.
#include "replication/partition_book.h"

#include "tests/replication/one_replica.h"

namespace latium::testing {
namespace {

constexpr TenantId kTenant{1};
constexpr PartitionId kPartition{0};

class PartitionBookTest : public OneReplica {
 protected:
  PartitionState& state() {
    const auto loaded = run(partitions_->load(kTenant, kPartition));
    LATIUM_CHECK(loaded.has_value());
    return **loaded;
  }
  /// Two offers under one key at once, so that the second starts from what the first decided; the first batch fails.
  void offer_two_of_which_the_first_fails() {
    ASSERT_TRUE(offer(lww_key("before"), lww(1, 1)));
    engine_->script(EngineOperation::submit, {EngineFault::unknown_lost});
    TaskGroup both(runtime().executor, 2);
    const auto one = [](BucketReplica& replica, DataKey at, VersionSet set, std::string expected) -> Task<void> {
      const auto done =
          co_await replica.handle({{.key = std::move(at), .offered = std::move(set)}}, [] { return Result<void>(); });
      EXPECT_TRUE(done.has_value());
      if (done) EXPECT_EQ(code_of(done->front()), expected);
      co_return Result<void>();
    };
    ASSERT_TRUE(both.spawn(one(*replica_, lww_key("k"), lww(1, 2), "io_error")));
    ASSERT_TRUE(both.spawn(one(*replica_, lww_key("k"), lww(1, 3), "ok")));
    ASSERT_TRUE(run(both.join()));
  }
};

TEST_F(PartitionBookTest, AStartFindsTheRootThatWasInMemory) {
  for (int i = 1; i < 40; ++i) ASSERT_TRUE(offer(lww_key("k" + std::to_string(i)), lww(1, static_cast<std::uint64_t>(i))));
  const std::uint64_t before = state().root;
  EXPECT_NE(before, 0u);
  boot({});
  EXPECT_EQ(partitions_->find(kTenant, kPartition), nullptr);
  EXPECT_EQ(state().root, before);
  EXPECT_EQ(state().changes, 0u);
}

TEST_F(PartitionBookTest, WhatIsKnownIsThereAfterAStart) {
  ASSERT_TRUE(run(partitions_->learn(kTenant, {{kPartition, {.known = {{NodeId{1}, 9}, {NodeId{2}, 4}}, .floor = Hlc{3}}}})));
  ASSERT_TRUE(run(partitions_->learn(kTenant, {{kPartition, {.known = {{NodeId{1}, 7}}, .floor = Hlc{5}}}})));
  const Knowledge expected{.known = {{NodeId{1}, 9}, {NodeId{2}, 4}}, .floor = Hlc{5}};
  EXPECT_EQ(state().knowledge, expected) << "it only grows";
  boot({});
  EXPECT_EQ(state().knowledge, expected);
  EXPECT_EQ(state().root, 0u) << "what is known is no leaf";
}

TEST_F(PartitionBookTest, ABatchThatFailedMakesTheRootDoubtfulAndItIsReadAnew) {
  ASSERT_TRUE(offer(lww_key("before"), lww(1, 1)));
  const std::uint64_t before = root();
  engine_->script(EngineOperation::submit, {EngineFault::unknown_lost});
  EXPECT_FALSE(offer(lww_key("k"), lww(1, 2)));
  EXPECT_TRUE(state().suspects.any());
  EXPECT_EQ(state().writing, 0u);
  EXPECT_EQ(root(), before);
  EXPECT_TRUE(state().suspects.none());
  // The other way round: said to have failed, and it is there.
  engine_->script(EngineOperation::submit, {EngineFault::unknown_applied});
  EXPECT_FALSE(offer(lww_key("k"), lww(1, 2)));
  EXPECT_EQ(root(), root_on_disk());
  EXPECT_NE(root(), before);
  EXPECT_TRUE(check().wrong.empty());
}

// The one way in which a tree goes wrong without a disk that lies.
TEST_F(PartitionBookTest, AWriteOnTopOfOneThatFailedLeavesALeafThatVerifyMends) {
  offer_two_of_which_the_first_fails();
  EXPECT_EQ(all_of(lww_key("k")), lww(1, 3));
  ASSERT_EQ(check().wrong.size(), 1u) << "if nothing is wrong, this test shows nothing";
  EXPECT_EQ(root(), root_on_disk()) << "wrong, and the same in both places";
  ASSERT_TRUE(run(partitions_->check(kTenant, kPartition)));
  EXPECT_TRUE(check().wrong.empty());
  EXPECT_EQ(root(), root_on_disk());
}

// Two look at the leaf one after the other, while somebody reads the tree: a tree of before the mend must not pass for the new
// one.
TEST_F(PartitionBookTest, ALeafThatTwoLookAtIsMendedOnce) {
  for (int readers = 0; readers < 3; ++readers) {
    boot({});
    ASSERT_TRUE(offer(lww_key("k"), lww(1, 1 + 10 * static_cast<std::uint64_t>(readers))));
    WriteBatch batch;
    batch.merge_xor(Family::trees, leaf_key(kTenant, kPartition, 7), encode_leaf(0xabc));
    ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync));
    TaskGroup all(runtime().executor, 8);
    const auto check_in = [](PartitionBook& book) -> Task<void> {
      EXPECT_TRUE(co_await book.check(kTenant, kPartition));
      co_return Result<void>();
    };
    const auto read_in = [](PartitionBook& book) -> Task<void> {
      EXPECT_TRUE(co_await book.tree(kTenant, kPartition));
      co_return Result<void>();
    };
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(all.spawn(check_in(*partitions_)));
    for (int i = 0; i < readers; ++i) ASSERT_TRUE(all.spawn(read_in(*partitions_)));
    ASSERT_TRUE(run(all.join()));
    EXPECT_TRUE(check().wrong.empty()) << readers << " read the tree";
    EXPECT_EQ(root(), root_on_disk()) << readers << " read the tree";
    EXPECT_EQ(partitions_->mended(), 1u);
  }
}

}  // namespace
}  // namespace latium::testing
