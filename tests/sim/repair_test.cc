// Anti-entropy without chaos: what is moved, and what is not.
#include "tests/sim/repair_cluster.h"

namespace latium::sim {
namespace {

using RepairTest = RepairCluster;

TEST_F(RepairTest, OnlyKeysThatDifferMove) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(put(static_cast<std::size_t>(i) % kNodes, "l", "k" + std::to_string(i), "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  const std::uint64_t before = moved();
  const std::uint64_t bytes = core(0).buckets().exchange().statistics().bytes;
  for (int i = 0; i < 5; ++i) lose(2, "l", "k" + std::to_string(i));
  lose(0, "l", "k100");
  ASSERT_FALSE(converged());
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  for (int i = 0; i < 300; ++i) EXPECT_TRUE(equal_disks("l", "k" + std::to_string(i))) << i;
  EXPECT_FALSE(on_disk(2, "l", "k3").empty());
  // What a node gets from one of the others, the third one may have offered at the same time.
  EXPECT_GE(moved() - before, 6u);
  EXPECT_LE(moved() - before, 12u);
  EXPECT_LT(core(0).buckets().exchange().statistics().bytes - bytes, 40'000u) << "groups and leaves of the tree, and six keys";
}

// Marks of one bit: in each leaf many keys have the same by chance. What differs is found all the same.
TEST_F(RepairTest, KeysThatShareAMarkAreToldApart) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  for (std::size_t node = 0; node < kNodes; ++node) core(node).buckets().exchange().narrow_marks(1);
  // Enough of them for several in one leaf of 4,096.
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(put(static_cast<std::size_t>(i) % kNodes, "l", "k" + std::to_string(i), "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  const std::uint64_t before = moved();
  for (int i = 0; i < 2000; i += 3) lose(2, "l", "k" + std::to_string(i));
  for (int i = 1; i < 2000; i += 3) lose(0, "l", "k" + std::to_string(i));
  ASSERT_TRUE(soon(minutes(5), [&] { return converged(); }));
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(equal_disks("l", "k" + std::to_string(i))) << i;
  std::uint64_t confused = 0;
  for (std::size_t node = 0; node < kNodes; ++node) confused += core(node).buckets().exchange().statistics().confused;
  EXPECT_GT(confused, 10u);
  EXPECT_LT(moved() - before, 4u * 1333);
}

// The asking side is the one with the lower id. A version that the other side's replaces stays where it is, on either side.
TEST_F(RepairTest, OfTwoVersionsTheNewerOneMoves) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  const int keys = 200;
  const auto name = [](int i) { return "k" + std::to_string(i); };
  for (int i = 0; i < keys; ++i) ASSERT_TRUE(put(0, "l", name(i), "old"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  std::uint64_t counter = 1;
  for (const std::size_t newer : {0, 2}) {
    const std::uint64_t before = moved();
    for (int i = 0; i < keys; ++i) {
      VersionSet set = held(newer, "l", name(i));
      set.versions.front().dot = {NodeId{99}, counter++};
      set.versions.front().stamp.value += 1;
      set.versions.front().value = "new of " + std::to_string(newer);
      ASSERT_TRUE(step(newer, {.key = key("l", name(i)), .offered = set}));
    }
    ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
    for (int i = 0; i < keys; ++i) {
      EXPECT_EQ(held(1, "l", name(i)).versions.front().value, "new of " + std::to_string(newer));
      EXPECT_TRUE(equal_disks("l", name(i)));
    }
    // To two nodes; and each of these may give it to the other one at the same time.
    EXPECT_GE(moved() - before, 2u * keys);
    EXPECT_LE(moved() - before, 3u * keys);
  }
}

// Siblings that know nothing of each other: none replaces the other, whichever is newer, so both sides get both.
TEST_F(RepairTest, SiblingsMoveBothWays) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  const auto sibling = [](std::uint64_t actor, std::uint64_t stamp) {
    VersionSet set{.conflicts = Conflicts::siblings, .context = {}, .versions = {}};
    set.versions.push_back({.dot = {NodeId{actor}, 1}, .stamp = Hlc{stamp}, .value = "of " + std::to_string(actor)});
    set.context.add(set.versions.front().dot);
    return set;
  };
  ASSERT_TRUE(put(0, "~s", "first", "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  ASSERT_TRUE(step(0, {.key = key("~s", "a"), .offered = sibling(98, 1000)}));
  ASSERT_TRUE(step(2, {.key = key("~s", "a"), .offered = sibling(99, 2000)}));
  ASSERT_TRUE(step(0, {.key = key("~s", "b"), .offered = sibling(98, 2000)}));
  ASSERT_TRUE(step(2, {.key = key("~s", "b"), .offered = sibling(99, 1000)}));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  for (const char* const name : {"a", "b"}) {
    EXPECT_EQ(held(1, "~s", name).versions.size(), 2u) << name;
    EXPECT_TRUE(equal_disks("~s", name)) << name;
  }
}

TEST_F(RepairTest, EqualCopiesAreComparedAndNotExchanged) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(0, "l", "k" + std::to_string(i), "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  const auto before = core(0).buckets().anti_entropy().statistics();
  const std::uint64_t exchanged = exchanges();
  pass(minutes(5));
  const auto after = core(0).buckets().anti_entropy().statistics();
  const std::uint64_t rounds = after.rounds - before.rounds;
  EXPECT_GT(rounds, 50u);
  EXPECT_EQ(after.compared - before.compared, 2 * rounds) << "one partition with each of two others";
  EXPECT_EQ(after.differing, before.differing);
  EXPECT_EQ(after.failures, before.failures);
  EXPECT_EQ(exchanges(), exchanged);
}

TEST_F(RepairTest, ALeafThatIsWrongIsMendedAndMovesNothing) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(0, "l", "k" + std::to_string(i), "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  const std::uint64_t before = moved();
  WriteBatch batch;
  batch.merge_xor(Family::trees, leaf_key(tenant(), PartitionId{0}, 77), encode_leaf(0xabcdef));
  ASSERT_TRUE(nodes_[1]->engine().write(std::move(batch), Durability::sync));
  // It is seen once somebody reads the tree: at the latest after a start.
  nodes_[1]->kill(Crash::process);
  ASSERT_TRUE(nodes_[1]->start());
  ASSERT_TRUE(
      soon(minutes(2), [&] { return core_of(nodes_[1]->process()) != nullptr && core(1).buckets().partitions().mended() > 0; }));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  EXPECT_EQ(moved(), before);
  EXPECT_EQ(core(1).buckets().partitions().mended(), 1u);
}

// What differs because a write is under way is outwaited once, and not once for each partition; and a version that is newer there
// is not answered with the old one.
TEST_F(RepairTest, ManyPartitionsAreMendedTogether) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {.bytes_a_node = 0, .bytes = 0}});
  client::TenantCreateRequest request;
  request.set_name("wide");
  request.set_placement("rennes:3");
  request.set_partitions(64);
  ASSERT_TRUE(ask(0, handle_tenant_create, request));
  const auto write_all = [&](const Bytes& value) {
    for (int i = 0; i < 300; ++i) {
      client::KvPutRequest put_it;
      put_it.set_tenant("wide");
      put_it.set_bucket("l");
      put_it.set_key("k" + std::to_string(i));
      put_it.set_value(value);
      ASSERT_TRUE(ask(0, handle_kv_put, put_it));
    }
  };
  write_all("old");
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  nodes_[2]->kill(Crash::process);
  write_all("new");
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(1), [&] { return core_of(nodes_[2]->process()) != nullptr; }));
  const std::uint64_t before = moved();
  const Duration began = simulation_.now();
  ASSERT_TRUE(soon(minutes(2), [&] { return converged(); }));
  EXPECT_LT(simulation_.now() - began, seconds(30)) << "64 partitions, with each of two nodes";
  EXPECT_LE(moved() - before, 600u) << "300 keys, to one node: once mostly, from either of the two others";
}

// Whoever asks whether all copies are equal is not kept waiting by those that cannot answer.
TEST_F(RepairTest, AComparisonDoesNotWaitForNodesThatAreDown) {
  form({.compare_every = kNever, .collect_every = kNever, .hints = {}});
  nodes_[1]->kill(Crash::process);
  nodes_[2]->pause();
  const Duration began = simulation_.now();
  EXPECT_EQ(convergence(0).unreachable_size(), 2);
  EXPECT_LT(simulation_.now() - began, seconds(6)) << "both at once";
  ASSERT_TRUE(soon(minutes(2), [&] {
    return core(0).liveness().liveness(NodeId{2}) == Liveness::down && core(0).liveness().liveness(NodeId{3}) == Liveness::down;
  }));
  const Duration again = simulation_.now();
  EXPECT_EQ(convergence(0).unreachable_size(), 2);
  EXPECT_LT(simulation_.now() - again, std::chrono::milliseconds(100));
  nodes_[2]->resume();
}

TEST_F(RepairTest, HintsThatFoundNoRoomAreMadeUpFor) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {.bytes_a_node = 500, .bytes = 500}});
  nodes_[2]->kill(Crash::process);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(0, "l", "k" + std::to_string(i), "v"));
  EXPECT_GT(core(0).buckets().hints().dropped(), 20u);
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(3), [&] { return core_of(nodes_[2]->process()) != nullptr && converged(); }));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(on_disk(2, "l", "k" + std::to_string(i)).empty()) << i;
}

}  // namespace
}  // namespace latium::sim
