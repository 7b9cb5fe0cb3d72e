// Boots of the recorded controller on one system, by several controllers at once, each with databases of its own:
// boot_vs_mariadb.py. One JSON object on stdout.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "examples/fog_controllers/latium_databases.h"
#include "examples/fog_controllers/report.h"
#ifdef LATIUM_MARIADB
#include "bench/mariadb_databases.h"
#endif

namespace {

using fog::Result;

struct Options {
  std::string trace;
  std::string system = "latium";
  std::string directory;  // of the node
  std::string socket;     // of the server
  std::size_t controllers = 1;
  std::size_t boots = 20;
  std::size_t warm_up = 3;
};

Result<std::unique_ptr<fog::Databases>> open_latium(latium::Node& node, const fog::Trace& trace, const std::string& suffix) {
  for (const std::string& database : trace.databases()) {
    auto made = node.create_tenant(fog::tenant_of(database, suffix), {.placement = "bench:1", .partitions = 16});
    if (!made) return std::unexpected(made.error());
  }
  auto opened = fog::LatiumDatabases::open(node, trace, suffix, {});
  if (!opened) return std::unexpected(opened.error());
  auto out = std::make_unique<fog::LatiumDatabases>(*std::move(opened));
  if (auto filled = out->fill(trace); !filled) return std::unexpected(filled.error());
  return out;
}

Result<std::unique_ptr<fog::Databases>> open(const Options& options, const std::optional<latium::Node>& node,
                                             const fog::Trace& trace, const std::string& suffix) {
#ifdef LATIUM_MARIADB
  if (options.system == "mariadb") return fog::open_mariadb(trace, options.socket, suffix);
#endif
  if (!node) {
    return std::unexpected(latium::Error(latium::ErrorCode::unsupported,
                                         "built without libmariadb: apt-get install libmariadb-dev, and build again"));
  }
  return open_latium(const_cast<latium::Node&>(*node), trace, suffix);
}

nlohmann::json measure(std::vector<std::unique_ptr<fog::Controller>>& controllers, const Options& options) {
  std::vector<fog::Tally> before;
  for (const auto& controller : controllers) before.push_back(controller->tally());
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const auto& controller : controllers) {
    threads.emplace_back([&controller, &options] {
      for (std::size_t i = 0; i < options.boots && controller->boot(); ++i) {
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::vector<double> statements;
  std::vector<double> boots;
  std::int64_t failures = 0;
  std::int64_t retries = 0;
  std::string problem;
  for (std::size_t i = 0; i < controllers.size(); ++i) {
    const fog::Tally& tally = controllers[i]->tally();
    statements.insert(statements.end(), tally.statement_us.begin() + static_cast<std::ptrdiff_t>(before[i].statement_us.size()),
                      tally.statement_us.end());
    boots.insert(boots.end(), tally.boot_ms.begin() + static_cast<std::ptrdiff_t>(before[i].boot_ms.size()), tally.boot_ms.end());
    failures += tally.failures;
    retries += tally.retries;
    if (problem.empty()) problem = tally.problem;
  }
  double sum = 0;
  for (const double each : statements) sum += each;
  return {{"system", options.system},
          {"controllers", controllers.size()},
          {"boots", boots.size()},
          {"boots_per_second", static_cast<double>(boots.size()) / seconds},
          {"statement_us",
           {{"mean", sum / static_cast<double>(statements.size())},
            {"p50", fog::percentile(statements, 0.5)},
            {"p99", fog::percentile(statements, 0.99)}}},
          {"boot_ms", {{"p50", fog::percentile(boots, 0.5)}, {"p99", fog::percentile(boots, 0.99)}}},
          {"failures", failures},
          {"retries", retries},
          {"problem", problem}};
}

Result<nlohmann::json> run(const Options& options) {
  auto trace = fog::read_trace_file(options.trace);
  if (!trace) return std::unexpected(trace.error());
  std::optional<latium::Node> node;
  if (options.system == "latium") {
    auto opened =
        latium::Node::open({.data_dir = options.directory, .site = "bench", .bootstrap = true, .log = {.level = "error"}});
    if (!opened) return std::unexpected(opened.error());
    node.emplace(*std::move(opened));
  }
  std::vector<std::unique_ptr<fog::Databases>> databases;
  std::vector<std::unique_ptr<fog::Controller>> controllers;
  for (std::size_t i = 0; i < options.controllers; ++i) {
    auto made = open(options, node, *trace, std::to_string(i));
    if (!made) return std::unexpected(made.error());
    databases.push_back(*std::move(made));
    controllers.push_back(std::make_unique<fog::Controller>(*trace, *databases.back(),
                                                            fog::ControllerOptions{.site = std::to_string(i), .seed = i + 1}));
  }
  for (const auto& controller : controllers) {
    for (std::size_t i = 0; i < options.warm_up && controller->boot(); ++i) {
    }
  }
  return measure(controllers, options);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Boots of the recorded controller on one system.", "boot_load");
  app.add_option("--trace", options.trace, "The recorded SQL")->required();
  app.add_option("--system", options.system, "latium or mariadb")->check(CLI::IsMember({"latium", "mariadb"}));
  app.add_option("--directory", options.directory, "Of latium's node");
  app.add_option("--socket", options.socket, "Of mariadb's server");
  app.add_option("--controllers", options.controllers, "Each with databases of its own, and a thread")->check(CLI::Range(1, 64));
  app.add_option("--boots", options.boots, "Of each controller")->check(CLI::Range(1, 100'000));
  CLI11_PARSE(app, argc, argv);
  const auto result = run(options);
  if (!result) {
    std::cerr << "boot_load: " << result.error().message << "\n";
    return 1;
  }
  std::cout << result->dump() << "\n";
  return result->at("failures") == 0 ? 0 : 1;
}
