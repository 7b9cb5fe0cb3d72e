#include "tests/sim/workloads/workload.h"

#include "tests/sim/mini_replica.h"
#include "tests/sim/node_binding.h"
#include "tests/sim/workloads/bank.h"
#include "tests/sim/workloads/buckets.h"
#include "tests/sim/workloads/durable_puts.h"
#include "tests/sim/workloads/locks.h"
#include "tests/sim/workloads/registers.h"

namespace latium::sim {

const std::map<std::string, Workload, std::less<>>& workloads() {
  static const std::map<std::string, Workload, std::less<>> kWorkloads = {
      {"bank", bank},
      {"buckets", buckets},
      {"durable_puts", [](const RunOptions& options) { return durable_puts(options, node_binding()); }},
      {"durable_puts_mini", [](const RunOptions& options) { return durable_puts(options, mini_binding()); }},
      {"locks", locks},
      {"outage", outage},
      {"placement", placement},
      {"registers", registers},
  };
  return kWorkloads;
}

}  // namespace latium::sim
