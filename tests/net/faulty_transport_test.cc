// Two nodes in virtual time, a FaultyTransport each, over the simulated network with a fixed delay of 1 ms a message.
#include "net/faulty_transport.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/task_group.h"
#include "tests/sim/sim_network.h"

namespace latium {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Method kEcho = 1;
constexpr Method kHold = 2;
constexpr Method kRefuse = 3;
constexpr Duration kLossNoticed = seconds(15);

sim::NetworkOptions quiet_network() {
  sim::NetworkOptions options;
  options.lan_min = options.lan_max = milliseconds(1);
  options.tail = 0;
  return options;
}

PeerIdentity node_of(std::uint64_t id, const std::string& site) {
  PeerIdentity identity;
  identity.role = PeerRole::node;
  identity.node = NodeId{id};
  identity.site = site;
  return identity;
}

/// A machine with one process: its transport, and rules over it.
struct Machine final : RequestHandler {
  Machine(sim::Simulation& simulation, sim::SimNetwork& network, const std::string& name, PeerIdentity identity)
      : clock(simulation, Random(1)),
        runtime(simulation, clock, name),
        wire(network, runtime, network.add_host("one LAN"), std::move(identity)),
        transport(runtime.runtime(), wire, kLossNoticed) {}

  void handle(IncomingRequest request) override {
    ++handled;
    if (request.method() == kEcho) {
      Bytes answer = "echo " + request.payload();
      std::move(request).respond(std::move(answer));
    } else if (request.method() == kRefuse) {
      std::move(request).respond(fail(ErrorCode::conflict, "refused"));
    } else {
      held.push_back(std::make_unique<IncomingRequest>(std::move(request)));
    }
  }
  void cancelled(std::uint64_t, std::uint64_t) override { ++told_of_cancels; }
  MonotonicTime in(Duration delay) { return runtime.runtime().clock.monotonic_now() + delay; }

  std::vector<std::unique_ptr<IncomingRequest>> held;
  int handled = 0;
  int told_of_cancels = 0;
  sim::SimClock clock;
  sim::SimRuntime runtime;
  sim::SimTransport wire;
  FaultyTransport transport;
};

class FaultyTransportTest : public ::testing::Test {
 protected:
  FaultyTransportTest() {
    EXPECT_TRUE(server_.transport.listen(address_, server_));
    EXPECT_EQ(call(kEcho, "warm"), "echo warm");  // connects
    server_.handled = 0;
  }
  ~FaultyTransportTest() override {
    tasks_.cancel();
    EXPECT_TRUE(simulation_.run(tasks_.join()));
    EXPECT_TRUE(simulation_.run(client_.transport.stop()));
    EXPECT_TRUE(simulation_.run(server_.transport.stop()));
    server_.held.clear();
    EXPECT_FALSE(simulation_.failed());
  }

  static std::string describe(const Result<Bytes>& answer) {
    if (answer) return *answer;
    return std::string(to_string(answer.error().code)) + '/' + std::string(to_string(answer.error().certainty));
  }
  std::string call(Method method, Bytes request, CallOptions options = {}) {
    return describe(simulation_.run(client_.transport.call(address_, method, std::move(request), options)));
  }
  static Task<void> call_and_note(Transport& transport, Address address, Method method, Bytes request, CallOptions options,
                                  std::vector<std::string>& notes) {
    notes.push_back(describe(co_await transport.call(address, method, std::move(request), options)));
    co_return Result<void>();
  }
  void begin(Method method, Bytes request, CallOptions options = {}) {
    const auto spawned = tasks_.spawn(call_and_note(client_.transport, address_, method, std::move(request), options, notes_));
    ASSERT_TRUE(spawned);
  }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }
  /// Virtual time that a call takes.
  Duration time_of(Method method) {
    const Duration before = simulation_.now();
    call(method, "x");
    return simulation_.now() - before;
  }

  FaultRules calls(Fault fault) { return FaultRules({{.site = "", .nodes = {}, .addresses = {address_}, .fault = fault}}); }
  static FaultRules callers(Fault fault) { return FaultRules({{.site = "paris", .nodes = {}, .addresses = {}, .fault = fault}}); }

  using Notes = std::vector<std::string>;
  sim::Simulation simulation_{1};
  sim::SimNetwork network_{simulation_, quiet_network()};
  Machine server_{simulation_, network_, "server", node_of(1, "rennes")};
  Machine client_{simulation_, network_, "client", node_of(2, "paris")};
  Address address_{"server", 7400};
  Notes notes_;
  TaskGroup tasks_{client_.runtime.runtime().executor, 100'000};
};

TEST_F(FaultyTransportTest, WithoutRulesItIsTheTransportBelow) {
  EXPECT_EQ(time_of(kEcho), milliseconds(2));
  EXPECT_EQ(call(kRefuse, ""), "conflict/not_applied");
  EXPECT_EQ(client_.transport.statistics().requests_sent, client_.wire.statistics().requests_sent);
  EXPECT_GT(client_.transport.statistics().requests_sent, 0u);
}

TEST_F(FaultyTransportTest, ACutCallSendsNothingAndEndsAtItsDeadline) {
  client_.transport.set_rules(calls({.cut = true}));
  begin(kEcho, "x", {client_.in(seconds(3))});
  pass(seconds(3) - milliseconds(1));
  EXPECT_TRUE(notes_.empty());
  pass(milliseconds(1));
  EXPECT_EQ(notes_, Notes{"deadline_exceeded/unknown"});
  EXPECT_EQ(server_.handled, 0);
}

TEST_F(FaultyTransportTest, WithoutADeadlineALossIsNoticedInTheEnd) {
  client_.transport.set_rules(calls({.cut = true}));
  begin(kEcho, "x");
  pass(kLossNoticed - milliseconds(1));
  EXPECT_TRUE(notes_.empty());
  pass(milliseconds(1));
  EXPECT_EQ(notes_, Notes{"unavailable/unknown"});
}

TEST_F(FaultyTransportTest, OtherAddressesAreNotCut) {
  client_.transport.set_rules(FaultRules({{.site = "", .nodes = {}, .addresses = {{"server", 7401}}, .fault = {.cut = true}}}));
  EXPECT_EQ(call(kEcho, "x"), "echo x");
}

TEST_F(FaultyTransportTest, HealingLetsNewCallsThroughAndBringsNothingBack) {
  client_.transport.set_rules(calls({.cut = true}));
  begin(kEcho, "lost", {client_.in(seconds(3))});
  pass(seconds(1));
  client_.transport.set_rules({});
  EXPECT_EQ(call(kEcho, "new"), "echo new");
  pass(seconds(3));
  EXPECT_EQ(notes_, Notes{"deadline_exceeded/unknown"});
  EXPECT_EQ(server_.handled, 1);
}

TEST_F(FaultyTransportTest, ADeadlineInThePastIsCertain) {
  for (const Fault fault : {Fault{.cut = true}, Fault{.delay = seconds(1)}}) {
    client_.transport.set_rules(calls(fault));
    EXPECT_EQ(call(kEcho, "x", {client_.in(Duration(0))}), "deadline_exceeded/not_applied");
  }
}

TEST_F(FaultyTransportTest, ARequestOfACutPeerIsNotServed) {
  server_.transport.set_rules(callers({.cut = true}));
  EXPECT_EQ(call(kEcho, "x", {client_.in(seconds(3))}), "deadline_exceeded/unknown");
  EXPECT_EQ(server_.handled, 0);
  const Duration before = simulation_.now();
  EXPECT_EQ(call(kEcho, "x"), "unavailable/unknown");
  EXPECT_GE(simulation_.now() - before, kLossNoticed);
  server_.transport.set_rules({});
  EXPECT_EQ(call(kEcho, "x"), "echo x");
  EXPECT_EQ(server_.handled, 1);
}

TEST_F(FaultyTransportTest, ACallOfARuleOnCallersOnlyGoesThrough) {
  client_.transport.set_rules(callers({.cut = true}));
  server_.transport.set_rules(calls({.cut = true}));
  EXPECT_EQ(call(kEcho, "x"), "echo x");
}

TEST_F(FaultyTransportTest, ClientsAreServedWhateverTheRules) {
  PeerIdentity client = node_of(0, "paris");
  client.role = PeerRole::client;
  client_.wire.set_identity(client);
  server_.transport.set_rules(callers({.cut = true, .delay = seconds(1)}));
  EXPECT_EQ(time_of(kEcho), milliseconds(2));
}

TEST_F(FaultyTransportTest, AnAnswerUnderWayIsLostWhenTheServerIsCut) {
  begin(kHold, "x", {client_.in(seconds(3))});
  pass(milliseconds(10));
  ASSERT_EQ(server_.held.size(), 1u);
  server_.transport.set_rules(callers({.cut = true}));
  std::move(*server_.held[0]).respond(Bytes("done"));
  pass(seconds(1));
  EXPECT_TRUE(notes_.empty());
  server_.transport.set_rules({});
  pass(seconds(3));
  EXPECT_EQ(notes_, Notes{"deadline_exceeded/unknown"});
}

TEST_F(FaultyTransportTest, AnAnswerUnderWayIsLostWhenTheCallerIsCut) {
  begin(kHold, "x", {client_.in(seconds(3))});
  pass(milliseconds(10));
  ASSERT_EQ(server_.held.size(), 1u);
  client_.transport.set_rules(calls({.cut = true}));
  std::move(*server_.held[0]).respond(Bytes("done"));
  pass(seconds(4));
  EXPECT_EQ(notes_, Notes{"deadline_exceeded/unknown"});
}

TEST_F(FaultyTransportTest, DelaysAreOneWay) {
  client_.transport.set_rules(calls({.delay = milliseconds(40)}));
  EXPECT_EQ(time_of(kEcho), milliseconds(42));
  server_.transport.set_rules(callers({.delay = milliseconds(30)}));
  EXPECT_EQ(time_of(kEcho), milliseconds(72));
  EXPECT_EQ(time_of(kRefuse), milliseconds(72)) << "errors are answers";
  client_.transport.set_rules({});
  EXPECT_EQ(time_of(kEcho), milliseconds(32));
  server_.transport.set_rules({});
  EXPECT_EQ(time_of(kEcho), milliseconds(2));
}

TEST_F(FaultyTransportTest, DelayedCallsKeepTheirOrder) {
  client_.transport.set_rules(calls({.delay = milliseconds(40)}));
  for (int i = 0; i < 5; ++i) begin(kEcho, std::to_string(i));
  pass(seconds(1));
  EXPECT_EQ(notes_, (Notes{"echo 0", "echo 1", "echo 2", "echo 3", "echo 4"}));
}

TEST_F(FaultyTransportTest, ADelayBeyondTheDeadlineEndsAtTheDeadline) {
  client_.transport.set_rules(calls({.delay = seconds(10)}));
  const Duration before = simulation_.now();
  EXPECT_EQ(call(kEcho, "x", {client_.in(seconds(2))}), "deadline_exceeded/unknown");
  EXPECT_EQ(simulation_.now() - before, seconds(2));
  EXPECT_EQ(server_.handled, 0);
}

TEST_F(FaultyTransportTest, ACutCatchesWhatADelayHolds) {
  client_.transport.set_rules(calls({.delay = seconds(1)}));
  begin(kEcho, "request", {client_.in(seconds(5))});
  pass(milliseconds(500));
  client_.transport.set_rules(calls({.cut = true}));
  pass(seconds(5));
  EXPECT_EQ(server_.handled, 0);
  client_.transport.set_rules({});
  server_.transport.set_rules(callers({.delay = seconds(1)}));
  begin(kEcho, "answer", {client_.in(seconds(5))});
  pass(milliseconds(500));
  server_.transport.set_rules(callers({.cut = true}));
  pass(seconds(6));
  EXPECT_EQ(server_.handled, 1);
  EXPECT_EQ(notes_, (Notes{"deadline_exceeded/unknown", "deadline_exceeded/unknown"}));
}

TEST_F(FaultyTransportTest, HeldCallsEndWhenCancelled) {
  client_.transport.set_rules(calls({.cut = true}));
  begin(kEcho, "cut");
  pass(seconds(1));
  client_.transport.set_rules(calls({.delay = seconds(10)}));
  begin(kEcho, "delayed");
  pass(seconds(1));
  tasks_.cancel();
  simulation_.settle();
  EXPECT_EQ(notes_, (Notes{"cancelled/unknown", "cancelled/unknown"}));
}

TEST_F(FaultyTransportTest, HeldCallsEndWhenItStops) {
  client_.transport.set_rules(calls({.cut = true}));
  begin(kEcho, "cut", {client_.in(seconds(60))});
  pass(seconds(1));
  client_.transport.set_rules(calls({.delay = seconds(10)}));
  begin(kEcho, "delayed", {client_.in(seconds(60))});
  pass(seconds(1));
  const Duration before = simulation_.now();
  ASSERT_TRUE(simulation_.run(client_.transport.stop()));
  EXPECT_EQ(simulation_.now(), before);
  EXPECT_EQ(notes_, (Notes{"unavailable/unknown", "unavailable/unknown"})) << "stop() waits for every call";
  EXPECT_EQ(call(kEcho, "x"), "unavailable/not_applied");
}

TEST_F(FaultyTransportTest, AStoppedServerLetsNothingOutOfACut) {
  server_.transport.set_rules(callers({.cut = true}));
  begin(kEcho, "lost");
  pass(seconds(1));
  server_.transport.set_rules(callers({.delay = seconds(10)}));
  begin(kEcho, "delayed");
  begin(kHold, "held");
  pass(seconds(1));
  ASSERT_EQ(server_.held.size(), 1u);
  ASSERT_TRUE(simulation_.run(server_.transport.stop()));
  std::move(*server_.held[0]).respond(Bytes("too late"));
  pass(seconds(20));
  EXPECT_EQ(notes_, (Notes{"unavailable/unknown", "unavailable/unknown", "unavailable/unknown"}));
}

TEST_F(FaultyTransportTest, TooManyHeldCallsAreRefused) {
  client_.transport.set_rules(calls({.cut = true}));
  for (int i = 0; i < 16384; ++i) begin(kEcho, "");
  simulation_.settle();
  EXPECT_EQ(call(kEcho, ""), "overloaded/not_applied");
  client_.transport.set_rules({});
  EXPECT_EQ(call(kEcho, "x"), "echo x");
}

/// Takes answers as a connection does, and tells of cancels by hand: the simulated network has none.
class FaultyRequestsTest : public FaultyTransportTest, public ResponseSink {
 protected:
  void respond(std::uint64_t id, Result<Bytes> response) override {
    answers_.push_back(std::to_string(id) + ' ' + describe(response));
  }
  void handle(std::uint64_t id, Method method) {
    requests_->handle(
        IncomingRequest(method, "x", kNever, peer_, std::shared_ptr<ResponseSink>(std::shared_ptr<void>(), this), 9, id));
  }

  PeerIdentity peer_ = node_of(2, "paris");
  std::shared_ptr<FaultyRequests> requests_ = std::make_shared<FaultyRequests>(server_.runtime.runtime(), server_, kLossNoticed);
  Notes answers_;
};

TEST_F(FaultyRequestsTest, TheHandlerHearsOfCancelsOfWhatItHas) {
  handle(1, kHold);
  requests_->cancelled(9, 1);
  EXPECT_EQ(server_.told_of_cancels, 1);
  std::move(*server_.held.at(0)).respond(Bytes("late"));
  EXPECT_EQ(answers_, Notes{"1 late"});
}

TEST_F(FaultyRequestsTest, WhatIsHeldIsLetGoWhenItsCallerIs) {
  requests_->set_rules(callers({.cut = true}));
  handle(1, kEcho);
  requests_->set_rules(callers({.delay = seconds(1)}));
  handle(2, kEcho);
  EXPECT_TRUE(answers_.empty());
  requests_->cancelled(9, 1);
  requests_->cancelled(9, 2);
  EXPECT_EQ(server_.told_of_cancels, 0) << "it has answered, or never had it";
  EXPECT_EQ(answers_, (Notes{"1 internal/unknown", "2 internal/unknown"})) << "dropped: the connection knows that nobody waits";
  handle(1, kEcho);  // the ids are free again, and no timer is left for them
  pass(seconds(30));
  EXPECT_EQ(answers_.size(), 3u);
}

TEST_F(FaultyRequestsTest, AHandlerThatDropsARequestAnswersInternal) {
  handle(1, kHold);
  server_.held.clear();
  EXPECT_EQ(answers_, Notes{"1 internal/unknown"});
}

}  // namespace
}  // namespace latium
