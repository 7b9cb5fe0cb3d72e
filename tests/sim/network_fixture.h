// SimNetworkTest: a server and a client, each a process on a machine of its own, on the simulated network.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/task_group.h"
#include "tests/sim/sim_network.h"

namespace latium::sim {

inline constexpr Method kEcho = 1;
inline constexpr Method kRefuse = 2;
inline constexpr Method kSilence = 3;
inline constexpr Method kDrop = 4;
inline constexpr Method kHuge = 5;

/// A machine with one process and a transport.
struct Machine final : RequestHandler {
  Machine(Simulation& simulation, SimNetwork& network, const std::string& name, const std::string& site = "site")
      : clock(simulation, Random(1)),
        runtime(simulation, clock, name),
        transport(network, runtime, network.add_host(site), PeerIdentity{}) {}

  void handle(IncomingRequest request) override {
    ++handled;
    deadlines.push_back(request.deadline());
    payloads.push_back(request.payload());
    if (request.method() == kEcho) {
      std::move(request).respond("echo " + payloads.back());
    } else if (request.method() == kRefuse) {
      std::move(request).respond(fail(ErrorCode::conflict, "refused"));
    } else if (request.method() == kHuge) {
      std::move(request).respond(Bytes(kMaxMessageBytes + 1, 'x'));
    } else if (request.method() == kSilence) {
      held.push_back(std::make_unique<IncomingRequest>(std::move(request)));
    }
  }
  void cancelled(std::uint64_t connection_id, std::uint64_t request_id) override {
    for (const auto& request : held) {
      if (request->connection_id() == connection_id && request->id() == request_id)
        cancelled_payloads.push_back(request->payload());
    }
  }

  std::vector<std::unique_ptr<IncomingRequest>> held;
  SimClock clock;
  SimRuntime runtime;
  SimTransport transport;
  int handled = 0;
  std::vector<MonotonicTime> deadlines;
  std::vector<Bytes> payloads;
  std::vector<Bytes> cancelled_payloads;  // of held requests that nobody waits for
};

class SimNetworkTest : public ::testing::Test {
 protected:
  SimNetworkTest() { EXPECT_TRUE(server_->transport.listen(address_, *server_)); }
  ~SimNetworkTest() override {
    tasks_.cancel();
    settle();
  }

  Result<Bytes> call(Method method, Bytes request, Duration timeout = std::chrono::seconds(5)) {
    return simulation_.run(
        client_.transport.call(address_, method, std::move(request), {client_.clock.monotonic_now() + timeout}));
  }
  static Task<void> call_and_note(SimTransport& transport, Address address, Method method, Bytes request, CallOptions options,
                                  std::vector<std::string>& notes) {
    const auto answer = co_await transport.call(address, method, std::move(request), options);
    notes.push_back(answer ? *answer : describe(answer));
    co_return Result<void>();
  }
  void begin(Method method, Bytes request, CallOptions options = {}) {
    ASSERT_TRUE(tasks_.spawn(call_and_note(client_.transport, address_, method, std::move(request), options, notes_)));
  }
  static std::string describe(const Result<Bytes>& answer) {
    if (answer) return "ok";
    return std::string(to_string(answer.error().code)) + '/' + std::string(to_string(answer.error().certainty));
  }
  void settle() { simulation_.settle(); }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)); }
  void kill_server(bool resets) {
    server_->runtime.gate().kill();
    server_->transport.kill(resets);
  }

  Simulation simulation_{1};
  SimNetwork network_{simulation_, {}};
  std::unique_ptr<Machine> server_ = std::make_unique<Machine>(simulation_, network_, "server");
  Machine client_{simulation_, network_, "client"};
  Address address_{"server", 7400};
  std::vector<std::string> notes_;
  TaskGroup tasks_{client_.runtime.runtime().executor, 2'000};
};

}  // namespace latium::sim
