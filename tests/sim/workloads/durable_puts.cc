#include "tests/sim/workloads/durable_puts.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "runtime/deadline.h"
#include "runtime/task_group.h"
#include "tests/sim/chaos.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/simulation.h"

namespace latium::sim {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kKeysPerClient = 5;
constexpr Duration kHealBound = std::chrono::minutes(1);
constexpr std::uint16_t kServerPort = 7400;

/// Works on its own keys until it is told to look at the result.
class PuttingClient final : public Process {
 public:
  PuttingClient(Simulation& simulation, NodeSeams seams, std::unique_ptr<KvClient> store, History& history, int number)
      : simulation_(simulation),
        seams_(seams),
        store_(std::move(store)),
        history_(history),
        number_(number),
        prefix_("client" + std::to_string(number) + '/'),
        tasks_(seams.runtime.executor, 1) {
    start(work());
  }

  /// No more work; begins the final reads once the operation at hand has ended.
  void conclude() { concluding_ = true; }
  bool finished() const { return finished_; }

  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    co_return co_await tasks_.join();
  }

 private:
  void start(Task<void> task) {
    const auto spawned = tasks_.spawn(std::move(task));
    LATIUM_CHECK(spawned.has_value());
  }

  Bytes key(std::uint64_t i) const { return prefix_ + std::to_string(i); }

  Task<void> work() {
    Random& random = seams_.runtime.random;
    while (!concluding_) {
      LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime,
                                           milliseconds(random.chance(0.8) ? random.between(1, 30) : random.between(30, 1'000))));
      Bytes one = key(random.below(kKeysPerClient));
      const std::uint64_t dice = random.below(100);
      if (dice < 45) {
        co_await put(std::move(one));
      } else if (dice < 60) {
        co_await remove(std::move(one));
      } else if (dice < 95) {
        (void)co_await get("get", std::move(one));
      } else {
        (void)co_await scan("scan");
      }
    }
    for (std::uint64_t i = 0; i < kKeysPerClient; ++i) {
      while (!co_await get("final_get", key(i))) {
        LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, milliseconds(200)));
      }
    }
    while (!co_await scan("final_scan")) {
      LATIUM_CO_CHECKED(co_await sleep_for(seams_.runtime, milliseconds(200)));
    }
    finished_ = true;
    co_return Result<void>();
  }

  Awaitable<void> put(Bytes one) {
    Bytes value = std::to_string(number_) + '-' + std::to_string(++values_);
    if (seams_.runtime.random.chance(0.05)) value.resize(2'000, '.');
    const std::size_t id = history_.begin(number_, "put", one, value, simulation_.now());
    end(id, co_await store_->put(std::move(one), std::move(value)));
  }

  Awaitable<void> remove(Bytes one) {
    const std::size_t id = history_.begin(number_, "remove", one, std::nullopt, simulation_.now());
    end(id, co_await store_->remove(std::move(one)));
  }

  Awaitable<bool> get(std::string op, Bytes one) {
    const std::size_t id = history_.begin(number_, std::move(op), one, std::nullopt, simulation_.now());
    auto value = co_await store_->get(std::move(one));
    if (value) history_.operation(id).value = *value;
    co_return end(id, value);
  }

  Awaitable<bool> scan(std::string op) {
    const std::size_t id = history_.begin(number_, std::move(op), prefix_, std::nullopt, simulation_.now());
    auto pairs = co_await store_->scan(prefix_);
    if (pairs) history_.operation(id).pairs = *pairs;
    co_return end(id, pairs);
  }

  template <class T>
  bool end(std::size_t id, const Result<T>& result) {
    if (result) {
      history_.end_ok(id, simulation_.now());
    } else {
      history_.end_error(id, result.error(), simulation_.now());
    }
    return result.has_value();
  }

  Simulation& simulation_;
  NodeSeams seams_;
  std::unique_ptr<KvClient> store_;
  History& history_;
  int number_;
  Bytes prefix_;
  std::uint64_t values_ = 0;
  bool concluding_ = false;
  bool finished_ = false;
  TaskGroup tasks_;
};

/// The hosts of a run; members die in the reverse order.
struct World {
  World(const RunOptions& options, const KvBinding& binding)
      : simulation(options.seed, {.trace_line = options.trace_line}), network(simulation, {}) {
    std::vector<Address> addresses;
    addresses.reserve(binding.servers);
    for (std::size_t i = 0; i < binding.servers; ++i) {
      addresses.push_back({"server" + std::to_string(i), kServerPort});
    }
    Random random = simulation.random().fork("world");
    MemoryEngine::Options engine;
    engine.not_cached_rate = random.chance(0.5) ? random.unit() * 0.5 : 0;
    engine.compact_at_bytes = random.chance(0.5) ? 4'096 : engine.compact_at_bytes;
    for (std::size_t i = 0; i < binding.servers; ++i) {
      SimHost::Options host{.name = addresses[i].host, .site = "site" + std::to_string(i % 3), .identity = {}, .engine = engine};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      servers.push_back(
          std::make_unique<SimHost>(simulation, network, std::move(host),
                                    [&binding, i, addresses](NodeSeams seams) { return binding.server(seams, i, addresses); }));
    }
    const int count = static_cast<int>(random.between(1, 4));
    for (int i = 0; i < count; ++i) {
      SimHost::Options host{
          .name = "client" + std::to_string(i), .site = "site" + std::to_string(i % 3), .identity = {}, .engine = {}};
      clients.push_back(
          std::make_unique<SimHost>(simulation, network, std::move(host), [this, &binding, i, addresses](NodeSeams seams) {
            return std::make_unique<PuttingClient>(simulation, seams, binding.client(seams, addresses), history, i);
          }));
    }
  }

  PuttingClient& client(std::size_t i) { return static_cast<PuttingClient&>(clients[i]->process()); }

  Simulation simulation;
  SimNetwork network;
  History history;
  std::vector<std::unique_ptr<SimHost>> servers;
  std::vector<std::unique_ptr<SimHost>> clients;
};

std::optional<std::string> play(World& world, Duration duration, bool relies_on_tcp) {
  Simulation& simulation = world.simulation;
  std::vector<SimHost*> victims;
  for (const auto& server : world.servers) {
    victims.push_back(server.get());
    if (const auto started = server->start(); !started) return started.error().message;
  }
  for (const auto& client : world.clients) {
    if (const auto started = client->start(); !started) return started.error().message;
  }
  ChaosOptions faults = ChaosOptions::draw(simulation.random().fork("chaos options"));
  if (relies_on_tcp) faults.duplication = 0;
  Chaos chaos(simulation, world.network, victims, faults);
  chaos.begin();
  if (!simulation.run_for(duration)) return simulation.failure();

  chaos.heal();
  for (std::size_t i = 0; i < world.clients.size(); ++i) world.client(i).conclude();
  const auto all_finished = [&world] {
    for (std::size_t i = 0; i < world.clients.size(); ++i) {
      if (!world.client(i).finished()) return false;
    }
    return true;
  };
  const bool ended = simulation.run_until(all_finished, simulation.now() + kHealBound);
  if (simulation.failed()) return simulation.failure();
  // Safety first: what the history shows says more than that something hangs.
  const auto violations =
      check_durability(world.history, {.unknown_writes_may_come_late = relies_on_tcp, .final_reads_only = false});
  if (!violations.empty()) return violations.front();
  if (!ended) return "the final reads did not succeed within a minute after everything had healed";
  return std::nullopt;
}

}  // namespace

RunReport durable_puts(const RunOptions& options, const KvBinding& binding) {
  World world(options, binding);
  RunReport report;
  report.failure = play(world, options.duration, binding.relies_on_tcp);
  report.trace_hash = world.simulation.trace_hash();
  report.events = world.simulation.events_run();
  report.history = std::move(world.history);
  return report;
}

}  // namespace latium::sim
