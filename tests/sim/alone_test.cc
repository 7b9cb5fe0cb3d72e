// Commits on the node that has the only replica, while its disk fails.
#include "tests/sim/row_cluster.h"

namespace latium::sim {
namespace {

class AloneCommitTest : public RowCluster {
 protected:
  void SetUp() override {
    RowCluster::SetUp();
    const auto made = run_on(0, [this](NodeCore& core) { return make_tenant(core); });
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }

  Task<void> make_tenant(NodeCore& core) {
    LATIUM_CO_TRY(const Tenant made, co_await create_tenant(core.cluster(), kSites[0], "solo", "", 1, within(core, seconds(10))));
    tenant_ = made.id;
    partitions_ = made.partitions;
    co_return Result<void>();
  }

  // Two that have read the row before either has written it.
  Task<void> race(NodeCore& core, SimulatedDisk& disk, std::vector<Result<void>>& ended) {
    Transaction first(core.transactions(), {});
    Transaction second(core.transactions(), {});
    for (Transaction* const each : {&first, &second}) {
      LATIUM_CO_CHECKED((co_await each->get({row(0)}, within(core, seconds(1)))));
      each->put(row(0), each == &first ? "first" : "second");
    }
    DiskFaults faults;
    faults.sync_error_rate = 1;
    disk.set_faults(faults);
    TaskGroup group(core.runtime().executor, 2);
    (void)group.spawn(commit(core, first, ended[0]));
    (void)group.spawn(commit(core, second, ended[1]));
    co_return co_await group.join();
  }
  static Task<void> commit(NodeCore& core, Transaction& transaction, Result<void>& ended) {
    ended = co_await transaction.commit(within(core, seconds(2)));
    co_return Result<void>();
  }
  static Task<void> look(NodeCore& core, RegisterKey key, bool& there) {
    Transaction reader(core.transactions(), {});
    LATIUM_CO_TRY(const auto found, co_await reader.get({std::move(key)}, within(core, seconds(1))));
    there = found.front().has_value();
    co_return Result<void>();
  }
};

// The second one is refused for what the first one has written, which does not come to the disk. Nobody is told of it.
TEST_F(AloneCommitTest, WhatAFailedSyncLosesIsNotRead) {
  std::vector<Result<void>> ended(2);
  const auto raced = run_on(0, [&](NodeCore& core) { return race(core, disk(0), ended); });
  ASSERT_TRUE(raced.has_value()) << raced.error().message;
  ASSERT_FALSE(ended[0].has_value());
  ASSERT_FALSE(ended[1].has_value());
  EXPECT_NE(ended[1].error().code, ErrorCode::conflict) << ended[1].error().message;
  bool there = true;
  const auto looked = run_on(0, [&](NodeCore& core) { return look(core, row(0), there); });
  EXPECT_TRUE(!looked || !there);
}

}  // namespace
}  // namespace latium::sim
