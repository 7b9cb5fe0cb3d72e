// What ROME, the library whose interface this layer continues, does wrong: each has a test here that its design would fail.
// (Pastor et al. put SQLAlchemy's interface over Redis: objects written one by one, locks that are times to live, joins and
// limits worked out in memory.)
#include <set>

#include "relational/session.h"
#include "relational/transact.h"
#include "replication/register_state.h"
#include "tests/relational/catalog_nodes.h"
#include "tests/relational/forwarding_rows.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

class RomeTest : public Simulated {
 protected:
  void SetUp() override {
    const auto created = run(tables_.create_table(kPlace,
                                                  {.name = "instances",
                                                   .columns = {{.name = "id", .type = ValueType::integer},
                                                               {.name = "host", .type = ValueType::text},
                                                               {.name = "vcpus", .type = ValueType::integer}},
                                                   .primary_key = {"id"},
                                                   .indexes = {{.name = "by_host", .columns = {"host"}}}},
                                                  soon()));
    ASSERT_TRUE(created.has_value()) << created.error().message;
  }
  void TearDown() override {
    run(shared_.stop());
    run(tables_.stop());
    run(rows_.stop());
  }

  static constexpr CatalogPlace kPlace{TenantId{1}, 4};
  MonotonicTime soon() { return in(seconds(20)); }
  TableSession begin(Reading reading = Reading::latest) { return {shared_, tables_, kPlace, {.reading = reading}}; }
  static Row instance(int id, std::string host, int vcpus = 1) { return {{Value(id), Value(std::move(host)), Value(vcpus)}}; }

  void fill(int count, int hosts) {
    for (int first = 0; first < count; first += 50) {
      TableSession session = begin();
      for (int id = first; id < std::min(first + 50, count); ++id) {
        ASSERT_TRUE(run(session.insert("instances", instance(id, "host" + std::to_string(id % hosts)), soon())).has_value());
      }
      ASSERT_TRUE(run(session.commit(soon())).has_value());
    }
    pass(seconds(1));
  }
  /// As programs work: again after a conflict. Who waits for what a dead one has left does so for longer than a schema may be
  /// used.
  Result<CallStats> work(SessionWork what) {
    return run(transact(shared_, tables_, kPlace, {.reading = Reading::latest}, std::move(what), soon()));
  }
  static Task<void> find_all(TableSession& session, RowPage& out, MonotonicTime deadline) {
    LATIUM_CO_TRY(out, co_await session.find("instances", "", {}, 10, deadline));
    co_return Result<void>();
  }
  static Task<void> set_hosts(TableSession& session, std::string host, MonotonicTime deadline) {
    for (int id = 0; id < 3; ++id) LATIUM_CO_CHECKED(co_await session.update("instances", instance(id, host), deadline));
    co_return Result<void>();
  }
  RowPage find(const std::string& index, RowRange range, std::size_t limit) {
    TableSession session = begin(Reading::local);
    auto page = run(session.find("instances", index, std::move(range), limit, soon()));
    EXPECT_TRUE(page.has_value()) << page.error().message;
    return page.value_or(RowPage());
  }
  /// Of rows and index entries that are there.
  std::size_t registers() {
    return static_cast<std::size_t>(
        std::ranges::count_if(rows_.keys(), [&](const RegisterKey& key) { return rows_.state(key).committed.present; }));
  }

  SharedRecords records_;
  MemoryCatalogStore store_{runtime(), records_, Duration(0)};
  MemoryCatalogPeers peers_{runtime(), records_, "n", Duration(0)};
  Catalog tables_{runtime(), store_, peers_, false};
  HlcClock hlc_;
  MemoryRows rows_{runtime(), 1};
  Transactions shared_{runtime(), rows_, hlc_};
};

// There, limit() does nothing.
TEST_F(RomeTest, ALimitIsALimit) {
  fill(100, 3);
  const RowPage first = find("", {}, 10);
  EXPECT_EQ(first.rows.size(), 10u);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(find("by_host", {.equal = {Value("host1")}}, 7).rows.size(), 7u);
}

// There, a full scan and every query load all rows of the table.
TEST_F(RomeTest, AQueryReadsWhatItReturnsAndNotTheTable) {
  fill(1'000, 100);
  rows_.reads = 0;
  EXPECT_EQ(find("by_host", {.equal = {Value("host7")}}, 1'000).rows.size(), 10u);
  EXPECT_LE(rows_.reads, 20u) << "a row and its entry each";
  rows_.reads = 0;
  EXPECT_EQ(find("", {}, 10).rows.size(), 10u);
  EXPECT_LE(rows_.reads, 64u) << "a page";
}

// There, a commit writes objects one by one: who dies in the middle leaves half of them.
TEST_F(RomeTest, WhoDiesInTheMiddleOfACommitLeavesAllOrNothing) {
  fill(3, 3);
  std::set<std::string> seen;
  for (std::size_t commands = 0; commands <= 16; ++commands) {
    DyingRows dying(rows_, commands);
    const std::string host = "dies after " + std::to_string(commands);
    sim::SimRuntime process(simulation_, clock_, host);
    Transactions its(process.runtime(), dying, hlc_);
    {
      TableSession session(its, tables_, kPlace, {.reading = Reading::latest});
      ASSERT_TRUE(run(set_hosts(session, host, soon())).has_value());
      (void)run(session.commit(soon()));
    }
    run(its.stop());
    // Nobody comes to help but those who read.
    RowPage page;
    const auto read = work([&](TableSession& session, MonotonicTime deadline) { return find_all(session, page, deadline); });
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_EQ(page.rows.size(), 3u);
    std::set<std::string> hosts;
    for (const Row& row : page.rows) hosts.insert(row.values[1].get<std::string>());
    EXPECT_TRUE(!hosts.contains(host) || hosts.size() == 1) << "half a commit, of one that " << host << " commands";
    seen.insert(hosts.contains(host) ? "all" : "nothing");
  }
  EXPECT_EQ(seen.size(), 2u) << "it died too early each time, or too late";
}

// There, the lock of one that died blocks all others.
TEST_F(RomeTest, WhoDiedWhileItCommittedBlocksNobody) {
  fill(3, 3);
  DyingRows dying(rows_, 5);
  sim::SimRuntime process(simulation_, clock_, "dead");
  Transactions its(process.runtime(), dying, hlc_);
  {
    TableSession dead(its, tables_, kPlace, {.reading = Reading::latest});
    ASSERT_TRUE(run(set_hosts(dead, "dead", soon())).has_value());
    (void)run(dead.commit(soon()));
  }
  run(its.stop());
  ASSERT_GT(rows_.intents(), 0u) << "it was not in the middle of its commit";
  const auto done = work([](TableSession& session, MonotonicTime deadline) { return set_hosts(session, "alive", deadline); });
  EXPECT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(find("by_host", {.equal = {Value("alive")}}, 10).rows.size(), 3u);
}

// There, locks are times to live of 100 ms: who is late goes on writing beside the next holder.
TEST_F(RomeTest, ALateHolderOfALockIsKnownByItsToken) {
  const auto acquire = [](Bytes owner, std::uint64_t now_ms) {
    return LockAcquireCommand{.owner = std::move(owner), .now_ms = now_ms, .ttl_ms = 100, .clock_offset_ms = 10};
  };
  const Ballot ballot{Hlc{1}, NodeId{1}};
  const CommandResult first = apply(RegisterState(), acquire("first", 1'000), RequestId{1, 1}, ballot);
  ASSERT_TRUE(first.applied);
  EXPECT_FALSE(apply(first.state, acquire("second", 1'100), RequestId{2, 1}, ballot).applied) << "by a clock that is ahead";
  const CommandResult second = apply(first.state, acquire("second", 1'111), RequestId{2, 2}, ballot);
  ASSERT_TRUE(second.applied);
  const std::uint64_t late = decode_lock(first.state)->token;
  EXPECT_GT(decode_lock(second.state)->token, late) << "what the lock protects can tell the late one";
  EXPECT_FALSE(apply(second.state, LockRenewCommand{.owner = "first", .token = late, .now_ms = 1'120, .ttl_ms = 100},
                     RequestId{1, 2}, ballot)
                   .applied);
  EXPECT_FALSE(apply(second.state, LockReleaseCommand{.owner = "first", .token = late}, RequestId{1, 3}, ballot).applied);
}

// There, a conflict may drop a session's writes without a word.
TEST_F(RomeTest, AConflictIsAnErrorAndNoWriteIsDropped) {
  fill(2, 2);
  TableSession first = begin();
  TableSession second = begin();
  ASSERT_TRUE(run(first.update("instances", instance(0, "first"), soon())).has_value());
  ASSERT_TRUE(run(second.update("instances", instance(0, "second"), soon())).has_value());
  ASSERT_TRUE(run(second.update("instances", instance(1, "second"), soon())).has_value());
  EXPECT_EQ(code_of(run(first.commit(soon()))), "ok");
  EXPECT_EQ(code_of(run(second.commit(soon()))), "conflict");
  EXPECT_TRUE(find("by_host", {.equal = {Value("second")}}, 10).rows.empty()) << "half of it was written";
  second.rollback();
  ASSERT_TRUE(run(second.update("instances", instance(0, "second"), soon())).has_value());
  EXPECT_EQ(code_of(run(second.commit(soon()))), "ok");
}

// There, the entries of old values stay in the index for ever.
TEST_F(RomeTest, AnIndexEntryGoesWithItsValue) {
  fill(1, 1);
  const std::size_t before = registers();
  for (int i = 0; i < 20; ++i) {
    TableSession session = begin();
    ASSERT_TRUE(run(session.update("instances", instance(0, "moved" + std::to_string(i)), soon())).has_value());
    ASSERT_TRUE(run(session.commit(soon())).has_value());
  }
  pass(seconds(1));
  EXPECT_EQ(registers(), before);
  EXPECT_TRUE(find("by_host", {.equal = {Value("host0")}}, 10).rows.empty());
  EXPECT_EQ(find("by_host", {.equal = {Value("moved19")}}, 10).rows.size(), 1u);
}

}  // namespace
}  // namespace latium::testing
