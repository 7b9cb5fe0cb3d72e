// What a session costs in round trips between sites, for a node that changed the rows last itself: counted by the transaction,
// and as it shows in time.
#include <vector>

#include "node/node_core.h"
#include "node/tenants.h"
#include "relational/transaction.h"
#include "tests/sim/rtt_cluster.h"

namespace latium::sim {
namespace {

struct Plan {
  std::size_t reads = 0;   // of rows that are not written
  std::size_t writes = 0;  // each read before
  std::size_t ranges = 0;
  std::string tenant = "acme";
  TransactionOptions options{};
  std::size_t from = 0;  // the number of the first row that is written
};

struct Place {
  TenantId tenant;
  std::uint16_t partitions = 1;

  RegisterKey row(const std::string& name) const { return table_register(tenant, partitions, name, name); }
  RegisterKey read(std::size_t i) const { return row("read" + std::to_string(i)); }
  RegisterKey write(std::size_t i) const { return row("write" + std::to_string(i)); }
};

MonotonicTime soon(NodeCore& core) {
  return saturating_add(core.runtime().clock.monotonic_now(), seconds(10));
}

Task<Place> place_of(NodeCore& core, std::string tenant) {
  LATIUM_CO_TRY(const auto found, co_await find_tenant(core.cluster(), tenant, soon(core)));
  co_return Place{found->id, found->partitions};
}

class SessionRttTest : public RttCluster {
 protected:
  // All rows, so that this node was the last to change each of them.
  static Task<void> fill(NodeCore& core, Plan plan) {
    LATIUM_CO_TRY(const Place place, co_await place_of(core, plan.tenant));
    std::vector<RegisterKey> keys;
    for (std::size_t i = 0; i < plan.reads; ++i) keys.push_back(place.read(i));
    for (std::size_t i = 0; i < plan.writes; ++i) keys.push_back(place.write(i));
    Transaction transaction(core.transactions(), {});
    LATIUM_CO_CHECKED(co_await transaction.get(keys, soon(core)));
    for (const RegisterKey& key : keys) transaction.put(key, "1");
    co_return co_await transaction.commit(soon(core));
  }

  Task<void> play(NodeCore& core, Plan plan) {
    LATIUM_CO_TRY(const Place place, co_await place_of(core, plan.tenant));
    Transaction transaction(core.transactions(), plan.options);
    std::vector<RegisterKey> keys;
    for (std::size_t i = 0; i < plan.reads; ++i) keys.push_back(place.read(i));
    for (std::size_t i = 0; i < plan.writes; ++i) keys.push_back(place.write(plan.from + i));
    LATIUM_CO_CHECKED(co_await transaction.get(keys, soon(core)));
    std::vector<PartitionId> partitions;
    for (std::uint16_t i = 0; i < place.partitions; ++i) partitions.push_back(PartitionId{i});
    for (std::size_t i = 0; i < plan.ranges; ++i) {
      LATIUM_CO_CHECKED(
          co_await transaction.range(place.tenant, partitions, {"read" + std::to_string(i), "read:"}, 1'000, soon(core)));
    }
    for (std::size_t i = 0; i < plan.writes; ++i) transaction.put(place.write(plan.from + i), "2");
    reads_cost_ = transaction.stats().wan_round_trips;
    LATIUM_CO_CHECKED(co_await transaction.commit(soon(core)));
    cost_ = transaction.stats().wan_round_trips;
    co_return Result<void>();
  }

  /// Round trips between sites, of the reads and in all.
  void expect_cost(std::uint32_t reads, int all, const Plan& plan) {
    const auto filled = run_on(0, [&](NodeCore& core) { return fill(core, plan); });
    ASSERT_TRUE(filled.has_value()) << filled.error().message;
    settle();
    const auto played = run_on(0, [&](NodeCore& core) { return play(core, plan); });
    ASSERT_TRUE(played.has_value()) << played.error().message;
    EXPECT_EQ(reads_cost_, reads);
    EXPECT_EQ(cost_, static_cast<std::uint32_t>(all));
    expect_time(all);
  }

  /// The same of rows that never were.
  void expect_first_cost(std::uint32_t most, const Plan& plan) {
    const auto played = run_on(0, [&](NodeCore& core) { return play(core, plan); });
    ASSERT_TRUE(played.has_value()) << played.error().message;
    EXPECT_EQ(reads_cost_, 0u);
    EXPECT_EQ(cost_, most);
  }

  std::uint32_t reads_cost_ = 0;
  std::uint32_t cost_ = 0;
};

constexpr TransactionOptions kReadCommitted{.isolation = Isolation::read_committed};
constexpr TransactionOptions kUnchecked{.check_read_only = false};
constexpr TransactionOptions kLatest{.reading = Reading::latest};

TEST_F(SessionRttTest, OneRowIsOne) {
  expect_cost(0, 1, {.writes = 1});
}

TEST_F(SessionRttTest, SeveralRowsThatAreReadAndWrittenAreOne) {
  expect_cost(0, 1, {.writes = 5});
}

TEST_F(SessionRttTest, RowsThatNeverWereAreOneToo) {
  expect_first_cost(1, {.writes = 5});
  expect_time(1);
  expect_first_cost(1, {.writes = 1, .from = 10});
  expect_time(1);
}

TEST_F(SessionRttTest, ThreeReadsAndTwoNewRowsThatAreCheckedAreTwo) {
  expect_first_cost(2, {.reads = 3, .writes = 2});
  expect_time(2);
}

TEST_F(SessionRttTest, WithAReplicaAwayRowsThatNeverWereAreThreeAndThenTwo) {
  cut_off(2);
  expect_first_cost(3, {.writes = 5});
  pass(seconds(20));  // it is known to be away
  expect_first_cost(2, {.writes = 5, .from = 10});
}

TEST_F(SessionRttTest, ThreeReadsAndTwoUpdatesAtReadCommittedAreOne) {
  expect_cost(0, 1, {.reads = 3, .writes = 2, .options = kReadCommitted});
}

// The intents, and at the same time what was only read, at all replicas; then the commit.
TEST_F(SessionRttTest, ThreeReadsAndTwoUpdatesThatAreCheckedAreTwo) {
  expect_cost(0, 2, {.reads = 3, .writes = 2});
  EXPECT_EQ(core(0).transactions().statistics.checked_in_one_step, 1u);
}

TEST_F(SessionRttTest, FiveHundredReadsCostAsManyAsThree) {
  expect_cost(0, 2, {.reads = 500, .writes = 2});
}

// The intents, then what was only read, at a majority, then the commit.
TEST_F(SessionRttTest, WithAReplicaAwayReadsAreCheckedAfterwards) {
  const Plan plan{.reads = 3, .writes = 2};
  const auto filled = run_on(0, [&](NodeCore& core) { return fill(core, plan); });
  ASSERT_TRUE(filled.has_value()) << filled.error().message;
  settle();
  cut_off(2);
  pass(seconds(20));  // it is known to be away
  const auto played = run_on(0, [&](NodeCore& core) { return play(core, plan); });
  ASSERT_TRUE(played.has_value()) << played.error().message;
  EXPECT_EQ(cost_, 3u);
  EXPECT_EQ(core(0).transactions().statistics.checked_in_one_step, 0u);
}

TEST_F(SessionRttTest, RangesAreCheckedAfterwards) {
  expect_cost(0, 3, {.reads = 3, .writes = 2, .ranges = 2});
}

TEST_F(SessionRttTest, ReadsAloneAreOneAtTheirCommit) {
  expect_cost(0, 1, {.reads = 3});
}

TEST_F(SessionRttTest, ReadsAloneThatNeedNotBeCheckedAreNone) {
  expect_cost(0, 0, {.reads = 500, .ranges = 2, .options = kUnchecked});
}

TEST_F(SessionRttTest, WhoWritesIsCheckedAllTheSame) {
  expect_cost(0, 2, {.reads = 3, .writes = 2, .options = kUnchecked});
}

TEST_F(SessionRttTest, ReadsOfTheLatestStateAreOneMore) {
  expect_cost(1, 2, {.reads = 500, .options = kLatest});
}

TEST_F(SessionRttTest, WithAllReplicasAtHomeItIsNone) {
  make_tenant("home", "rennes:1");
  settle();
  expect_cost(0, 0, {.reads = 3, .writes = 2, .ranges = 1, .tenant = "home"});
  expect_cost(0, 0, {.reads = 3, .tenant = "home"});
  // And as this node alone has them, one step each: of those that fill the rows, and of those that were played.
  const TransactionsStatistics& statistics = core(0).transactions().statistics;
  EXPECT_EQ(statistics.together, 4u);
  EXPECT_EQ(statistics.committed, 4u);
  EXPECT_EQ(statistics.one_row + statistics.parallel, 0u);
}

}  // namespace
}  // namespace latium::sim
