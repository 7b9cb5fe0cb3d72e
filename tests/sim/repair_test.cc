// Anti-entropy and the forgetting of deletions on three nodes without faults but those that a test makes: what is moved, what
// goes, and what does not come back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "node/handlers.h"
#include "node/node_core.h"
#include "proto/client.pb.h"
#include "proto/repair.pb.h"
#include "tests/sim/cluster_node.h"

namespace latium::sim {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kNodes = 3;
constexpr Duration kNever = hours(10'000);

/// Three nodes of one site, each with a copy of everything, in one partition.
class RepairTest : public ::testing::Test {
 protected:
  void form(UpkeepOptions upkeep) {
    for (std::size_t i = 0; i < kNodes; ++i) addresses_.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i < kNodes; ++i) {
      SimHost::Options host{.name = addresses_[i].host, .site = "rennes", .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = "rennes";
      nodes_.push_back(std::make_unique<SimHost>(simulation_, network_, std::move(host), [this, i, upkeep](NodeSeams seams) {
        return cluster_node(seams, i, "rennes", addresses_, upkeep);
      }));
      ASSERT_TRUE(nodes_.back()->start());
    }
    ASSERT_TRUE(soon(minutes(2), [&] { return all_know_all(); })) << "the cluster did not form";
    client::TenantCreateRequest tenant;
    tenant.set_name("acme");
    tenant.set_placement("rennes:3");
    tenant.set_partitions(1);
    ASSERT_TRUE(ask(0, handle_tenant_create, tenant));
    for (std::size_t i = 0; i < kNodes; ++i) ASSERT_TRUE(put(i, "l", "first", "v"));
  }

  bool all_know_all() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      NodeCore* const core = core_of(nodes_[i]->process());
      if (core == nullptr || core->cluster().ring()->topology().nodes.size() < kNodes) return false;
    }
    return true;
  }
  NodeCore& core(std::size_t node) { return *core_of(nodes_[node]->process()); }

  /// Looks each second.
  bool soon(Duration bound, const std::function<bool()>& holds) {
    for (const Duration until = simulation_.now() + bound; simulation_.now() < until;) {
      if (holds()) return true;
      EXPECT_TRUE(simulation_.run_for(seconds(1)));
    }
    return false;
  }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }

  template <class Handler, class Request>
  Result<Bytes> ask(std::size_t node, Handler handler, const Request& request) {
    NodeCore& at = core(node);
    return simulation_.run(
        handler(at, request.SerializeAsString(), saturating_add(at.runtime().clock.monotonic_now(), seconds(8))));
  }
  Result<Bytes> put(std::size_t node, const Bytes& bucket, const Bytes& key, const Bytes& value, std::uint64_t ttl_ms = 0) {
    client::KvPutRequest request;
    request.set_tenant("acme");
    request.set_bucket(bucket);
    request.set_key(key);
    request.set_value(value);
    request.set_level(client::LEVEL_QUORUM);
    request.set_ttl_ms(ttl_ms);
    return ask(node, handle_kv_put, request);
  }
  Result<Bytes> remove(std::size_t node, const Bytes& bucket, const Bytes& key, const Bytes& context = {}) {
    client::KvDeleteRequest request;
    request.set_tenant("acme");
    request.set_bucket(bucket);
    request.set_key(key);
    request.set_level(client::LEVEL_QUORUM);
    request.set_context(context);
    return ask(node, handle_kv_delete, request);
  }
  client::KvGetResponse get(std::size_t node, const Bytes& bucket, const Bytes& key, client::Level level) {
    client::KvGetRequest request;
    request.set_tenant("acme");
    request.set_bucket(bucket);
    request.set_key(key);
    request.set_level(level);
    client::KvGetResponse response;
    const auto answer = ask(node, handle_kv_get, request);
    EXPECT_TRUE(answer && response.ParseFromString(*answer)) << answer.error().message;
    return response;
  }
  repair::ConvergenceResponse convergence(std::size_t node) {
    repair::ConvergenceResponse response;
    const auto answer = ask(node, handle_convergence, repair::ConvergenceRequest());
    EXPECT_TRUE(answer && response.ParseFromString(*answer));
    return response;
  }

  TenantId tenant() { return core(0).catalog().list().front().id; }
  DataKey key(const Bytes& bucket, const Bytes& name) { return {tenant(), PartitionId{0}, bucket, name}; }
  Bytes stored(const Bytes& bucket, const Bytes& name) { return data_key(tenant(), PartitionId{0}, bucket, name); }

  /// What lies on the disk, as bytes; empty: nothing.
  Bytes on_disk(std::size_t node, const Bytes& bucket, const Bytes& name) {
    const auto found = nodes_[node]->engine().get(Family::data, stored(bucket, name), ReadMode::may_block, nullptr);
    EXPECT_TRUE(found.has_value());
    return found && found->presence == Presence::found ? found->value : Bytes();
  }
  bool on_any_disk(const Bytes& bucket, const Bytes& name) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (!on_disk(i, bucket, name).empty()) return true;
    }
    return false;
  }
  bool equal_disks(const Bytes& bucket, const Bytes& name) {
    return on_disk(0, bucket, name) == on_disk(1, bucket, name) && on_disk(1, bucket, name) == on_disk(2, bucket, name);
  }
  std::size_t entries(std::size_t node, Family family) {
    std::size_t count = 0;
    const auto cursor = nodes_[node]->engine().scan(family, {}, nullptr);
    EXPECT_TRUE(cursor.has_value());
    for (; cursor && (*cursor)->valid(); (*cursor)->next()) ++count;
    return count;
  }
  /// As if the node had missed it: gone from the data, the tree and the list of what is to go, though nobody was told.
  void lose(std::size_t node, const Bytes& bucket, const Bytes& name) {
    const Bytes held = on_disk(node, bucket, name);
    ASSERT_FALSE(held.empty());
    const auto set = decode_versions(held);
    ASSERT_TRUE(set.has_value());
    ASSERT_TRUE(step(node, {.key = key(bucket, name), .offered = {}, .drop = set->digest()}));
    ASSERT_TRUE(on_disk(node, bucket, name).empty());
  }
  /// As a message of another replica would.
  Result<BucketAnswer> step(std::size_t node, BucketItem item) {
    std::vector<BucketItem> items;
    items.push_back(std::move(item));
    const auto answers = simulation_.run(core(node).buckets().replica().handle(std::move(items), [] { return Result<void>(); }));
    if (!answers) return fail(answers.error());
    return answers->front();
  }
  VersionSet held(std::size_t node, const Bytes& bucket, const Bytes& name) {
    const auto set = decode_versions(on_disk(node, bucket, name));
    EXPECT_TRUE(set.has_value());
    return set ? *set : VersionSet();
  }
  std::uint64_t moved() {
    std::uint64_t keys = 0;
    for (std::size_t i = 0; i < kNodes; ++i) {
      keys += core(i).buckets().exchange().statistics().sent + core(i).buckets().exchange().statistics().received;
    }
    return keys;
  }
  std::uint64_t exchanges() {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < kNodes; ++i) count += core(i).buckets().exchange().statistics().exchanges;
    return count;
  }
  bool converged() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      const auto each = convergence(i);
      if (each.hints() > 0 || each.differing() > 0 || each.unreachable_size() > 0) return false;
    }
    return true;
  }
  bool nothing_remembered() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (convergence(i).remembered() > 0) return false;
    }
    return true;
  }

  Simulation simulation_{11};
  SimNetwork network_{simulation_, {.tail = 0}};
  std::vector<Address> addresses_;
  std::vector<std::unique_ptr<SimHost>> nodes_;
};

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

TEST_F(RepairTest, HintsThatFoundNoRoomAreMadeUpFor) {
  form({.compare_every = seconds(5), .collect_every = kNever, .hints = {.bytes_a_node = 500, .bytes = 500}});
  nodes_[2]->kill(Crash::process);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put(0, "l", "k" + std::to_string(i), "v"));
  EXPECT_GT(core(0).buckets().hints().dropped(), 20u);
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(3), [&] { return core_of(nodes_[2]->process()) != nullptr && converged(); }));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(on_disk(2, "l", "k" + std::to_string(i)).empty()) << i;
}

TEST_F(RepairTest, DeletionsLeaveAllDisks) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  for (const Bytes bucket : {"l", "~s"}) {
    ASSERT_TRUE(put(1, bucket, "k", "v"));
    ASSERT_TRUE(remove(2, bucket, "k", get(2, bucket, "k", client::LEVEL_ALL).context()));
    EXPECT_TRUE(on_any_disk(bucket, "k")) << "the deletion itself, for now";
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
TEST_F(RepairTest, WhatWasDeletedDoesNotComeBackFromALateMessage) {
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
TEST_F(RepairTest, AnOlderWriteThatBeginsAfterwardsIsInVain) {
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

// With siblings a deletion is a context: that what it deletes is known must not pass for knowing the deletion.
TEST_F(RepairTest, ADeletionOfSiblingsReachesReplicasThatKnowWhatItDeletes) {
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

TEST_F(RepairTest, ExpiredValuesGo) {
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

TEST_F(RepairTest, AnExpiredValueStaysWhileOneClockSaysThatItLives) {
  form({.compare_every = seconds(5), .collect_every = seconds(5), .hints = {}});
  ASSERT_TRUE(put(0, "l", "k", "v", 60'000));
  nodes_[2]->clock().jump_wall(-minutes(10));
  pass(minutes(5));
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_FALSE(on_disk(i, "l", "k").empty()) << i;
  nodes_[2]->clock().jump_wall(minutes(10));
  ASSERT_TRUE(soon(minutes(1), [&] { return !on_any_disk("l", "k"); }));
}

TEST_F(RepairTest, ANodeThatIsAwayHoldsTheForgettingUp) {
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

// Hints for the replica that is away overflow, so only the others know of the deletion: it comes by exchange, and is then
// forgotten.
TEST_F(RepairTest, ADeletionWithoutAHintReachesTheOneThatWasAway) {
  form({.compare_every = kNever, .collect_every = seconds(5), .hints = {.bytes_a_node = 0, .bytes = 0}});
  ASSERT_TRUE(put(1, "l", "k", "v"));
  ASSERT_TRUE(soon(minutes(1), [&] { return converged(); }));
  nodes_[2]->kill(Crash::process);
  ASSERT_TRUE(remove(0, "l", "k"));
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(5), [&] { return core_of(nodes_[2]->process()) != nullptr && !on_any_disk("l", "k"); }));
}

// A hint is a copy that no replica may have: while there is one, nothing is forgotten.
TEST_F(RepairTest, HintsHoldTheForgettingUp) {
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

}  // namespace
}  // namespace latium::sim
