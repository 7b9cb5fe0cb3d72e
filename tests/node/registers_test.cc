// The public registers, on nodes with and without replicas.
#include "latium/registers.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "latium/asio.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

using RegistersTest = ThreeNodesTest;

TenantRegisters registers_of(Node& node) {
  auto registers = node.registers("acme");
  EXPECT_TRUE(registers.has_value()) << registers.error().message;
  return *std::move(registers);
}

TEST_F(RegistersTest, AChangeOnAnyNodeIsReadOnEveryOther) {
  std::uint64_t version = 0;
  for (std::size_t writer = 0; writer < nodes_.size(); ++writer) {
    const std::string value = "from " + std::to_string(writer);
    const auto expected = writer == 0 ? Expected::absent() : Expected::in_version(version);
    const auto changed = registers_of(nodes_[writer]).cas("k", expected, value);
    ASSERT_TRUE(changed.has_value()) << changed.error().message;
    EXPECT_TRUE(changed->applied);
    EXPECT_GT(changed->version, version);
    version = changed->version;
    for (Node& reader : nodes_) {
      const auto found = registers_of(reader).get("k");
      ASSERT_TRUE(found.has_value()) << found.error().message;
      EXPECT_EQ(found->value, value);
      EXPECT_EQ(found->version, version);
      EXPECT_GE(found->cost.round_trips, 1u);
      EXPECT_EQ(found->cost.wan_round_trips, 0u);
      EXPECT_EQ(found->cost.replicas_asked, 3u);
    }
  }
}

TEST_F(RegistersTest, WhoeverChangedItLastNeedsOneRoundTrip) {
  TenantRegisters registers = registers_of(replica(0));
  ASSERT_TRUE(registers.cas("k", Expected::absent(), "1").has_value());
  const auto again = registers.cas("k", Expected::holds("1"), "2");
  ASSERT_TRUE(again.has_value() && again->applied);
  EXPECT_EQ(again->cost.round_trips, 1u);
  EXPECT_GT(again->cost.bytes, 0u);
}

TEST_F(RegistersTest, ARefusalSaysWhatTheRegisterHolds) {
  TenantRegisters registers = registers_of(replica(1));
  const auto made = registers.cas("k", Expected::anything(), "v");
  ASSERT_TRUE(made.has_value() && made->applied);
  EXPECT_FALSE(made->value.has_value());
  for (const Expected& wrong : {Expected::absent(), Expected::holds("w"), Expected::in_version(made->version + 1)}) {
    const auto refused = registers_of(client()).cas("k", wrong, "x");
    ASSERT_TRUE(refused.has_value()) << refused.error().message;
    EXPECT_FALSE(refused->applied);
    EXPECT_EQ(refused->value, "v");
    EXPECT_EQ(refused->version, made->version);
  }
}

TEST_F(RegistersTest, ARemovedRegisterIsAbsentAndGoesOnAboveItsVersions) {
  TenantRegisters registers = registers_of(replica(2));
  const auto made = registers.cas("k", Expected::anything(), "v");
  ASSERT_TRUE(made.has_value());
  EXPECT_FALSE(registers.remove("k", Expected::holds("w"))->applied);
  ASSERT_TRUE(registers.remove("k", Expected::holds("v"))->applied);
  EXPECT_EQ(registers.get("k")->value, std::nullopt);
  const auto made_again = registers.cas("k", Expected::absent(), "w");
  ASSERT_TRUE(made_again.has_value() && made_again->applied);
  EXPECT_GT(made_again->version, made->version);
}

TEST_F(RegistersTest, ALocalReadCostsNothingOnAReplicaAndOneRoundTripElsewhere) {
  ASSERT_TRUE(registers_of(replica(0)).cas("k", Expected::absent(), "1").has_value());
  // The second change tells everyone with its accept that the first was chosen; the replica here may be the last to take it.
  ASSERT_TRUE(registers_of(replica(0)).cas("k", Expected::holds("1"), "2").has_value());
  auto here = registers_of(replica(0)).get("k", {.consistency = Consistency::local});
  for (int look = 0; look < 1'000'000 && here && !here->value; ++look) {
    here = registers_of(replica(0)).get("k", {.consistency = Consistency::local});
  }
  ASSERT_TRUE(here.has_value()) << here.error().message;
  EXPECT_TRUE(here->value == "1" || here->value == "2") << here->value.value_or("nothing");
  EXPECT_EQ(here->cost.round_trips, 0u);
  EXPECT_EQ(here->cost.replicas_asked, 1u);
  const auto there = registers_of(client()).get("k", {.consistency = Consistency::local});
  ASSERT_TRUE(there.has_value()) << there.error().message;
  EXPECT_EQ(there->cost.round_trips, 1u);
  const auto nothing = registers_of(replica(0)).get("never written", {.consistency = Consistency::local});
  ASSERT_TRUE(nothing.has_value());
  EXPECT_EQ(nothing->value, std::nullopt);
  EXPECT_EQ(nothing->version, 0u);
}

TEST_F(RegistersTest, ALocalReadSeesNothingThatWasNotChosen) {
  // Alone, one replica accepts and cannot have it chosen.
  nodes_[1].stop().value();
  nodes_[2].stop().value();
  TenantRegisters registers = registers_of(replica(0));
  const auto changed = registers.cas("k", Expected::absent(), "v", {.timeout = std::chrono::milliseconds(300)});
  ASSERT_FALSE(changed.has_value());
  const auto found = registers.get("k", {.consistency = Consistency::local});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->value, std::nullopt);
}

TEST_F(RegistersTest, WithoutAMajorityNothingIsChanged) {
  TenantRegisters registers = registers_of(replica(0));
  // By another node: this one has no promise for it, and asks for one first.
  ASSERT_TRUE(registers_of(replica(1)).cas("k", Expected::absent(), "u").has_value());
  ASSERT_TRUE(registers.get("k").has_value());
  nodes_[1].stop().value();
  nodes_[2].stop().value();
  const std::chrono::milliseconds timeout(300);
  const auto changed = registers.cas("k", Expected::anything(), "v", {.timeout = timeout});
  ASSERT_FALSE(changed.has_value());
  EXPECT_EQ(changed.error().code, ErrorCode::unavailable) << changed.error().message;
  EXPECT_EQ(changed.error().certainty, Certainty::not_applied);
  EXPECT_EQ(registers.get("k", {.timeout = timeout}).error().code, ErrorCode::unavailable);
  // What makes a register may have been taken by the replica here.
  const auto made = registers.cas("new", Expected::absent(), "v", {.timeout = timeout});
  ASSERT_FALSE(made.has_value());
  EXPECT_TRUE(made.error().code == ErrorCode::unavailable || made.error().code == ErrorCode::unknown_outcome)
      << made.error().message;
}

TEST_F(RegistersTest, ADroppedTenantsHandleIsGoodForNothing) {
  TenantRegisters old = registers_of(replica(0));
  ASSERT_TRUE(old.cas("k", Expected::absent(), "v").has_value());
  ASSERT_TRUE(replica(0).drop_tenant("acme").has_value());
  ASSERT_TRUE(replica(0).create_tenant("acme", {.placement = "rennes:3"}).has_value());
  EXPECT_EQ(old.get("k").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(old.get("k", {.consistency = Consistency::local}).error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(old.cas("k", Expected::anything(), "w").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(registers_of(replica(0)).get("k")->value, std::nullopt);
}

TEST_F(RegistersTest, BadArgumentsAreRefused) {
  TenantRegisters registers = registers_of(replica(0));
  const auto code = [](const auto& result) { return result.has_value() ? ErrorCode::internal : result.error().code; };
  EXPECT_EQ(code(registers.get("")), ErrorCode::invalid_argument);
  EXPECT_EQ(code(registers.get("", {.consistency = Consistency::local})), ErrorCode::invalid_argument);
  EXPECT_EQ(code(registers.get("k", {.timeout = std::chrono::milliseconds(0)})), ErrorCode::invalid_argument);
  EXPECT_EQ(code(registers.cas("k", Expected::anything(), "v", {.timeout = std::chrono::hours(25)})),
            ErrorCode::invalid_argument);
  const auto large = registers.cas("k", Expected::anything(), std::string(kMaxRegisterBytes + 1, 'x'));
  EXPECT_EQ(code(large), ErrorCode::invalid_argument);
  EXPECT_EQ(code(replica(0).registers("nobody")), ErrorCode::unknown_tenant);
}

TEST_F(RegistersTest, AfterTheStopCallsAreUnavailable) {
  TenantRegisters registers = registers_of(replica(0));
  replica(0).stop().value();
  EXPECT_EQ(registers.get("k").error().code, ErrorCode::unavailable);
  EXPECT_EQ(registers.get("k", {.consistency = Consistency::local}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(registers.remove("k").error().code, ErrorCode::unavailable);
}

// Every increment that was acknowledged is in the count, and none twice, whichever nodes the threads are on.
TEST_F(RegistersTest, CountingFromManyThreadsAndNodesLosesNothing) {
  constexpr int kThreads = 8;
  constexpr int kIncrements = 10;
  std::atomic<int> counted = 0;
  std::atomic<int> unknown = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      TenantRegisters registers = registers_of(nodes_[t % nodes_.size()]);
      for (int done = 0; done < kIncrements;) {
        const auto found = registers.get("count");
        if (!found) continue;
        const int count = found->value ? std::stoi(*found->value) : 0;
        const auto changed = registers.cas("count", Expected::in_version(found->version), std::to_string(count + 1));
        const bool perhaps = !changed && changed.error().certainty == Certainty::unknown;
        if (changed && changed->applied) ++counted;
        if (perhaps) ++unknown;
        if (perhaps || (changed && changed->applied)) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const int count = std::stoi(*registers_of(client()).get("count")->value);
  EXPECT_GE(count, counted);
  EXPECT_LE(count, counted + unknown);
  EXPECT_GT(counted, 0);
}

boost::asio::awaitable<bool> awaits(TenantRegisters registers) {
  using boost::asio::use_awaitable;
  const auto me = std::this_thread::get_id();
  const auto made = co_await async_cas(registers, "k", Expected::absent(), "v", {}, use_awaitable);
  const auto found = co_await async_get(registers, "k", {}, use_awaitable);
  const auto removed = co_await async_remove(registers, "k", Expected::holds("v"), {}, use_awaitable);
  co_return made && made->applied&& found && found->value == "v" && removed &&
      removed->applied&& std::this_thread::get_id() == me;
}

TEST_F(RegistersTest, AwaitableFormsRunOnTheCallersExecutor) {
  boost::asio::io_context context;
  auto outcome = boost::asio::co_spawn(context, awaits(registers_of(client())), boost::asio::use_future);
  context.run();
  EXPECT_TRUE(outcome.get());
}

TEST_F(RegistersTest, CallbacksRunOnceOnTheNodesThread) {
  TenantRegisters registers = registers_of(client());
  std::promise<Result<RegisterChange>> changed;
  registers.cas_async("k", Expected::absent(), "v", {}, [&](Result<RegisterChange> result) {
    // A blocking call would wait for this very thread.
    EXPECT_EQ(registers.get("k").error().code, ErrorCode::invalid_argument);
    changed.set_value(std::move(result));
  });
  EXPECT_TRUE(changed.get_future().get()->applied);
}

}  // namespace
}  // namespace latium
