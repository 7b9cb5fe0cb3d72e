// Liveness in a cluster of real nodes: who is known to be down, how maps spread, and what a node that hangs costs the others.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/task_group.h"
#include "tests/sim/cluster_node.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kNodes = 5;
constexpr Duration kCallTimeout = seconds(8);

/// Sends what the test asks for.
class Asker final : public Process {
 public:
  explicit Asker(NodeSeams seams) : seams_(seams), tasks_(seams.runtime.executor, 64) {}

  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    co_return co_await tasks_.join();
  }

  /// The answer comes to `out`.
  void ask(Address node, Method method, Bytes request, std::shared_ptr<std::optional<Result<Bytes>>> out) {
    ASSERT_TRUE(tasks_.spawn(call(std::move(node), method, std::move(request), std::move(out))));
  }

 private:
  Task<void> call(Address node, Method method, Bytes request, std::shared_ptr<std::optional<Result<Bytes>>> out) {
    const CallOptions options{saturating_add(seams_.runtime.clock.monotonic_now(), kCallTimeout)};
    out->emplace(co_await seams_.transport.call(std::move(node), method, std::move(request), options));
    co_return Result<void>();
  }

  NodeSeams seams_;
  TaskGroup tasks_;
};

/// Three nodes in rennes, two in paris, one more there that is not started; all of tenant acme in rennes; and a client.
class ClusterLivenessTest : public ::testing::Test {
 protected:
  ClusterLivenessTest() {
    for (std::size_t i = 0; i <= kNodes; ++i) addresses_.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i <= kNodes; ++i) {
      const std::string site = site_of(i);
      SimHost::Options host{.name = addresses_[i].host, .site = site, .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = site;
      nodes_.push_back(std::make_unique<SimHost>(simulation_, network_, std::move(host), [i, site, this](NodeSeams seams) {
        return cluster_node(seams, i, site, addresses_);
      }));
      if (i < kNodes) EXPECT_TRUE(nodes_.back()->start());
    }
    SimHost::Options host{.name = "client", .site = "rennes", .identity = {}, .engine = {}};
    client_ = std::make_unique<SimHost>(simulation_, network_, std::move(host),
                                        [](NodeSeams seams) { return std::make_unique<Asker>(seams); });
    EXPECT_TRUE(client_->start());
    EXPECT_TRUE(soon(minutes(2), std::nullopt, "up")) << "the cluster did not form";
    client::TenantCreateRequest tenant;
    tenant.set_name("acme");
    tenant.set_placement("rennes:3");
    tenant.set_partitions(4);
    EXPECT_TRUE(call(4, wire::METHOD_TENANT_CREATE, tenant.SerializeAsString()));
  }

  static std::string site_of(std::size_t node) { return node < 3 ? "rennes" : "paris"; }

  Result<Bytes> call(std::size_t node, Method method, Bytes request) {
    const auto out = std::make_shared<std::optional<Result<Bytes>>>();
    static_cast<Asker&>(client_->process()).ask(addresses_[node], method, std::move(request), out);
    const bool ended = simulation_.run_until([&] { return out->has_value(); }, simulation_.now() + 2 * kCallTimeout);
    EXPECT_TRUE(ended) << simulation_.failure();
    return ended ? **out : fail(ErrorCode::internal, "no end");
  }

  /// What `node` says of each node, by id.
  std::map<std::uint64_t, std::string> seen_by(std::size_t node) {
    std::map<std::uint64_t, std::string> out;
    const auto answer = call(node, wire::METHOD_TOPOLOGY, client::TopologyRequest().SerializeAsString());
    client::TopologyResponse topology;
    if (!answer || !topology.ParseFromString(*answer)) return out;
    for (const auto& each : topology.nodes()) out[each.id()] = each.state() == "up" ? each.liveness() : each.state();
    return out;
  }

  /// Every node that is not `subject` says `word` of it (nothing: of everybody), and "up" of the others.
  bool all_see(std::optional<std::size_t> subject, const std::string& word) {
    for (std::size_t i = 0; i < kNodes; ++i) {
      if (i == subject) continue;
      const auto seen = seen_by(i);
      if (seen.size() != kNodes) return false;
      for (const auto& [id, said] : seen) {
        if (said != (subject && id == *subject + 1 ? word : "up")) return false;
      }
    }
    return true;
  }

  /// Asks each second, until it is so or `bound` has passed.
  bool soon(Duration bound, std::optional<std::size_t> subject, const std::string& word) {
    const Duration until = simulation_.now() + bound;
    while (simulation_.now() < until) {
      if (all_see(subject, word)) return true;
      EXPECT_TRUE(simulation_.run_for(seconds(1)));
    }
    return false;
  }

  /// The node that commands on lock or register `key` go to first.
  std::size_t first_replica(const std::string& key) {
    client::RingShowRequest request;
    request.set_tenant("acme");
    request.set_key(key);
    client::RingShowResponse response;
    const auto answer = call(4, wire::METHOD_RING_SHOW, request.SerializeAsString());
    EXPECT_TRUE(answer && response.ParseFromString(*answer));
    return response.partitions(0).replicas(0).id() - 1;
  }

  client::LockResponse acquire(std::size_t through, const std::string& name, std::uint64_t wait_ms = 0) {
    client::LockAcquireRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_owner("me");
    request.set_ttl_ms(1'000'000);
    request.set_wait_ms(wait_ms);
    client::LockResponse response;
    const auto answer = call(through, wire::METHOD_LOCK_ACQUIRE, request.SerializeAsString());
    EXPECT_TRUE(answer) << answer.error().message;
    if (answer) EXPECT_TRUE(response.ParseFromString(*answer));
    return response;
  }

  client::LockResponse release(std::size_t through, const std::string& name, std::uint64_t token) {
    client::LockReleaseRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_owner("me");
    request.set_token(token);
    client::LockResponse response;
    const auto answer = call(through, wire::METHOD_LOCK_RELEASE, request.SerializeAsString());
    EXPECT_TRUE(answer) << answer.error().message;
    if (answer) EXPECT_TRUE(response.ParseFromString(*answer));
    return response;
  }

  bool write(std::size_t through, const std::string& key) {
    client::RegisterCasRequest request;
    request.set_tenant("acme");
    request.set_key(key);
    request.set_has_value(true);
    request.set_value("x");
    return call(through, wire::METHOD_REGISTER_CAS, request.SerializeAsString()).has_value();
  }

  Duration time_of(const std::function<void()>& work) {
    const Duration before = simulation_.now();
    work();
    return simulation_.now() - before;
  }

  Simulation simulation_{7};
  // Without messages that take fifty times as long as others, so that times have a bound: 0.3 s for a round trip between sites.
  SimNetwork network_{simulation_, {.tail = 0}};
  std::vector<Address> addresses_;
  std::vector<std::unique_ptr<SimHost>> nodes_;
  std::unique_ptr<SimHost> client_;
};

TEST_F(ClusterLivenessTest, ANodeThatHangsIsKnownToBeDownAndToBeBack) {
  for (const std::size_t victim : {1u, 4u}) {
    nodes_[victim]->pause();
    EXPECT_TRUE(soon(seconds(30), victim, "down")) << "node " << victim;
    nodes_[victim]->resume();
    EXPECT_TRUE(soon(seconds(20), std::nullopt, "up")) << "node " << victim;
  }
}

// Also before liveness has noticed: a lock whose first replica hangs is acquired through the next one.
TEST_F(ClusterLivenessTest, LocksAndRegistersGoOnWhileANodeHangs) {
  const std::size_t victim = first_replica("a");
  const std::size_t other = victim == 0 ? 1 : 0;
  const std::uint64_t before = acquire(4, "a").token();
  EXPECT_GT(before, 0u);
  nodes_[victim]->pause();
  const auto prompt = seconds(3);
  EXPECT_LT(time_of([&] { EXPECT_TRUE(release(4, "a", before).done()); }), prompt);
  EXPECT_LT(time_of([&] { EXPECT_EQ(acquire(4, "a").token(), before + 1); }), prompt);
  EXPECT_LT(time_of([&] { EXPECT_TRUE(write(other, "a")); }), prompt);
  EXPECT_FALSE(all_see(victim, "down")) << "not known yet: the test is about what happens until then";

  EXPECT_TRUE(soon(seconds(30), victim, "down"));
  // Now nobody asks it.
  const auto at_once = milliseconds(1500);
  EXPECT_LT(time_of([&] { EXPECT_TRUE(release(4, "a", before + 1).done()); }), at_once);
  EXPECT_LT(time_of([&] { EXPECT_TRUE(acquire(other, "a").done()); }), at_once);
  EXPECT_LT(time_of([&] { EXPECT_TRUE(write(4, "a")); }), at_once);
}

TEST_F(ClusterLivenessTest, ALockWhoseFirstReplicaIsCutOffIsAcquired) {
  const std::size_t victim = first_replica("a");
  network_.isolate(nodes_[victim]->id());
  EXPECT_LT(time_of([&] { EXPECT_TRUE(acquire(4, "a").done()); }), seconds(3));
}

// Nobody asks the node that missed it for anything, and its own rounds are half a minute apart.
TEST_F(ClusterLivenessTest, AMapThatANodeMissedComesByGossip) {
  network_.isolate(nodes_[4]->id());
  ASSERT_TRUE(nodes_[kNodes]->start());
  const Duration until = simulation_.now() + minutes(1);
  while (seen_by(0)[kNodes + 1] != "up" && simulation_.now() < until) ASSERT_TRUE(simulation_.run_for(seconds(1)));
  ASSERT_EQ(seen_by(0)[kNodes + 1], "up");
  // Who took it in tells everybody for a moment.
  ASSERT_TRUE(simulation_.run_for(seconds(3)));
  network_.heal();
  EXPECT_EQ(seen_by(4).size(), kNodes);
  ASSERT_TRUE(simulation_.run_for(seconds(12)));
  EXPECT_EQ(seen_by(4).size(), kNodes + 1);
}

// Whoever waits at a node that hangs goes on waiting at the next one, and gets the lock when it is released.
TEST_F(ClusterLivenessTest, WaitersMoveOnWhenTheNodeTheyWaitAtHangs) {
  const std::size_t victim = first_replica("a");
  const std::uint64_t held = acquire(4, "a").token();
  client::LockAcquireRequest request;
  request.set_tenant("acme");
  request.set_name("a");
  request.set_owner("waiter");
  request.set_ttl_ms(1'000'000);
  request.set_wait_ms(7'000);
  const auto out = std::make_shared<std::optional<Result<Bytes>>>();
  static_cast<Asker&>(client_->process()).ask(addresses_[3], wire::METHOD_LOCK_ACQUIRE, request.SerializeAsString(), out);
  ASSERT_TRUE(simulation_.run_for(milliseconds(500)));
  nodes_[victim]->pause();
  ASSERT_TRUE(simulation_.run_for(milliseconds(500)));
  EXPECT_TRUE(release(4, "a", held).done());
  const bool ended = simulation_.run_until([&] { return out->has_value(); }, simulation_.now() + seconds(4));
  ASSERT_TRUE(ended);
  ASSERT_TRUE(out->value()) << out->value().error().message;
  client::LockResponse response;
  ASSERT_TRUE(response.ParseFromString(*out->value()));
  EXPECT_TRUE(response.done());
  EXPECT_EQ(response.token(), held + 1);
}

}  // namespace
}  // namespace latium::sim
