// Deletions and expired values go from all disks, and nothing comes back: step by step, without chaos.
#include "tests/sim/repair_cluster.h"

namespace latium::sim {
namespace {

using ForgettingTest = RepairCluster;

TEST_F(ForgettingTest, DeletionsLeaveAllDisks) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  for (const Bytes bucket : {"l", "~s"}) {
    ASSERT_TRUE(put(1, bucket, "k", "v"));
    ASSERT_TRUE(remove(2, bucket, "k", get(2, bucket, "k", client::LEVEL_ALL).context()));
    EXPECT_TRUE(on_any_disk(bucket, "k")) << "the deletion itself";
  }
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k") && !on_any_disk("~s", "k"); }));
  EXPECT_TRUE(nothing_remembered());
  EXPECT_TRUE(converged());
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(entries(i, Family::expiring), 0u);
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(get(i, "l", "k", client::LEVEL_ONE).values_size(), 0);
  // It may be written again.
  ASSERT_TRUE(put(0, "l", "k", "again"));
  ASSERT_TRUE(put(0, "~s", "k", "again"));
  pass(minutes(1));
  EXPECT_EQ(get(2, "l", "k", client::LEVEL_ALL).values(0), "again");
  EXPECT_EQ(get(2, "~s", "k", client::LEVEL_ALL).values(0), "again");
}

// A hint of a node that was away for long, a message that was long under way: what was deleted is offered after it was forgotten.
TEST_F(ForgettingTest, WhatWasDeletedDoesNotComeBackFromALateMessage) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  for (const Bytes bucket : {"l", "~s"}) {
    ASSERT_TRUE(put(1, bucket, "k", "v"));
    const VersionSet old = held(1, bucket, "k");
    ASSERT_TRUE(remove(2, bucket, "k", get(2, bucket, "k", client::LEVEL_ALL).context()));
    ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk(bucket, "k"); }));
    for (std::size_t i = 0; i < kNodes; ++i) {
      const auto answer = step(i, {.key = key(bucket, "k"), .offered = old});
      ASSERT_TRUE(answer.has_value());
      EXPECT_TRUE(answer->obsolete) << bucket << " at node " << i;
      EXPECT_TRUE(on_disk(i, bucket, "k").empty());
    }
    // Also after a start, and after a start without what was not synced.
    nodes_[1]->kill(Crash::machine);
    ASSERT_TRUE(nodes_[1]->start());
    ASSERT_TRUE(soon(minutes(1), [&] { return core_of(nodes_[1]->process()) != nullptr && converged(); }));
    const auto answer = step(1, {.key = key(bucket, "k"), .offered = old});
    ASSERT_TRUE(answer.has_value());
    EXPECT_TRUE(answer->obsolete);
    // A hint for a replica, left over somewhere: it is handed over and nothing comes of it.
    ASSERT_TRUE(step(0, {.key = key(bucket, "k"), .hint_for = NodeId{2}, .offered = old}));
    ASSERT_TRUE(soon(minutes(2), [&] { return core(0).buckets().hints().count() == 0; }));
    pass(seconds(30));
    EXPECT_FALSE(on_any_disk(bucket, "k"));
  }
}

// A write that began before the deletion and comes to a coordinator only after it was forgotten: it is older, so it loses.
TEST_F(ForgettingTest, AnOlderWriteThatBeginsAfterwardsIsInVain) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(1, "l", "k", "v"));
  ASSERT_TRUE(remove(2, "l", "k"));
  const Hlc deleted = held(2, "l", "k").newest_stamp();
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k"); }));
  for (std::size_t i = 0; i < kNodes; ++i) {
    Hlc floor;
    ASSERT_TRUE(simulation_.run(core(i).buckets().replica().change(
        key("l", "k"), {}, Durability::sync, [] { return Result<void>(); },
        [&](const VersionSet& at_hand, Hlc told) -> Result<VersionSet> {
          floor = told;
          return at_hand;
        })));
    EXPECT_GE(floor, deleted) << "node " << i;
  }
}

// The first stamp is behind a deletion that is forgotten, so no other copy is asked; the second one, behind a write that the two
// other replicas have acknowledged. The put began after both.
TEST_F(ForgettingTest, AWriteWinsOverWhatAClockAheadWroteBeforeAndAfterAForgottenDeletion) {
  form({.compare_every = kNever, .collect_every = seconds(20), .hints = {}});
  nodes_[1]->clock().jump_wall(hours(1));
  ASSERT_TRUE(put(1, "l", "k", "v"));
  ASSERT_TRUE(remove(1, "l", "k"));
  const Hlc floor = held(1, "l", "k").newest_stamp();
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k"); }));
  ASSERT_TRUE(put(1, "l", "k", "before"));
  pass(seconds(1));
  lose(0, "l", "k");
  ASSERT_GT(held(2, "l", "k").newest_stamp(), Hlc{floor.value + 1});
  ASSERT_TRUE(put(0, "l", "k", "after"));
  EXPECT_EQ(get(2, "l", "k", client::LEVEL_ALL).values(0), "after");
}

// With siblings a deletion is a context: that what it deletes is known must not pass for knowing the deletion.
TEST_F(ForgettingTest, ADeletionOfSiblingsReachesReplicasThatKnowWhatItDeletes) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(1, "~s", "k", "v"));
  ASSERT_TRUE(put(1, "~s", "other", "v"));
  ASSERT_TRUE(remove(1, "~s", "other", get(1, "~s", "other", client::LEVEL_ALL).context()));
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("~s", "other"); })) << "now all know the write of k";
  ASSERT_FALSE(on_disk(0, "~s", "k").empty());
  const VersionSet old = held(0, "~s", "k");
  const VersionSet deletion = with_deletion(old, old.context);
  const auto answer = step(0, {.key = key("~s", "k"), .offered = deletion});
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->obsolete);
  EXPECT_TRUE(held(0, "~s", "k").versions.empty());
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("~s", "k"); }));
  EXPECT_EQ(get(2, "~s", "k", client::LEVEL_ALL).values_size(), 0);
}

TEST_F(ForgettingTest, ExpiredValuesGo) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(0, "l", "k", "v", 60'000));
  ASSERT_TRUE(put(0, "l", "stays", "v"));
  pass(seconds(40));
  EXPECT_TRUE(on_any_disk("l", "k")) << "it has not expired yet";
  EXPECT_TRUE(nothing_remembered());
  ASSERT_TRUE(soon(minutes(2), [&] { return !on_any_disk("l", "k"); }));
  EXPECT_FALSE(on_disk(1, "l", "stays").empty());
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(entries(i, Family::expiring), 0u);
}

TEST_F(ForgettingTest, AnExpiredValueStaysWhileOneClockSaysThatItLives) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(0, "l", "k", "v", 60'000));
  nodes_[2]->clock().jump_wall(-minutes(10));
  pass(minutes(5));
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_FALSE(on_disk(i, "l", "k").empty()) << i;
  nodes_[2]->clock().jump_wall(minutes(10));
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k"); }));
}

TEST_F(ForgettingTest, ANodeThatIsAwayHoldsTheForgettingUp) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(1, "l", "k", "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  nodes_[2]->kill(Crash::machine);
  ASSERT_TRUE(remove(0, "l", "k"));
  pass(hours(3));
  EXPECT_FALSE(on_disk(0, "l", "k").empty()) << "the deletion";
  EXPECT_FALSE(on_disk(1, "l", "k").empty());
  EXPECT_EQ(core(0).buckets().replica().statistics().dropped + core(1).buckets().replica().statistics().dropped, 0u);
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(5), [&] { return core_of(nodes_[2]->process()) != nullptr && !on_any_disk("l", "k"); }));
  EXPECT_EQ(get(2, "l", "k", client::LEVEL_ALL).values_size(), 0);
}

// A tenant with one copy: a write that was given on to its node is carried out late, after the key was removed there.
TEST_F(ForgettingTest, TheOnlyCopyRemembersARemovalToo) {
  form({.compare_every = seconds(5), .collect_every = seconds(30), .hints = {}});
  client::TenantCreateRequest request;
  request.set_name("single");
  request.set_placement("rennes:1");
  request.set_partitions(1);
  ASSERT_TRUE(ask(0, handle_tenant_create, request));
  pass(seconds(1));
  const auto single = core(0).catalog().find("single");
  ASSERT_TRUE(single != nullptr);
  const auto replicas = core(0).cluster().replicas(single->id, PartitionId{0});
  ASSERT_TRUE(replicas && replicas->size() == 1);
  const std::size_t owner = replicas->members.front().value - 1;
  const DataKey at{single->id, PartitionId{0}, "l", "k"};
  const auto late = [&](Hlc stamp) {
    const MonotonicTime deadline = saturating_add(core(owner).runtime().clock.monotonic_now(), seconds(4));
    return simulation_.run(
        core(owner).buckets().buckets().coordinate(at, {.value = "late", .context = {}, .site = {}, .stamp = stamp}, deadline));
  };
  client::KvPutRequest put_it;
  put_it.set_tenant("single");
  put_it.set_bucket("l");
  put_it.set_key("k");
  put_it.set_value("v");
  ASSERT_TRUE(ask(owner, handle_kv_put, put_it));
  client::KvGetRequest get_it;
  get_it.set_tenant("single");
  get_it.set_bucket("l");
  get_it.set_key("k");
  const auto values = [&] {
    client::KvGetResponse response;
    const auto answer = ask(owner, handle_kv_get, get_it);
    EXPECT_TRUE(answer && response.ParseFromString(*answer));
    return response.values_size();
  };
  ASSERT_EQ(values(), 1);
  const Hlc before = late(Hlc{1})->newest;  // a stamp from before it is removed
  ASSERT_EQ(values(), 1);
  client::KvDeleteRequest remove_it;
  remove_it.set_tenant("single");
  remove_it.set_bucket("l");
  remove_it.set_key("k");
  ASSERT_TRUE(ask(owner, handle_kv_delete, remove_it));
  ASSERT_TRUE(late(Hlc{before.value + 1}));
  EXPECT_EQ(values(), 0) << "it is older than the removal";
  pass(minutes(3));
  EXPECT_TRUE(nothing_remembered());
  const auto afterwards = late(Hlc{before.value + 1});
  EXPECT_TRUE(afterwards && afterwards->kept_nowhere);
  EXPECT_EQ(values(), 0);
}

// Hints for the replica that is away overflow, so only the others know of the deletion: it comes by exchange, and is then
// forgotten.
TEST_F(ForgettingTest, ADeletionWithoutAHintReachesTheOneThatWasAway) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {.bytes_a_node = 0, .bytes = 0}});
  ASSERT_TRUE(put(1, "l", "k", "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  nodes_[2]->kill(Crash::process);
  ASSERT_TRUE(remove(0, "l", "k"));
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(5), [&] { return core_of(nodes_[2]->process()) != nullptr && !on_any_disk("l", "k"); }));
}

// A hint is a copy that no replica may have: while there is one, nothing is forgotten.
TEST_F(ForgettingTest, HintsHoldTheForgettingUp) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {}});
  ASSERT_TRUE(put(1, "l", "k", "v"));
  repair::CollectionMarkRequest request;
  request.set_tenant(tenant().value);
  request.add_partitions()->set_partition(0);
  const auto waiting = [&] {
    const auto answer = simulation_.run(core(0).buckets().collection().answer_mark(request));
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->waiting_size() : -1;
  };
  EXPECT_EQ(waiting(), 0);
  nodes_[2]->kill(Crash::process);
  ASSERT_TRUE(put(0, "l", "k", "w"));
  ASSERT_TRUE(soon(minutes(1), [&] { return core(0).buckets().hints().count() > 0; }));
  EXPECT_EQ(waiting(), 1);
}

// Told what they know before they are given it, replicas would refuse what only one of them has, and that one would remove it.
TEST_F(ForgettingTest, WhatOnlyOneReplicaHasIsGivenToAllBeforeTheyAreSaidToKnowIt) {
  for (std::size_t owner = 0; owner < kNodes; ++owner) {
    if (owner == 0) form({.compare_every = kNever, .collect_every = seconds(5), .hints = {}});
    const Bytes name = "only" + std::to_string(owner);
    ASSERT_TRUE(put(owner, "l", name, "v"));
    ASSERT_TRUE(put(owner, "~s", name, "v"));
    pass(seconds(2));
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (i == owner) continue;
      lose(i, "l", name);
      lose(i, "~s", name);
    }
    ASSERT_TRUE(put(0, "l", "gone", "v"));
    ASSERT_TRUE(remove(0, "l", "gone"));
    ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "gone"); }));
    for (std::size_t i = 0; i < kNodes; ++i) {
      EXPECT_FALSE(on_disk(i, "l", name).empty()) << i;
      EXPECT_FALSE(on_disk(i, "~s", name).empty()) << i;
    }
  }
}

// A replica that had not heard of the deletion coordinates a write after the first mark, and its message to another one is late.
// The write is older than the deletion, so it has lost: only the second mark covers it.
TEST_F(ForgettingTest, AWriteBetweenTheFirstMarkAndTheExchangeDoesNotComeBack) {
  form({.compare_every = kNever, .collect_every = seconds(20), .hints = {}});
  const std::vector<NodeId> replicas = core(0).buckets().copied_partitions().front().replicas;
  const std::size_t leader = replicas[0].value - 1;
  const std::size_t middle = replicas[1].value - 1;
  const std::size_t last = replicas[2].value - 1;
  ASSERT_TRUE(put(leader, "l", "a", "v"));
  VersionSet deletion = held(leader, "l", "a");
  deletion.versions.front().tombstone = true;
  deletion.versions.front().value.clear();
  deletion.versions.front().stamp.value += 2;
  ASSERT_TRUE(step(leader, {.key = key("l", "k"), .offered = deletion}));
  // The leader's first exchange waits a second before it looks again: the first mark is behind it then.
  const auto bytes = [&] { return core(leader).buckets().exchange().statistics().bytes; };
  const std::uint64_t before = bytes();
  ASSERT_TRUE(simulation_.run_until([&] { return bytes() > before; }, simulation_.now() + minutes(1)));
  ASSERT_TRUE(on_disk(last, "l", "k").empty()) << "it has the deletion already: the test shows nothing";
  ASSERT_TRUE(put(last, "l", "b", "v"));
  VersionSet late = held(last, "l", "b");
  late.versions.front().stamp.value = deletion.versions.front().stamp.value - 1;
  ASSERT_TRUE(step(last, {.key = key("l", "k"), .offered = late}));
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k"); }));
  const auto answer = step(middle, {.key = key("l", "k"), .offered = late});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->obsolete);
  EXPECT_FALSE(on_any_disk("l", "k"));
}

// A stand-in's write that nobody else has: while it waits, nobody may be said to know what the stand-in wrote. Hints are handed
// over once a second, rounds come much more often: most of these hints meet one.
TEST_F(ForgettingTest, AWriteThatOnlyAHintHasIsNotForgotten) {
  form({.compare_every = kNever, .collect_every = std::chrono::milliseconds(20), .hints = {}});
  for (int i = 0; i < 8; ++i) {
    const Bytes name = "k" + std::to_string(i);
    pass(std::chrono::milliseconds(3'000 + 110 * i));
    ASSERT_TRUE(put(0, "l", "a" + std::to_string(i), "v"));
    ASSERT_TRUE(put(0, "l", "gone", "v"));
    const VersionSet written = held(0, "l", "a" + std::to_string(i));
    ASSERT_TRUE(step(0, {.key = key("l", name), .hint_for = NodeId{3}, .offered = written}));
    ASSERT_TRUE(remove(0, "l", "gone"));
    ASSERT_TRUE(soon(minutes(1), [&] { return core(0).buckets().hints().count() == 0 && !on_any_disk("l", "gone"); }));
    EXPECT_FALSE(on_disk(2, "l", name).empty()) << "hint " << i << " was handed over, and refused";
  }
}

}  // namespace
}  // namespace latium::sim
