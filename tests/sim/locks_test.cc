// The locks workload on a few seeds; latium-sim runs more. Waiting at a node that hangs.
#include "tests/sim/workloads/locks.h"

#include <map>
#include <string>

#include "node/tenants.h"
#include "replication/register_key.h"
#include "tests/sim/repair_cluster.h"
#include "tests/sim/seed_runs.h"

namespace latium::sim {
namespace {

TEST(LocksTest, TokensGrowAndEveryLockIsHadAfterHealing) {
  std::map<std::string, int> ended_ok;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const RunReport report = passing_run(locks, seed, std::chrono::minutes(1));
    for (const Operation& operation : report.history.operations()) {
      if (operation.outcome == Outcome::ok && operation.applied.value_or(true)) ++ended_ok[operation.op];
      if (operation.op == "guarded_write" && operation.applied == false) ++ended_ok["fenced"];
    }
  }
  for (const char* op : {"acquire", "renew", "release", "guarded_write"}) EXPECT_GT(ended_ok[op], 100) << op;
  EXPECT_GT(ended_ok["fenced"], 0) << "leases must be outlived, or the tokens are not put to the test";
}

TEST(LocksTest, TheTraceDependsOnTheSeedAlone) {
  expect_same_traces(locks);
}

class LockHomesTest : public RepairCluster {
 protected:
  Result<client::LockResponse> acquire(std::size_t node, const Bytes& owner, std::uint64_t ttl_ms, std::uint64_t wait_ms) {
    client::LockAcquireRequest request;
    request.set_tenant("acme");
    request.set_name("lock");
    request.set_owner(owner);
    request.set_ttl_ms(ttl_ms);
    request.set_wait_ms(wait_ms);
    LATIUM_TRY(const Bytes answer, ask(node, handle_lock_acquire, request));
    client::LockResponse response;
    EXPECT_TRUE(response.ParseFromString(answer));
    return response;
  }
};

TEST_F(LockHomesTest, AWaitThatMovesToAnotherNodeIsNoLonger) {
  form({.compare_every = kNever, .collect_every = kNever, .hints = {}});
  const RegisterKey key = lock_register(tenant(), 1, "lock");
  const auto replicas = core(0).cluster().replicas(key.tenant, key.partition);
  ASSERT_TRUE(replicas.has_value());
  const std::size_t home = replicas->members.front().value - 1;
  const std::size_t asked = replicas->members.back().value - 1;
  const auto held = acquire(asked, "holder", 60'000, 0);
  ASSERT_TRUE(held && held->done());
  nodes_[home]->pause();
  const Duration began = simulation_.now();
  const auto refused = acquire(asked, "waiting", 1'000, 3'000);
  ASSERT_TRUE(refused.has_value()) << refused.error().message;
  EXPECT_FALSE(refused->done());
  EXPECT_EQ(refused->owner(), "holder");
  EXPECT_GE(simulation_.now() - began, std::chrono::milliseconds(2'900));
  EXPECT_LE(simulation_.now() - began, std::chrono::milliseconds(3'300));
  nodes_[home]->resume();
}

}  // namespace
}  // namespace latium::sim
