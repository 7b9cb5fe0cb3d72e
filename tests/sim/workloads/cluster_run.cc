#include "tests/sim/workloads/cluster_run.h"

#include <utility>

#include "tests/sim/chaos.h"
#include "tests/sim/cluster_node.h"
#include "tests/sim/outage.h"
#include "tests/sim/placement_watch.h"

namespace latium::sim {

namespace {

using std::chrono::seconds;

constexpr std::size_t kNodes = 5;
constexpr const char* kSites[] = {"rennes", "paris", "lyon"};
constexpr Duration kFormBound = std::chrono::minutes(3);

struct World {
  World(const RunOptions& options, const MakeClient& make, const NodeWork& work, const ClusterSetup& setup)
      : simulation(options.seed, {.trace_line = options.trace_line}), network(simulation, {}), watch(simulation, setup.tenants) {
    std::vector<Address> addresses;
    addresses.reserve(kNodes);
    for (std::size_t i = 0; i < kNodes; ++i) addresses.push_back({"node" + std::to_string(i), 7400});
    for (std::size_t i = 0; i < kNodes; ++i) {
      const std::string site = kSites[i % 3];
      SimHost::Options host{.name = addresses[i].host, .site = site, .identity = {}, .engine = {}};
      host.identity.role = PeerRole::node;
      host.identity.node = NodeId{i + 1};
      host.identity.site = site;
      host.engine.appended = [this, site](const WriteBatch& batch) { watch.look(site, batch); };
      nodes.push_back(std::make_unique<SimHost>(
          simulation, network, std::move(host),
          [i, site, addresses, work, upkeep = setup.upkeep, liveness = setup.liveness](NodeSeams seams) {
            return cluster_node(seams, i, site, addresses, work, upkeep, liveness);
          }));
    }
    const int count = static_cast<int>(simulation.random().fork("clients").between(2, 4));
    for (int i = 0; i < count; ++i) {
      SimHost::Options host{.name = "client" + std::to_string(i), .site = kSites[i % 3], .identity = {}, .engine = {}};
      clients.push_back(
          std::make_unique<SimHost>(simulation, network, std::move(host), [this, i, addresses, &make, &setup](NodeSeams seams) {
            ClientSeams given{seams.runtime, seams.transport, [this] { return simulation.now(); }, addresses, history, i};
            given.tenants = setup.tenants;
            auto client = make(std::move(given));
            client->start();
            return client;
          }));
    }
  }

  ClusterClient& client(std::size_t i) { return static_cast<ClusterClient&>(clients[i]->process()); }
  bool all(bool (ClusterClient::*what)() const) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (!(client(i).*what)()) return false;
    }
    return true;
  }

  Simulation simulation;
  SimNetwork network;
  PlacementWatch watch;
  History history;
  std::vector<std::unique_ptr<SimHost>> nodes;
  std::vector<std::unique_ptr<SimHost>> clients;
};

std::optional<std::string> play(World& world, Duration duration, CheckReport (*check)(const History&),
                                const ClusterSetup& setup) {
  Simulation& simulation = world.simulation;
  std::vector<SimHost*> victims;
  for (auto& hosts : {&world.nodes, &world.clients}) {
    for (const auto& host : *hosts) {
      if (const auto started = host->start(); !started) return started.error().message;
      if (hosts == &world.nodes) victims.push_back(host.get());
    }
  }
  const bool formed = simulation.run_until([&] { return world.all(&ClusterClient::ready); }, simulation.now() + kFormBound);
  if (simulation.failed()) return simulation.failure();
  if (!formed) return "the cluster did not form";
  ChaosOptions faults = ChaosOptions::draw(simulation.random().fork("chaos options"));
  // Clients rely on TCP: no request arrives twice.
  faults.duplication = 0;
  Chaos chaos(simulation, world.network, victims, faults);
  chaos.begin();
  if (!simulation.run_for(duration)) return simulation.failure();
  chaos.heal();
  if (setup.outage) {
    const auto pace = [&world](Duration pause_max) {
      for (std::size_t i = 0; i < world.clients.size(); ++i) world.client(i).set_pause(pause_max);
    };
    Outage outage(simulation, world.network, victims, pace);
    if (!outage.play()) return simulation.failure();
  }
  for (std::size_t i = 0; i < world.clients.size(); ++i) world.client(i).conclude();
  const bool ended =
      simulation.run_until([&] { return world.all(&ClusterClient::finished); }, simulation.now() + setup.heal_bound);
  if (simulation.failed()) return simulation.failure();
  const CheckReport judged = check(world.history);
  if (!judged.valid()) return judged.first();
  for (std::size_t i = 0; i < world.clients.size() && !ended; ++i) {
    if (world.client(i).finished()) continue;
    return "client " + std::to_string(i) + " did not end within " + std::to_string(setup.heal_bound / seconds(1)) +
           " s of healing; its last error: " + world.client(i).last_error();
  }
  return std::nullopt;
}

}  // namespace

RunReport run_cluster(const RunOptions& options, const MakeClient& make, CheckReport (*check)(const History&),
                      const NodeWork& work, const ClusterSetup& usual) {
  ClusterSetup setup = usual;
  if (!options.placement.empty()) setup.tenants = {{kRunTenant, options.placement}};
  World world(options, make, work, setup);
  RunReport report;
  report.failure = play(world, options.duration, check, setup);
  report.history = world.history;
  report.trace_hash = world.simulation.trace_hash();
  report.events = world.simulation.events_run();
  return report;
}

}  // namespace latium::sim
