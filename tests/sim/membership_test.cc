// Who is in the cluster and which tenants it has: joins, addresses, tenants made and dropped while somebody is away.
#include "node/join.h"
#include "node/tenants.h"
#include "tests/sim/repair_cluster.h"

namespace latium::sim {
namespace {

class MembershipTest : public RepairCluster {
 protected:
  void SetUp() override { form({.compare_every = kNever, .collect_every = kNever, .hints = {}}); }

  Cluster& cluster(std::size_t node) { return core(node).cluster(); }
  /// By the clock of the node that the call is made at: no two nodes' monotonic clocks say the same.
  MonotonicTime in(Duration time, std::size_t node) { return saturating_add(core(node).runtime().clock.monotonic_now(), time); }
  static TopologyNode newcomer(std::uint64_t id, bool storage, std::string address) {
    return {.id = NodeId{id},
            .site = "rennes",
            .rack = {},
            .storage = storage,
            .state = NodeState::up,
            .address = std::move(address)};
  }
  Result<Topology> take(TopologyNode node, std::size_t by = 0) {
    return simulation_.run(take_in(cluster(by), std::move(node), in(seconds(20), by)));
  }
  Result<Tenant> make(const std::string& name, const std::string& placement, std::size_t by = 0) {
    return simulation_.run(create_tenant(cluster(by), "rennes", name, placement, 4, in(seconds(10), by)));
  }
  static Task<void> keep(Task<Topology> work, std::optional<Result<Topology>>& out) {
    out.emplace(co_await std::move(work));
    co_return Result<void>();
  }
};

TEST_F(MembershipTest, AClientComesInTwoEpochsAndOnce) {
  const Epoch before = cluster(0).epoch();
  const auto topology = take(newcomer(9, false, "node9:7400"));
  ASSERT_TRUE(topology.has_value()) << topology.error().message;
  EXPECT_EQ(topology->epoch.value, before.value + 2);
  ASSERT_NE(topology->find(NodeId{9}), nullptr);
  EXPECT_EQ(topology->find(NodeId{9})->state, NodeState::up);
  EXPECT_FALSE(topology->transition.has_value());
  EXPECT_EQ(topology->voters.size(), kNodes) << "who holds nothing does not vote";
  // Asked again, through another node.
  const auto again = take(newcomer(9, false, "node9:7400"), 1);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->epoch, topology->epoch);
  for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(cluster(i).epoch(), topology->epoch) << "node " << i << " was told";
}

TEST_F(MembershipTest, AMemberMayMoveToAnotherAddress) {
  ASSERT_TRUE(take(newcomer(9, false, "node9:7400")));
  const Epoch before = cluster(0).epoch();
  const auto moved = take(newcomer(9, false, "elsewhere:7400"));
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->epoch.value, before.value + 1);
  EXPECT_EQ(moved->find(NodeId{9})->address, "elsewhere:7400");
}

TEST_F(MembershipTest, AnAddressIsOfOneNode) {
  const auto refused = take(newcomer(9, false, "node1:7400"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(refused.error().message.find("node1:7400"), std::string::npos) << refused.error().message;
  EXPECT_EQ(cluster(0).ring()->topology().find(NodeId{9}), nullptr);
}

// The data of a tenant would have to move: refused, and nothing is left of the attempt.
TEST_F(MembershipTest, ANodeThatWouldTakeDataOverIsRefusedByTheTenantsName) {
  ASSERT_TRUE(make("single", "rennes:1"));
  for (std::uint64_t id = 9; id < 12; ++id) {
    const auto refused = take(newcomer(id, true, "node" + std::to_string(id) + ":7400"));
    if (refused) continue;  // it would own nothing of what there is: possible, for few partitions
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_NE(refused.error().message.find("'acme'"), std::string::npos) << refused.error().message;
    EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
    pass(seconds(2));
    for (std::size_t i = 0; i < kNodes; ++i) {
      EXPECT_EQ(cluster(i).ring()->topology().find(NodeId{id}), nullptr);
      EXPECT_FALSE(cluster(i).ring()->topology().transition.has_value());
    }
    // The others can still come and tenants be made.
    EXPECT_TRUE(take(newcomer(20, false, "node20:7400")));
    EXPECT_TRUE(make("later", "rennes:1"));
    return;
  }
  FAIL() << "three nodes more, and none would own anything";
}

// A partition of three nodes: a quarter of it would be the newcomer's, so nothing is what is nearest to its share.
TEST_F(MembershipTest, ANewcomerGetsATokenByWhatTheTenantsHave) {
  ASSERT_TRUE(simulation_.run(drop_tenant(cluster(0), "acme", in(seconds(10), 0))));
  const auto tenant = simulation_.run(create_tenant(cluster(0), "rennes", "small", "rennes:1", 1, in(seconds(10), 0)));
  ASSERT_TRUE(tenant.has_value()) << tenant.error().message;
  const auto moved = [&](const Topology& after) {
    return !same_replicas(*cluster(0).ring(), *Ring::build(after), tenant->id, tenant->placement, tenant->partitions);
  };
  std::uint64_t id = 9;
  const auto with = [&](std::uint64_t one) {
    Topology after = cluster(0).ring()->topology();
    after.nodes.push_back(newcomer(one, true, "node9:7400"));
    return after;
  };
  while (!moved(with(id))) ++id;
  const auto taken = take(newcomer(id, true, "node9:7400"));
  ASSERT_TRUE(taken.has_value()) << taken.error().message;
  EXPECT_NE(taken->find(NodeId{id})->token, 0u);
  EXPECT_FALSE(moved(*taken));
}

TEST_F(MembershipTest, TwoThatComeAtOnceAreBothTakenIn) {
  std::optional<Result<Topology>> one;
  std::optional<Result<Topology>> other;
  {
    TaskGroup group(core(0).runtime().executor, 2);
    ASSERT_TRUE(group.spawn(keep(take_in(cluster(0), newcomer(9, false, "node9:7400"), in(seconds(60), 0)), one)));
    ASSERT_TRUE(group.spawn(keep(take_in(cluster(1), newcomer(10, false, "node10:7400"), in(seconds(60), 1)), other)));
    ASSERT_TRUE(simulation_.run(group.join()));
  }
  ASSERT_TRUE(one && *one) << (one ? (*one).error().message : "no end");
  ASSERT_TRUE(other && *other) << (other ? (*other).error().message : "no end");
  pass(seconds(15));
  for (std::size_t i = 0; i < kNodes; ++i) {
    EXPECT_NE(cluster(i).ring()->topology().find(NodeId{9}), nullptr);
    EXPECT_NE(cluster(i).ring()->topology().find(NodeId{10}), nullptr);
  }
}

TEST_F(MembershipTest, WithoutAMajorityNobodyIsTakenInAndNoTenantMade) {
  nodes_[1]->kill(Crash::process);
  nodes_[2]->kill(Crash::process);
  const auto refused = take(newcomer(9, false, "node9:7400"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable) << refused.error().message;
  const auto tenant = make("other", "rennes:1");
  ASSERT_FALSE(tenant.has_value());
  EXPECT_EQ(tenant.error().code, ErrorCode::unavailable) << tenant.error().message;
}

TEST_F(MembershipTest, ATenantIsKnownEverywhereUnderOneId) {
  const auto tenant = make("other", "rennes:2", 1);
  ASSERT_TRUE(tenant.has_value()) << tenant.error().message;
  EXPECT_NE(tenant->id, core(0).catalog().find("acme")->id);
  for (std::size_t i = 0; i < kNodes; ++i) {
    const auto found = simulation_.run(find_tenant(cluster(i), "other", in(seconds(5), i)));
    ASSERT_TRUE(found.has_value()) << found.error().message;
    EXPECT_EQ((*found)->id, tenant->id);
    const auto again = make("other", "rennes:1", i);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  }
  EXPECT_EQ(simulation_.run(find_tenant(cluster(0), "nobody", in(seconds(5), 0))).error().code, ErrorCode::unknown_tenant);
}

// A replica that does not know the tenant refuses once, and is given its record: a round trip more, for who asks first.
TEST_F(MembershipTest, TheRefusalThatBringsATenantsRecordIsCounted) {
  ASSERT_TRUE(make("keys", "rennes:3"));
  ASSERT_TRUE(make("registers", "rennes:3"));
  for (const char* tenant : {"keys", "registers"}) {
    for (const std::size_t other : {1, 2}) ASSERT_EQ(core(other).catalog().find(tenant), nullptr);
  }
  client::KvPutRequest put;
  put.set_tenant("keys");
  put.set_bucket("b");
  put.set_key("k");
  put.set_level(client::LEVEL_ALL);
  client::RegisterCasRequest cas;
  cas.set_tenant("registers");
  cas.set_key("k");
  cas.set_has_value(true);
  const auto trips = [&](auto handler, const auto& request, auto response) {
    const auto answer = ask(0, handler, request);
    EXPECT_TRUE(answer && response.ParseFromString(*answer)) << answer.error().message;
    return response.stats().round_trips();
  };
  EXPECT_EQ(trips(handle_kv_put, put, client::KvPutResponse()), 2u);
  EXPECT_EQ(trips(handle_kv_put, put, client::KvPutResponse()), 1u);
  EXPECT_EQ(trips(handle_register_cas, cas, client::RegisterCasResponse()), 2u) << "a fast accept, again";
  EXPECT_EQ(trips(handle_register_cas, cas, client::RegisterCasResponse()), 1u);
}

TEST_F(MembershipTest, APlacementThatCannotBeMetSaysWhatIsMissing) {
  for (const auto& [placement, word] :
       {std::pair{"rennes:4", "rennes"}, std::pair{"paris:1", "paris"}, std::pair{"any 2 of [paris,lyon]", "lyon"}}) {
    const auto refused = make("other", placement);
    ASSERT_FALSE(refused.has_value()) << placement;
    EXPECT_EQ(refused.error().code, ErrorCode::unsatisfiable_placement) << placement;
    EXPECT_NE(refused.error().message.find(word), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(make("a b", "rennes:1").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(make("other", "rennes").error().code, ErrorCode::invalid_argument);
}

TEST_F(MembershipTest, ADroppedTenantIsGoneAlsoWhereItWasNotHeardOf) {
  ASSERT_TRUE(make("other", "rennes:3"));
  client::KvPutRequest request;
  request.set_tenant("other");
  request.set_bucket("b");
  request.set_key("k");
  request.set_value("v");
  request.set_level(client::LEVEL_ALL);
  ASSERT_TRUE(ask(0, handle_kv_put, request));
  const TenantId id = core(0).catalog().find("other")->id;
  const auto keys = [&](std::size_t node) {
    std::size_t count = 0;
    const auto cursor = nodes_[node]->engine().scan(Family::data, KeyRange::prefix(tenant_prefix(id)), nullptr);
    for (; cursor && (*cursor)->valid(); (*cursor)->next()) ++count;
    return count;
  };
  EXPECT_EQ(keys(2), 1u);
  nodes_[2]->kill(Crash::process);
  ASSERT_TRUE(simulation_.run(drop_tenant(cluster(0), "other", in(seconds(10), 0))));
  EXPECT_EQ(simulation_.run(drop_tenant(cluster(1), "other", in(seconds(10), 1))).error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(keys(0) + keys(1), 0u);
  ASSERT_TRUE(nodes_[2]->start());
  ASSERT_TRUE(soon(minutes(3), [&] { return core_of(nodes_[2]->process()) != nullptr && keys(2) == 0; }));
  EXPECT_EQ(core(2).catalog().find("other"), nullptr);
  // Another of that name is another one.
  const auto anew = make("other", "rennes:3", 1);
  ASSERT_TRUE(anew.has_value()) << anew.error().message;
  EXPECT_NE(anew->id, id);
  EXPECT_FALSE(simulation_.run(cluster(0).adopt_tenant(Tenant{id, "other", 1, anew->placement, 4, {}})))
      << "a dropped id stays so";
}

TEST_F(MembershipTest, WhatIsAskedOfTheMapIsAnsweredByNames) {
  EXPECT_EQ(cluster(0).replicas(TenantId{77}, PartitionId{0}).error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(cluster(0).replicas(tenant(), PartitionId{9}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(cluster(0).replicas(tenant(), PartitionId{0})->size(), kNodes);
  EXPECT_EQ(cluster(0).tenant_record(TenantId{77}).error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(cluster(0).peer(NodeId{77}).error().code, ErrorCode::unavailable);
  EXPECT_TRUE(cluster(0).peer(NodeId{2})->same_site);
}

}  // namespace
}  // namespace latium::sim
