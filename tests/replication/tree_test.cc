// Trees: kept with the data, write by write, they are those that the data has; and what happens where they are not.
#include "replication/tree.h"

#include <algorithm>
#include <optional>

#include "tests/replication/one_replica.h"

namespace latium::testing {
namespace {

constexpr TenantId kTenant{1};
constexpr PartitionId kPartition{0};

class TreeTest : public OneReplica {
 protected:
  LeafContents read(LeafSet leaves, std::size_t bytes_max = 1u << 20) {
    const auto out = read_leaves(*engine_, kTenant, kPartition, leaves, bytes_max);
    EXPECT_TRUE(out.has_value());
    return out ? *out : LeafContents();
  }
  // Behind the back of everybody.
  void damage(std::uint16_t leaf, std::uint64_t by) {
    WriteBatch batch;
    batch.merge_xor(Family::trees, leaf_key(kTenant, kPartition, leaf), encode_leaf(by));
    ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync));
  }
  static std::uint16_t leaf_of(const DataKey& at) {
    return tree_entry(name_in_partition(data_key(at.tenant, at.partition, at.bucket, at.user_key)), 1).leaf;
  }
};

TEST_F(TreeTest, AKeyOfWhichNothingIsHeldAddsNothing) {
  EXPECT_EQ(tree_entry("name", 0).hash, 0u);
  EXPECT_NE(tree_entry("name", 1).hash, tree_entry("name", 2).hash);
  EXPECT_NE(tree_entry("name", 1).hash, tree_entry("other", 1).hash);
  EXPECT_EQ(tree_entry("name", 0).leaf, tree_entry("name", 7).leaf) << "a key stays in its leaf";
}

TEST_F(TreeTest, TheOrderOfTheKeysDoesNotMatter) {
  PartitionTree one;
  PartitionTree other;
  std::vector<TreeEntry> entries;
  for (int i = 0; i < 1000; ++i) entries.push_back(tree_entry("key" + std::to_string(i), static_cast<std::uint64_t>(i + 1)));
  for (const TreeEntry& entry : entries) one.toggle(entry);
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) other.toggle(*entry);
  EXPECT_EQ(one.root(), other.root());
  EXPECT_EQ(one.groups(), other.groups());
  one.toggle(entries.front());
  EXPECT_NE(one.root(), other.root());
  EXPECT_NE(one.groups(), other.groups());
}

// Leaves that were exchanged for one another differ in no root; in the groups they do.
TEST_F(TreeTest, GroupsTellApartWhatTheRootDoesNot) {
  PartitionTree one;
  PartitionTree other;
  one.set_leaf(3, 7);
  other.set_leaf(4, 7);
  EXPECT_EQ(one.root(), other.root());
  EXPECT_NE(one.groups(), other.groups());
}

TEST_F(TreeTest, IsThatOfTheDataAfterAnyWrites) {
  Random random(3);
  std::uint64_t counter = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<BucketItem> items;
    for (std::uint64_t i = random.between(1, 8); i-- > 0;) {
      const Bytes name = "k" + std::to_string(random.below(30));
      BucketItem item{.key = random.chance(0.5) ? key(name) : lww_key(name), .offered = {}};
      if (random.chance(0.2)) item.hint_for = kOther;
      const std::uint64_t dot = random.chance(0.8) ? ++counter : random.between(1, counter + 1);
      const std::uint64_t actor = random.between(1, 3);
      if (item.key.bucket == "l") {
        item.offered = lww(actor, dot, random.chance(0.3), random.chance(0.3) ? 5000 : 0);
      } else {
        item.offered = value(actor, dot);
        if (random.chance(0.3)) item.offered = with_deletion(item.offered, item.offered.context);
      }
      if (!item.hint_for && random.chance(0.2)) item = {.key = item.key, .offered = {}, .drop = all_of(item.key).digest()};
      items.push_back(std::move(item));
    }
    if (random.chance(0.1)) {
      ASSERT_TRUE(run(partitions_->learn(kTenant, {{kPartition, {.known = {{NodeId{1}, counter / 2}}, .floor = {}}}})));
    }
    ASSERT_TRUE(handle(std::move(items)));
    ASSERT_TRUE(check().wrong.empty()) << "round " << round;
    ASSERT_EQ(root(), root_on_disk()) << "round " << round;
    if (random.chance(0.1)) {
      boot({});
      ASSERT_TRUE(check().wrong.empty()) << "round " << round;
    }
  }
  EXPECT_GT(check().keys, 10u);
}

TEST_F(TreeTest, LeavesAreReadWithTheirKeys) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(offer(lww_key("k" + std::to_string(i)), lww(1, static_cast<std::uint64_t>(i + 1))));
  LeafSet asked;
  std::size_t expected = 0;
  for (int i = 0; i < 200; i += 2) asked.set(leaf_of(lww_key("k" + std::to_string(i))));
  for (int i = 0; i < 200; ++i) expected += asked.test(leaf_of(lww_key("k" + std::to_string(i)))) ? 1 : 0;
  const LeafContents contents = read(asked);
  EXPECT_EQ(contents.leaves, asked);
  EXPECT_EQ(contents.keys.size(), expected);
  EXPECT_TRUE(contents.wrong.empty());
  for (const LeafContents::Key& each : contents.keys) {
    EXPECT_TRUE(asked.test(each.leaf));
    EXPECT_EQ(each.hash, tree_entry(each.name, digest_of(each.versions)).hash);
  }
}

TEST_F(TreeTest, ABudgetLeavesOutWholeLeavesAndComesToAnEnd) {
  std::size_t bytes_of_all = 0;
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(offer(lww_key("k" + std::to_string(i)), lww(1, static_cast<std::uint64_t>(i + 1))));
  LeafSet all;
  all.set();
  for (const LeafContents::Key& each : read(all).keys) bytes_of_all += each.name.size() + each.versions.size();
  const std::size_t budget = bytes_of_all / 5;
  std::size_t keys = 0;
  std::size_t reads = 0;
  for (LeafSet left = all; left.any(); ++reads) {
    const LeafContents part = read(left, budget);
    ASSERT_TRUE(part.leaves.any());
    EXPECT_TRUE((part.leaves & ~left).none());
    EXPECT_TRUE(part.wrong.empty()) << "what was left out of the budget is not taken for damage";
    std::size_t bytes = 0;
    for (const LeafContents::Key& each : part.keys) {
      EXPECT_TRUE(part.leaves.test(each.leaf)) << "half a leaf";
      bytes += each.name.size() + each.versions.size();
    }
    EXPECT_TRUE(bytes <= budget || part.leaves.count() == 1);
    keys += part.keys.size();
    left &= ~part.leaves;
  }
  EXPECT_EQ(keys, 300u) << "each once";
  EXPECT_GE(reads, 5u);
  EXPECT_TRUE(read(all, 0).leaves.any()) << "one is always looked at";
}

TEST_F(TreeTest, AWrongLeafIsFoundAndMended) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(offer(lww_key("k" + std::to_string(i)), lww(1, static_cast<std::uint64_t>(i + 1))));
  const std::uint64_t right = root();
  const std::uint16_t with_keys = leaf_of(lww_key("k7"));
  const std::uint16_t without = with_keys == 0 ? 1 : with_keys - 1;
  damage(with_keys, 0xabcdef);
  damage(without, 0x1234567);
  EXPECT_EQ(check().wrong.size(), 2u);
  EXPECT_NE(root_on_disk(), right);
  LeafSet asked;
  asked.set(with_keys);
  const auto found = run(partitions_->contents(kTenant, kPartition, asked, 1u << 20));
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->wrong.size(), 1u);
  EXPECT_EQ(found->wrong.front().leaf, with_keys);
  EXPECT_EQ(check().wrong.size(), 1u) << "the other one was not looked at";
  const auto checked = run(partitions_->check(kTenant, kPartition));
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->wrong.size(), 1u);
  EXPECT_EQ(checked->keys, 50u);
  EXPECT_TRUE(check().wrong.empty());
  EXPECT_EQ(root(), right);
  EXPECT_EQ(partitions_->mended(), 2u);
}

TEST_F(TreeTest, ADamagedLeafIsCorruption) {
  WriteBatch batch;
  batch.put(Family::trees, leaf_key(kTenant, kPartition, 5), "short");
  ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync));
  EXPECT_EQ(code_of(read_tree(*engine_, kTenant, kPartition)), "corruption");
  EXPECT_EQ(code_of(check_tree(*engine_, kTenant, kPartition)), "corruption");
}

}  // namespace
}  // namespace latium::testing
