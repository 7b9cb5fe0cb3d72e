// Workloads by name, for the program and the seed tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/clock.h"
#include "tests/sim/history.h"

namespace latium::sim {

struct RunOptions {
  std::uint64_t seed = 0;
  Duration duration = std::chrono::minutes(1);       ///< of virtual time under faults; healing and checks come on top
  std::function<void(std::string_view)> trace_line;  ///< see Simulation::Options
  std::string placement{};                           ///< of the usual tenant, in place of one node in each site
};

struct RunReport {
  std::optional<std::string> failure;  ///< none = passed
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
  History history;
};

/// Runs a workload on one seed, from nothing.
using Workload = std::function<RunReport(const RunOptions&)>;

/// Every workload that there is.
const std::map<std::string, Workload, std::less<>>& workloads();

}  // namespace latium::sim
