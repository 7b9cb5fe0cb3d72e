// latium-ring-sim: how even the ring's load is in a cluster of some shape, and what a join and a leave move.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "bench/ring_sim.h"

int main(int argc, char** argv) {
  latium::RingSimSettings settings;
  bool json = false;
  CLI::App app("How even the ring's load is, and what a join and a leave move. Sites are called s1, s2, ...");
  app.add_option("--sites", settings.sites, "Sites (default 3)");
  app.add_option("--nodes", settings.nodes, "Nodes in each site (default 100)");
  app.add_option("--racks", settings.racks, "Racks in each site; 0: none named (default)");
  app.add_option("--weights", settings.weights, "Weights of a site's nodes, in turn, such as 1,2,0.5 (default 1)")
      ->delimiter(',');
  app.add_option("--tenants", settings.tenants, "Tenants, all alike (default 1000)");
  app.add_option("--partitions", settings.partitions, "Partitions of each tenant (default 64)");
  app.add_option("--placement", settings.placement, "Placement of all tenants (default 'everywhere: 1')");
  app.add_option("--trials", settings.trials, "Joins and leaves, each from the same cluster (default 5)");
  app.add_option("--seed", settings.seed, "Of the nodes' ids (default 1)");
  app.add_flag("--json", json, "Print one JSON object");
  const auto refuse = [](const std::string& why) {
    std::fprintf(stderr, "latium-ring-sim: %s\n", why.c_str());
    return 2;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return refuse(error.what());
  }
  const auto report = latium::simulate_ring(settings);
  if (!report) return refuse(report.error().message);
  std::fputs((json ? latium::to_json(settings, *report) : latium::to_text(*report)).c_str(), stdout);
  return 0;
}
