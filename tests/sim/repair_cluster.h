// What the tests of anti-entropy and of forgetting share: three real nodes without faults but those that a test makes, and ways
// to look at their disks and to go behind their backs.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/handlers.h"
#include "node/node_core.h"
#include "proto/client.pb.h"
#include "proto/repair.pb.h"
#include "tests/sim/cluster_node.h"

namespace latium::sim {
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::size_t kNodes = 3;
inline constexpr Duration kNever = hours(10'000);

/// Three nodes of one site, each with a copy of everything, in one partition.
class RepairCluster : public ::testing::Test {
 protected:
  void form(UpkeepOptions upkeep) {
    for (std::size_t i = 0; i < kNodes; ++i) addresses_.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i < kNodes; ++i) {
      SimHost::Options host{.name = addresses_[i].host, .site = "rennes", .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = "rennes";
      nodes_.push_back(std::make_unique<SimHost>(simulation_, network_, std::move(host), [this, i, upkeep](NodeSeams seams) {
        return cluster_node(seams, i, "rennes", addresses_, {}, upkeep);
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

}  // namespace latium::sim
