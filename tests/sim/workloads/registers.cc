#include "tests/sim/workloads/registers.h"

#include <memory>
#include <utility>

#include "proto/client.pb.h"
#include "proto/wire.pb.h"
#include "runtime/deadline.h"
#include "runtime/task_group.h"
#include "tests/sim/chaos.h"
#include "tests/sim/cluster_node.h"
#include "tests/sim/linearizability.h"

namespace latium::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kNodes = 5;
constexpr std::size_t kKeys = 3;
constexpr const char* kTenant = "acme";
constexpr const char* kSites[] = {"rennes", "paris", "lyon"};
constexpr Duration kCallTimeout = seconds(4);
constexpr Duration kFormBound = std::chrono::minutes(3);
constexpr Duration kHealBound = std::chrono::minutes(3);

class RegisterClient final : public Process {
 public:
  RegisterClient(Simulation& simulation, NodeSeams seams, std::vector<Address> nodes, History& history, int number)
      : simulation_(simulation),
        seams_(seams),
        nodes_(std::move(nodes)),
        history_(history),
        number_(number),
        tasks_(seams.runtime.executor, 1) {
    LATIUM_CHECK(tasks_.spawn(work()).has_value());
  }

  void conclude() { concluding_ = true; }
  bool ready() const { return ready_; }
  bool finished() const { return finished_; }
  const std::string& last_error() const { return last_error_; }

  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    co_return co_await tasks_.join();
  }

 private:
  Task<void> work() {
    Random& random = seams_.runtime.random;
    while (!co_await make_tenant()) LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, seconds(1)));
    ready_ = true;
    while (!concluding_) {
      LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, milliseconds(random.between(20, 1'500))));
      const std::size_t key = random.below(kKeys);
      random.chance(0.4) ? (void)co_await read(key) : co_await change(key);
    }
    for (std::size_t key = 0; key < kKeys; ++key) {
      while (!co_await read(key)) LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, milliseconds(500)));
    }
    finished_ = true;
    co_return Result<void>();
  }

  Task<Bytes> call(Method method, Bytes request) {
    Address node = nodes_[seams_.runtime.random.below(nodes_.size())];
    const CallOptions options{saturating_add(seams_.runtime.clock.monotonic_now(), kCallTimeout)};
    co_return co_await seams_.transport.call(std::move(node), method, std::move(request), options);
  }

  Task<void> make_tenant() {
    client::TenantCreateRequest request;
    request.set_name(kTenant);
    request.set_placement("rennes:1,paris:1,lyon:1");
    request.set_partitions(4);
    // Not before all nodes are there: one that comes later would move data.
    LATIUM_CO_TRY(const Bytes bytes, co_await call(wire::METHOD_TOPOLOGY, client::TopologyRequest().SerializeAsString()));
    client::TopologyResponse topology;
    LATIUM_CHECK(topology.ParseFromString(bytes));
    std::size_t up = 0;
    for (const auto& node : topology.nodes()) up += node.state() == "up" ? 1 : 0;
    if (up < kNodes) co_return fail(ErrorCode::unavailable, "the cluster is forming");
    const auto made = co_await call(wire::METHOD_TENANT_CREATE, request.SerializeAsString());
    if (!made && made.error().code != ErrorCode::already_exists) co_return fail(made.error());
    co_return Result<void>();
  }

  std::string key_name(std::size_t key) const { return "key" + std::to_string(key); }

  Awaitable<bool> read(std::size_t key) {
    client::RegisterGetRequest request;
    request.set_tenant(kTenant);
    request.set_key(key_name(key));
    const std::size_t id = history_.begin(number_, "read", key_name(key), std::nullopt, simulation_.now());
    const auto answer = co_await call(wire::METHOD_REGISTER_GET, request.SerializeAsString());
    if (!answer) {
      history_.end_error(id, answer.error(), simulation_.now());
      last_error_ = answer.error().message;
      co_return false;
    }
    client::RegisterGetResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    seen_[key] = response.exists() ? std::optional<Bytes>(response.value()) : std::nullopt;
    history_.operation(id).value = seen_[key];
    history_.end_ok(id, simulation_.now());
    co_return true;
  }

  // A compare-and-set from what was seen last, or now and then whatever is there. Every value is written once.
  Awaitable<void> change(std::size_t key) {
    Random& random = seams_.runtime.random;
    client::RegisterCasRequest request;
    request.set_tenant(kTenant);
    request.set_key(key_name(key));
    request.set_request_high(static_cast<std::uint64_t>(number_) + 1);
    request.set_request_low(++requests_);
    Operation operation;
    operation.process = number_;
    operation.op = "cas";
    operation.key = key_name(key);
    if (random.chance(0.85)) operation.value = std::to_string(number_) + "-" + std::to_string(requests_);
    if (random.chance(0.2)) {
      operation.op = operation.value ? "write" : "remove";
      request.set_expect(client::RegisterCasRequest::EXPECT_ANYTHING);
    } else if (seen_[key]) {
      request.set_expect(client::RegisterCasRequest::EXPECT_VALUE);
      request.set_expected_value(*seen_[key]);
      operation.expected = seen_[key];
    } else {
      request.set_expect(client::RegisterCasRequest::EXPECT_ABSENT);
    }
    request.set_has_value(operation.value.has_value());
    if (operation.value) request.set_value(*operation.value);
    const bool conditional = operation.op == "cas";
    const std::optional<Bytes> written = operation.value;
    const std::size_t id = history_.begin(std::move(operation), simulation_.now());
    const auto answer = co_await call(wire::METHOD_REGISTER_CAS, request.SerializeAsString());
    if (!answer) {
      history_.end_error(id, answer.error(), simulation_.now());
      co_return;
    }
    client::RegisterCasResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    const std::optional<Bytes> there = response.exists() ? std::optional<Bytes>(response.value()) : std::nullopt;
    seen_[key] = response.ok() ? written : there;
    if (conditional) {
      history_.operation(id).applied = response.ok();
      if (!response.ok()) history_.operation(id).found = there;
    }
    history_.end_ok(id, simulation_.now());
  }

  Simulation& simulation_;
  NodeSeams seams_;
  std::vector<Address> nodes_;
  History& history_;
  int number_;
  std::uint64_t requests_ = 0;
  std::optional<Bytes> seen_[kKeys];
  bool ready_ = false;
  bool concluding_ = false;
  bool finished_ = false;
  std::string last_error_;
  TaskGroup tasks_;
};

struct World {
  explicit World(const RunOptions& options)
      : simulation(options.seed, {.trace_line = options.trace_line}), network(simulation, {}) {
    std::vector<Address> addresses;
    for (std::size_t i = 0; i < kNodes; ++i) addresses.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i < kNodes; ++i) {
      const std::string site = kSites[i % 3];
      SimHost::Options host{.name = addresses[i].host, .site = site, .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = site;
      nodes.push_back(std::make_unique<SimHost>(simulation, network, std::move(host), [i, site, addresses](NodeSeams seams) {
        return cluster_node(seams, i, site, addresses);
      }));
    }
    const int count = static_cast<int>(simulation.random().fork("clients").between(2, 4));
    for (int i = 0; i < count; ++i) {
      SimHost::Options host{.name = "client" + std::to_string(i), .site = kSites[i % 3], .identity = {}, .engine = {}};
      clients.push_back(std::make_unique<SimHost>(simulation, network, std::move(host), [this, i, addresses](NodeSeams seams) {
        return std::make_unique<RegisterClient>(simulation, seams, addresses, history, i);
      }));
    }
  }

  RegisterClient& client(std::size_t i) { return static_cast<RegisterClient&>(clients[i]->process()); }
  bool all(bool (RegisterClient::*what)() const) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (!(client(i).*what)()) return false;
    }
    return true;
  }

  Simulation simulation;
  SimNetwork network;
  History history;
  std::vector<std::unique_ptr<SimHost>> nodes;
  std::vector<std::unique_ptr<SimHost>> clients;
};

std::optional<std::string> play(World& world, Duration duration) {
  Simulation& simulation = world.simulation;
  std::vector<SimHost*> victims;
  for (auto& hosts : {&world.nodes, &world.clients}) {
    for (const auto& host : *hosts) {
      if (const auto started = host->start(); !started) return started.error().message;
      if (hosts == &world.nodes) victims.push_back(host.get());
    }
  }
  const bool formed = simulation.run_until([&] { return world.all(&RegisterClient::ready); }, simulation.now() + kFormBound);
  if (simulation.failed()) return simulation.failure();
  if (!formed) return "the cluster did not form";
  ChaosOptions faults = ChaosOptions::draw(simulation.random().fork("chaos options"));
  // Clients rely on TCP: no request arrives twice.
  faults.duplication = 0;
  Chaos chaos(simulation, world.network, victims, faults);
  chaos.begin();
  if (!simulation.run_for(duration)) return simulation.failure();
  chaos.heal();
  for (std::size_t i = 0; i < world.clients.size(); ++i) world.client(i).conclude();
  const bool ended = simulation.run_until([&] { return world.all(&RegisterClient::finished); }, simulation.now() + kHealBound);
  if (simulation.failed()) return simulation.failure();
  // Safety first: what the history shows says more than that something hangs.
  const CheckReport judged = check_registers(world.history);
  if (!judged.valid()) return judged.first();
  for (std::size_t i = 0; i < world.clients.size() && !ended; ++i) {
    if (world.client(i).finished()) continue;
    return "client " + std::to_string(i) + " did not end within " + std::to_string(kHealBound / seconds(1)) +
           " s of healing; its last error: " + world.client(i).last_error();
  }
  return std::nullopt;
}

}  // namespace

RunReport registers(const RunOptions& options) {
  World world(options);
  RunReport report;
  report.failure = play(world, options.duration);
  report.history = world.history;
  report.trace_hash = world.simulation.trace_hash();
  report.events = world.simulation.events_run();
  return report;
}

}  // namespace latium::sim
