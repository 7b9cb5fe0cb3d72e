// The Transport contract over the simulated network, and what each of its faults does.
#include "tests/sim/sim_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/sim/network_fixture.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(SimNetworkTest, OneRequestOneAnswer) {
  EXPECT_EQ(call(kEcho, "hello"), Result<Bytes>("echo hello"));
  const auto statistics = client_.transport.statistics();
  EXPECT_EQ(statistics.requests_sent, 1u);
  EXPECT_EQ(statistics.bytes_sent, 5u);
  EXPECT_EQ(statistics.bytes_received, 10u);
  EXPECT_EQ(server_->transport.statistics().requests_received, 1u);
}

TEST_F(SimNetworkTest, ErrorsOfTheHandlerComeAsTheyAre) {
  const auto answer = call(kRefuse, "");
  EXPECT_EQ(answer, Result<Bytes>(fail(ErrorCode::conflict, "refused")));
}

TEST_F(SimNetworkTest, ADroppedRequestIsAnInternalError) {
  EXPECT_EQ(describe(call(kDrop, "")), "internal/unknown");
}

TEST_F(SimNetworkTest, TheDeadlineTravelsInTheServersTime) {
  begin(kSilence, "", {client_.clock.monotonic_now() + seconds(3)});
  pass(seconds(1));
  ASSERT_EQ(server_->deadlines.size(), 1u);
  const Duration remaining = server_->deadlines[0] - server_->clock.monotonic_now();
  EXPECT_GT(remaining, seconds(2) - milliseconds(1));
  EXPECT_LT(remaining, seconds(2) + milliseconds(500));
  pass(seconds(4));
  EXPECT_EQ(notes_, (std::vector<std::string>{"deadline_exceeded/unknown"}));
  begin(kSilence, "no deadline");
  pass(seconds(1));
  EXPECT_EQ(server_->deadlines.at(1), kNever);
}

TEST_F(SimNetworkTest, ADeadlineInThePastSendsNothing) {
  EXPECT_EQ(describe(call(kEcho, "", seconds(0))), "deadline_exceeded/not_applied");
  EXPECT_EQ(client_.transport.statistics().requests_sent, 0u);
}

TEST_F(SimNetworkTest, CancelEndsTheCall) {
  begin(kSilence, "");
  pass(seconds(1));
  tasks_.cancel();
  settle();
  EXPECT_EQ(notes_, (std::vector<std::string>{"cancelled/unknown"}));
}

TEST_F(SimNetworkTest, AnAnswerAfterTheDeadlineIsForgotten) {
  begin(kSilence, "", {client_.clock.monotonic_now() + seconds(1)});
  pass(seconds(2));
  std::move(*server_->held.at(0)).respond(Bytes("late"));
  pass(seconds(2));
  EXPECT_EQ(notes_, (std::vector<std::string>{"deadline_exceeded/unknown"}));
}

TEST_F(SimNetworkTest, NobodyListensIsUnavailable) {
  const auto nobody = [&](Address address) { return describe(simulation_.run(client_.transport.call(address, kEcho, "", {}))); };
  EXPECT_EQ(nobody({"nowhere", 1}), "unavailable/not_applied");
  ASSERT_TRUE(simulation_.run(server_->transport.stop()));
  EXPECT_EQ(nobody(address_), "unavailable/not_applied");
}

TEST_F(SimNetworkTest, TooLargeIsRefusedBySender) {
  EXPECT_EQ(describe(call(kEcho, Bytes(kMaxMessageBytes + 1, 'x'))), "invalid_argument/not_applied");
  EXPECT_EQ(server_->handled, 0);
  EXPECT_EQ(describe(call(kHuge, "")), "invalid_argument/unknown");
}

TEST_F(SimNetworkTest, TooManyCallsToOnePeerAreRefused) {
  network_.options().in_flight_per_peer = 2;
  for (int i = 0; i < 3; ++i) begin(kSilence, "");
  settle();
  EXPECT_EQ(notes_, (std::vector<std::string>{"overloaded/not_applied"}));
  EXPECT_EQ(client_.transport.statistics().overloaded, 1u);
}

TEST_F(SimNetworkTest, AnAddressInUseIsRefusedAndPortZeroChooses) {
  Machine other(simulation_, network_, "other");
  EXPECT_EQ(other.transport.listen(address_, other).error().code, ErrorCode::io_error);
  Machine third(simulation_, network_, "third");
  const auto chosen = third.transport.listen({"third", 0}, third);
  ASSERT_TRUE(chosen);
  EXPECT_NE(chosen->port, 0);
}

TEST_F(SimNetworkTest, AnotherClusterIsRefused) {
  PeerIdentity identity;
  identity.cluster = ClusterId{1};
  client_.transport.set_identity(identity);
  identity.cluster = ClusterId{2};
  server_->transport.set_identity(identity);
  EXPECT_EQ(describe(call(kEcho, "")), "wrong_cluster/not_applied");
  EXPECT_EQ(server_->transport.statistics().rejected_connections, 1u);
}

TEST_F(SimNetworkTest, StopEndsCallsOfBothSides) {
  begin(kSilence, "");
  pass(seconds(1));
  ASSERT_TRUE(simulation_.run(server_->transport.stop()));
  pass(seconds(1));
  EXPECT_EQ(notes_, (std::vector<std::string>{"unavailable/unknown"}));
  std::move(*server_->held.at(0)).respond(Bytes("to nobody"));
  ASSERT_TRUE(simulation_.run(client_.transport.stop()));
  EXPECT_EQ(describe(call(kEcho, "")), "unavailable/not_applied");
}

TEST_F(SimNetworkTest, AKilledProcessResetsItsConnections) {
  begin(kSilence, "");
  pass(seconds(1));
  kill_server(true);
  pass(milliseconds(200));
  EXPECT_EQ(notes_, (std::vector<std::string>{"unavailable/unknown"}));
}

TEST_F(SimNetworkTest, AKilledMachineIsNoticedByKeepalive) {
  begin(kSilence, "");
  pass(seconds(1));
  kill_server(false);
  pass(milliseconds(900));
  EXPECT_TRUE(notes_.empty());
  pass(seconds(10));
  EXPECT_EQ(notes_, (std::vector<std::string>{"unavailable/unknown"}));
}

TEST_F(SimNetworkTest, APausedPeerAnswersOnceItGoesOn) {
  ASSERT_TRUE(call(kEcho, ""));
  server_->runtime.gate().pause();
  begin(kEcho, "x");
  pass(seconds(60));
  EXPECT_TRUE(notes_.empty());
  server_->runtime.gate().resume();
  pass(seconds(1));
  EXPECT_EQ(notes_, (std::vector<std::string>{"echo x"}));
}

TEST_F(SimNetworkTest, LossEndsCallsWithoutADeadline) {
  ASSERT_TRUE(call(kEcho, ""));
  network_.options().loss = 1;
  const Duration before = simulation_.now();
  EXPECT_EQ(describe(simulation_.run(client_.transport.call(address_, kEcho, "", {}))), "unavailable/unknown");
  EXPECT_GE(simulation_.now() - before, network_.options().dead_after_min);
  EXPECT_EQ(server_->handled, 1);
}

TEST_F(SimNetworkTest, LossHitsTheShareThatItSays) {
  network_.options().loss = 0.2;
  int answered = 0;
  for (int i = 0; i < 500; ++i) answered += call(kEcho, "").has_value() ? 1 : 0;
  EXPECT_NEAR(answered, 500 * 0.8 * 0.8, 50);
  EXPECT_NEAR(server_->handled, 500 * 0.8, 40);
}

TEST_F(SimNetworkTest, DuplicatesReachTheHandlerTwiceAndTheCallerOnce) {
  network_.options().duplication = 1;
  EXPECT_EQ(call(kEcho, "a"), Result<Bytes>("echo a"));
  EXPECT_EQ(describe(call(kRefuse, "")), "conflict/unknown") << "the other copy may fare better";
  pass(seconds(3));
  EXPECT_EQ(server_->handled, 4);
}

TEST_F(SimNetworkTest, OrderIsKeptUnlessReordering) {
  network_.options().tail = 0.3;
  ASSERT_TRUE(call(kEcho, "first"));
  const auto send_many = [&] {
    server_->payloads.clear();
    for (int i = 100; i < 200; ++i) begin(kEcho, std::to_string(i));
    pass(seconds(10));
    EXPECT_EQ(server_->payloads.size(), 100u);
    return std::ranges::is_sorted(server_->payloads);
  };
  EXPECT_TRUE(send_many());
  network_.options().reordering = 1;
  EXPECT_FALSE(send_many());
}

TEST_F(SimNetworkTest, SitesAreFurtherApart) {
  Machine far(simulation_, network_, "far", "other site");
  ASSERT_TRUE(far.transport.listen({"far", 1}, far));
  network_.options().tail = 0;
  const auto round_trip = [&](Address address) {
    EXPECT_TRUE(simulation_.run(client_.transport.call(address, kEcho, "", {})));  // connects
    const Duration before = simulation_.now();
    EXPECT_TRUE(simulation_.run(client_.transport.call(address, kEcho, "", {})));
    return simulation_.now() - before;
  };
  EXPECT_LE(round_trip(address_), milliseconds(4));
  const Duration wan = round_trip({"far", 1});
  EXPECT_GE(wan, milliseconds(10));
  EXPECT_LE(wan, milliseconds(360));
}

TEST_F(SimNetworkTest, ACutLosesBothNewAndTravelling) {
  ASSERT_TRUE(call(kEcho, ""));
  begin(kEcho, "travels");
  settle();
  network_.isolate(client_.transport.host());
  EXPECT_EQ(describe(call(kEcho, "", milliseconds(500))), "deadline_exceeded/unknown");
  pass(seconds(20));
  EXPECT_EQ(notes_, (std::vector<std::string>{"unavailable/unknown"}));
  EXPECT_EQ(server_->handled, 1);
  network_.heal();
  EXPECT_TRUE(call(kEcho, "").has_value());
}

TEST_F(SimNetworkTest, ConnectingThroughACutTimesOut) {
  network_.isolate(client_.transport.host());
  EXPECT_EQ(describe(call(kEcho, "", seconds(1))), "deadline_exceeded/not_applied");
  EXPECT_EQ(describe(call(kEcho, "", seconds(60))), "unavailable/not_applied");
}

TEST_F(SimNetworkTest, OneWayCutsLetRequestsThrough) {
  ASSERT_TRUE(call(kEcho, ""));
  network_.cut(server_->transport.host(), client_.transport.host());
  EXPECT_EQ(describe(call(kEcho, "", milliseconds(500))), "deadline_exceeded/unknown");
  EXPECT_EQ(server_->handled, 2);
}

TEST_F(SimNetworkTest, CloggedMessagesComeInOrderWhenUnclogged) {
  ASSERT_TRUE(call(kEcho, ""));
  network_.clog(client_.transport.host(), server_->transport.host());
  server_->payloads.clear();
  for (int i = 0; i < 5; ++i) begin(kEcho, std::to_string(i));
  pass(seconds(30));
  EXPECT_TRUE(server_->payloads.empty());
  network_.unclog_all();
  pass(seconds(1));
  EXPECT_EQ(server_->payloads, (std::vector<Bytes>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(notes_.size(), 5u);
}

TEST_F(SimNetworkTest, AResetFailsWhatIsInFlightAndTheNextCallConnectsAgain) {
  begin(kSilence, "");
  begin(kSilence, "");
  pass(seconds(1));
  network_.reset(client_.transport.host(), server_->transport.host());
  settle();
  EXPECT_EQ(notes_, (std::vector<std::string>{"unavailable/unknown", "unavailable/unknown"}));
  EXPECT_TRUE(call(kEcho, "").has_value());
  network_.options().reset = 1;
  EXPECT_EQ(describe(call(kEcho, "")), "unavailable/unknown");
}

TEST(PartitionTest, ShapesCutWhatTheirNamesSay) {
  Simulation simulation(1);
  SimNetwork network(simulation, {});
  std::vector<std::unique_ptr<Machine>> machines;
  for (int i = 0; i < 5; ++i) {
    machines.push_back(std::make_unique<Machine>(simulation, network, "m" + std::to_string(i), i < 2 ? "left" : "right"));
    ASSERT_TRUE(machines.back()->transport.listen({"m" + std::to_string(i), 1}, *machines.back()));
  }
  const auto reachable = [&] {
    std::string table;
    for (int from = 0; from < 5; ++from) {
      for (int to = 0; to < 5; ++to) {
        if (from == to) continue;
        Machine& machine = *machines[static_cast<std::size_t>(from)];
        const CallOptions options{machine.clock.monotonic_now() + seconds(2)};
        const Address address{"m" + std::to_string(to), 1};
        if (simulation.run(machine.transport.call(address, kEcho, "", options)))
          table += std::to_string(from) + std::to_string(to) + ' ';
      }
    }
    network.heal();
    return table;
  };
  EXPECT_EQ(reachable().size(), 60u);
  network.isolate(4);
  EXPECT_EQ(reachable(), "01 02 03 10 12 13 20 21 23 30 31 32 ");
  network.halves({0, 1}, {2, 3, 4});
  EXPECT_EQ(reachable(), "01 10 23 24 32 34 42 43 ");
  network.bridge({0, 1}, 2, {3, 4});
  EXPECT_EQ(reachable(), "01 02 10 12 20 21 23 24 32 34 42 43 ");
  network.ring({0, 1, 2, 3, 4});
  EXPECT_EQ(reachable(), "01 04 10 12 21 23 32 34 40 43 ");
  network.isolate_site("left");
  EXPECT_EQ(reachable(), "01 10 23 24 32 34 42 43 ");
}

}  // namespace
}  // namespace latium::sim
