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
  MonotonicTime in(Duration time) { return saturating_add(core(0).runtime().clock.monotonic_now(), time); }
  static TopologyNode newcomer(std::uint64_t id, bool storage, std::string address) {
    return {.id = NodeId{id},
            .site = "rennes",
            .rack = {},
            .storage = storage,
            .state = NodeState::up,
            .address = std::move(address)};
  }
  Result<Topology> take(TopologyNode node, std::size_t by = 0) {
    return simulation_.run(take_in(cluster(by), std::move(node), in(seconds(20))));
  }
  Result<Tenant> make(const std::string& name, const std::string& placement, std::size_t by = 0) {
    return simulation_.run(create_tenant(cluster(by), "rennes", name, placement, 4, in(seconds(10))));
  }
  static Task<void> keep(Task<Topology> work, std::optional<Result<Topology>>& out) {
    out.emplace(co_await std::move(work));
    co_return Result<void>();
  }
};

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
