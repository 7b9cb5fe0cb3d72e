// RttCluster: three sites with a round trip of 100 ms between any two, for tests of what an operation costs in round trips.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"
#include "runtime/task_group.h"
#include "tests/sim/cluster_node.h"
#include "tests/sim/sim_host.h"

namespace latium::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr std::size_t kNodes = 3;
inline constexpr const char* kSites[] = {"rennes", "paris", "lyon"};
inline constexpr Duration kRoundTrip = milliseconds(100);  // between any two sites
inline constexpr std::size_t kCalls = 128;

/// Calls node 0 from its own site.
class Driver final : public Process {
 public:
  explicit Driver(NodeSeams seams) : seams_(seams), tasks_(seams.runtime.executor, kCalls) {}

  /// Sends all of them at once. The answers come in the order of the requests.
  void start(Method method, const std::vector<Bytes>& requests) {
    answers.assign(requests.size(), std::nullopt);
    for (std::size_t i = 0; i < requests.size(); ++i) LATIUM_CHECK(tasks_.spawn(call(method, requests[i], i)).has_value());
  }
  bool done() const {
    return std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); });
  }
  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    co_return co_await tasks_.join();
  }

  std::vector<std::optional<Result<Bytes>>> answers;

 private:
  Task<void> call(Method method, Bytes request, std::size_t number) {
    const MonotonicTime deadline = saturating_add(seams_.runtime.clock.monotonic_now(), seconds(10));
    answers[number] = co_await seams_.transport.call({"node0", 7400}, method, std::move(request), CallOptions{deadline});
    co_return Result<void>();
  }

  NodeSeams seams_;
  TaskGroup tasks_;
};

/// Three nodes on three sites, and nothing that goes wrong.
class RttCluster : public ::testing::Test {
 protected:
  RttCluster() : simulation_(7, {.trace_line = [this](std::string_view line) { note(line); }}), network_(simulation_, quiet()) {
    std::vector<Address> addresses;
    addresses.reserve(kNodes);
    for (std::size_t i = 0; i < kNodes; ++i) addresses.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i < kNodes; ++i) {
      SimHost::Options host{.name = addresses[i].host, .site = kSites[i], .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = kSites[i];
      nodes_.push_back(std::make_unique<SimHost>(simulation_, network_, std::move(host), [i, addresses](NodeSeams seams) {
        return cluster_node(seams, i, kSites[i], addresses);
      }));
      LATIUM_CHECK(nodes_.back()->start().has_value());
    }
    SimHost::Options host{.name = "driver", .site = kSites[0], .identity = {}, .engine = {}};
    driver_ = std::make_unique<SimHost>(simulation_, network_, std::move(host),
                                        [](NodeSeams seams) { return std::make_unique<Driver>(seams); });
    LATIUM_CHECK(driver_->start().has_value());
  }

  void SetUp() override {
    while (true) {
      ASSERT_LT(simulation_.now(), Duration(seconds(60))) << "the cluster did not form";
      ASSERT_TRUE(simulation_.run_for(seconds(1))) << simulation_.failure();
      const auto topology = ask<client::TopologyResponse>(wire::METHOD_TOPOLOGY, std::vector<client::TopologyRequest>(1));
      if (!topology.empty() && std::ranges::count(topology[0].nodes(), "up", &client::NodeInfo::state) == kNodes) break;
    }
    make_tenant("acme", "rennes:1,paris:1,lyon:1");
    // The first request about a tenant brings its record along, after a refusal.
    ASSERT_EQ(write({"first"}, "1").size(), 1u);
    settle();
  }

  /// Learns and gossip of what came before are over.
  void settle() { ASSERT_TRUE(simulation_.run_for(seconds(5))) << simulation_.failure(); }

  /// Sends the requests together; sets elapsed_ and messages_. Empty when one failed.
  template <class Response, class Request>
  std::vector<Response> ask(Method method, const std::vector<Request>& requests) {
    Driver& driver = static_cast<Driver&>(driver_->process());
    std::vector<Bytes> bytes;
    bytes.reserve(requests.size());
    for (const Request& request : requests) bytes.push_back(request.SerializeAsString());
    const Duration start = simulation_.now();
    messages_ = 0;
    driver.start(method, bytes);
    EXPECT_TRUE(simulation_.run_until([&] { return driver.done(); }, simulation_.now() + seconds(20))) << "no answer";
    elapsed_ = simulation_.now() - start;
    std::vector<Response> responses;
    for (const auto& answer : driver.answers) {
      if (!answer || !*answer) return {};
      LATIUM_CHECK(responses.emplace_back().ParseFromString(**answer));
    }
    return responses;
  }

  std::vector<client::RegisterCasResponse> write(const std::vector<std::string>& keys, const std::string& value) {
    std::vector<client::RegisterCasRequest> requests;
    for (const std::string& key : keys) {
      client::RegisterCasRequest& request = requests.emplace_back();
      request.set_tenant("acme");
      request.set_key(key);
      request.set_expect(client::RegisterCasRequest::EXPECT_ANYTHING);
      request.set_has_value(true);
      request.set_value(value);
    }
    return ask<client::RegisterCasResponse>(wire::METHOD_REGISTER_CAS, requests);
  }
  std::vector<client::RegisterGetResponse> read(const std::string& key, bool local) {
    client::RegisterGetRequest request;
    request.set_tenant("acme");
    request.set_key(key);
    request.set_consistency(local ? client::CONSISTENCY_LOCAL : client::CONSISTENCY_QUORUM);
    return ask<client::RegisterGetResponse>(wire::METHOD_REGISTER_GET, std::vector{request});
  }

  /// What the call before took, in round trips between sites; half of one is for disks, jitter and the site's own network.
  void expect_round_trips(int expected, const client::Stats& stats) const {
    EXPECT_EQ(stats.wan_round_trips(), static_cast<std::uint32_t>(expected));
    expect_time(expected);
  }
  void expect_time(int expected) const {
    EXPECT_GE(elapsed_, kRoundTrip * expected);
    EXPECT_LT(elapsed_, kRoundTrip * expected + kRoundTrip / 2);
  }

  /// Runs on a node, on its loop; sets elapsed_.
  Result<void> run_on(std::size_t node, const std::function<Task<void>(NodeCore&)>& work) {
    NodeCore& core = *core_of(nodes_[node]->process());
    TaskGroup group(core.runtime().executor, 1);
    std::optional<Result<void>> done;
    const Duration start = simulation_.now();
    LATIUM_CHECK(group.spawn(note_end(work(core), done)).has_value());
    EXPECT_TRUE(simulation_.run_until([&] { return done.has_value(); }, simulation_.now() + seconds(20))) << "no end";
    elapsed_ = simulation_.now() - start;
    return done.value_or(fail(ErrorCode::deadline_exceeded, "it did not end"));
  }
  /// Nothing goes between the node and the others any more; until heal().
  void cut_off(std::size_t node) { network_.isolate(nodes_[node]->id()); }
  void heal() { network_.heal(); }
  void pass(Duration time) { ASSERT_TRUE(simulation_.run_for(time)) << simulation_.failure(); }
  SimulatedDisk& disk(std::size_t node) { return nodes_[node]->disk(); }
  NodeCore& core(std::size_t node) { return *core_of(nodes_[node]->process()); }

  void make_tenant(const std::string& name, const std::string& placement) {
    client::TenantCreateRequest tenant;
    tenant.set_name(name);
    tenant.set_placement(placement);
    tenant.set_partitions(4);
    ASSERT_EQ(ask<client::TenantCreateResponse>(wire::METHOD_TENANT_CREATE, std::vector{tenant}).size(), 1u);
  }

  Duration elapsed_{};
  int messages_ = 0;  // requests that node 0 sent to the others during the last ask()

 private:
  static Task<void> note_end(Task<void> work, std::optional<Result<void>>& done) {
    done = co_await std::move(work);
    co_return Result<void>();
  }
  static NetworkOptions quiet() {
    NetworkOptions options;
    options.wan_min = options.wan_max = kRoundTrip / 2;
    options.lan_min = options.lan_max = std::chrono::microseconds(100);
    options.tail = 0;
    return options;
  }
  void note(std::string_view line) {
    // "TIME send request FROM TO ID", hosts counted from 0 in the order in which they were made.
    for (const std::string_view message : {" send request 0 1 ", " send request 0 2 "}) {
      messages_ += line.find(message) != std::string_view::npos ? 1 : 0;
    }
  }

  Simulation simulation_;
  SimNetwork network_;
  std::vector<std::unique_ptr<SimHost>> nodes_;
  std::unique_ptr<SimHost> driver_;
};

}  // namespace latium::sim
