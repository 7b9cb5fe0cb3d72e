// latium-sim: runs the workloads of the simulator over seeds, or replays one.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "base/ids.h"
#include "tests/sim/workloads/workload.h"

namespace {

using latium::sim::RunOptions;
using latium::sim::RunReport;

struct Arguments {
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 0;
  std::uint64_t from = 1;
  double minutes = 1;
  std::string workload;  // empty = all
  std::string history_file;
  bool trace = false;
};

RunReport run(const latium::sim::Workload& workload, const Arguments& arguments, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.duration = latium::Duration(static_cast<std::int64_t>(arguments.minutes * 60e9));
  if (arguments.trace) options.trace_line = [](std::string_view line) { std::cout << line << '\n'; };
  return workload(options);
}

std::string replay_line(const std::string& name, const Arguments& arguments, std::uint64_t seed) {
  std::ostringstream line;
  line << "latium-sim --seed " << seed << " --minutes " << arguments.minutes << " --workload " << name;
  return line.str();
}

int run_seeds(const Arguments& arguments) {
  const std::uint64_t first = arguments.seed.value_or(arguments.from);
  const std::uint64_t count = arguments.seed ? 1 : arguments.seeds;
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  for (const auto& [name, workload] : latium::sim::workloads()) {
    if (!arguments.workload.empty() && arguments.workload != name) continue;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t seed = first + i;
      const RunReport report = run(workload, arguments, seed);
      report.failure ? ++failed : ++passed;
      if (report.failure) {
        std::cout << "FAILED " << name << " seed " << seed << ": " << *report.failure
                  << "\n  replay: " << replay_line(name, arguments, seed) << std::endl;
      }
      if (arguments.seed) {
        std::cout << name << " seed " << seed << ": trace " << latium::to_hex(report.trace_hash) << ", " << report.events
                  << " events, " << report.history.operations().size() << " operations\n";
      }
      if (!arguments.history_file.empty()) std::ofstream(arguments.history_file) << report.history.to_json_lines();
    }
  }
  std::cout << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Runs Latium's workloads in the simulator. Exit status: 0 all passed, 1 a seed failed, 2 wrong usage.");
  auto* one = app.add_option("--seed", arguments.seed, "Replay this seed");
  auto* many = app.add_option("--seeds", arguments.seeds, "Run this many seeds")->excludes(one);
  app.add_option("--from", arguments.from, "The first of --seeds (default 1)")->needs(many);
  app.add_option("--minutes", arguments.minutes, "Virtual minutes under faults (default 1)")->check(CLI::PositiveNumber);
  app.add_option("--workload", arguments.workload, "Only this workload (default: all)")->check([](const std::string& name) {
    if (latium::sim::workloads().contains(name)) return std::string();
    std::string known = "no such workload; there are:";
    for (const auto& [each, workload] : latium::sim::workloads()) known += ' ' + each;
    return known;
  });
  app.add_option("--history", arguments.history_file, "Write the history of the last run to this file, as JSON lines");
  app.add_flag("--trace", arguments.trace, "Print every trace record");
  try {
    app.parse(argc, argv);
    if (!arguments.seed && arguments.seeds == 0) throw CLI::RequiredError("--seed or --seeds");
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  }
  return run_seeds(arguments);
}
