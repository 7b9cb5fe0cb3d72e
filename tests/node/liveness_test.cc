// LivenessService over the simulated network: real tasks, timers and calls.
#include "node/liveness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "proto/wire.pb.h"
#include "tests/sim/sim_network.h"

namespace latium::sim {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A machine with nothing but liveness on it.
struct Machine final : RequestHandler {
  Machine(Simulation& simulation, SimNetwork& network, std::uint64_t number, std::string site_name)
      : id{number},
        site(std::move(site_name)),
        clock(simulation, Random(number)),
        runtime(simulation, clock, "machine" + std::to_string(number)),
        transport(network, runtime, network.add_host(site), identity(number)),
        service(runtime.runtime(), transport, id, {}),
        tasks(runtime.runtime().executor, 1) {
    EXPECT_TRUE(transport.listen(address(), *this));
    service.on_change([this](NodeId node, Liveness liveness) { changes.push_back({node, liveness}); });
    service.on_newer_epoch([this](Epoch epoch, NodeId from) { newer.emplace_back(epoch, from); });
    EXPECT_TRUE(tasks.spawn(service.run()));
  }

  static PeerIdentity identity(std::uint64_t number) {
    PeerIdentity identity;
    identity.role = PeerRole::node;
    identity.node = NodeId{number};
    return identity;
  }
  Address address() const { return {"machine" + std::to_string(id.value), 1}; }
  void handle(IncomingRequest request) override {
    EXPECT_EQ(request.method(), wire::METHOD_GOSSIP);
    std::move(request).respond(mute ? Result<Bytes>(Bytes("\xff\xff")) : service.handle(request.peer().node, request.payload()));
  }

  NodeId id;
  std::string site;
  bool mute = false;
  std::vector<SwimChange> changes;
  std::vector<std::pair<Epoch, NodeId>> newer;
  SimClock clock;
  SimRuntime runtime;
  SimTransport transport;
  LivenessService service;
  TaskGroup tasks;
};

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    for (std::uint64_t i = 1; i <= 8; ++i) {
      machines_.push_back(std::make_unique<Machine>(simulation_, network_, i, i <= 4 ? "rennes" : "paris"));
    }
    for (const auto& machine : machines_) members_.push_back({machine->id, machine->site, machine->address()});
    for (const auto& machine : machines_) machine->service.update(members_, Epoch{1});
  }
  ~LivenessTest() override {
    for (const auto& machine : machines_) machine->tasks.cancel();
    simulation_.settle();
    for (const auto& machine : machines_) EXPECT_EQ(machine->tasks.size(), 0u) << "run() ends when it is cancelled";
  }

  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }
  Machine& machine(std::uint64_t number) { return *machines_[number - 1]; }

  Simulation simulation_{1};
  SimNetwork network_{simulation_, {}};
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<LivenessMember> members_;
};

TEST_F(LivenessTest, TellsOfANodeThatGoesAndComesBack) {
  pass(minutes(1));
  for (const auto& one : machines_) EXPECT_TRUE(one->changes.empty());
  network_.isolate(machine(3).transport.host());
  pass(minutes(1));
  for (const auto& one : machines_) {
    if (one->id == NodeId{3}) continue;
    EXPECT_EQ(one->service.liveness(NodeId{3}), Liveness::down);
    ASSERT_FALSE(one->changes.empty());
    EXPECT_EQ(one->changes.back(), (SwimChange{NodeId{3}, Liveness::down}));
    EXPECT_EQ(one->service.counts(), (LivenessCounts{7, 0, 1}));
  }
  network_.heal();
  pass(minutes(1));
  for (const auto& one : machines_) {
    for (const auto& other : machines_) EXPECT_EQ(one->service.liveness(other->id), Liveness::up);
    EXPECT_EQ(one->service.statistics().not_sent, 0u);
    EXPECT_EQ(one->service.counts(), (LivenessCounts{8, 0, 0}));
  }
}

TEST_F(LivenessTest, SaysWhoHasANewerTopology) {
  pass(seconds(10));
  machine(6).service.update(members_, Epoch{2});
  pass(minutes(1));
  ASSERT_FALSE(machine(7).newer.empty());
  EXPECT_EQ(machine(7).newer.front(), (std::pair(Epoch{2}, NodeId{6})));
  EXPECT_TRUE(machine(6).newer.empty());
}

TEST_F(LivenessTest, GarbageInAnswersIsNoSignOfLife) {
  machine(2).mute = true;
  pass(minutes(1));
  EXPECT_GT(machine(1).service.statistics().garbage, 0u);
  // It still probes, and refutes each time.
  const auto& changes = machine(1).changes;
  EXPECT_NE(std::ranges::find(changes, SwimChange{NodeId{2}, Liveness::suspect}), changes.end());
  EXPECT_EQ(machine(1).service.handle(NodeId{2}, "\xff\xff").error().code, ErrorCode::invalid_argument);
}

TEST_F(LivenessTest, WhatIsNotAMemberIsNotAsked) {
  std::vector<LivenessMember> others(members_.begin() + 1, members_.end());
  for (const auto& one : machines_) one->service.update(others, Epoch{2});
  const auto sent = machine(1).transport.statistics().requests_sent;
  pass(minutes(1));
  EXPECT_EQ(machine(1).transport.statistics().requests_sent, sent);
  EXPECT_EQ(machine(2).service.liveness(NodeId{1}), Liveness::down);
}

}  // namespace
}  // namespace latium::sim
