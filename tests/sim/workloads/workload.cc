#include "tests/sim/workloads/workload.h"

#include <utility>

#include "tests/sim/mini_replica.h"
#include "tests/sim/node_binding.h"
#include "tests/sim/workloads/bank.h"
#include "tests/sim/workloads/buckets.h"
#include "tests/sim/workloads/durable_puts.h"
#include "tests/sim/workloads/index.h"
#include "tests/sim/workloads/locks.h"
#include "tests/sim/workloads/registers.h"
#include "tests/sim/workloads/transactions.h"

namespace latium::sim {

namespace {

Workload placed(std::string placement, const Workload& workload) {
  return [placement = std::move(placement), workload](RunOptions options) {
    options.placement = placement;
    return workload(options);
  };
}

// The same where one node has all of it, and commits without a message; others commit through that node.
Workload alone(const Workload& workload) {
  return placed("lyon:1", workload);
}

// The same where all rows have the same replicas, which take a transaction's prewrites and looks in one step.
Workload same_nodes(const Workload& workload) {
  return placed("rennes:2,lyon:1", workload);
}

}  // namespace

const std::map<std::string, Workload, std::less<>>& workloads() {
  static const std::map<std::string, Workload, std::less<>> kWorkloads = {
      {"bank", bank},
      {"bank_alone", alone(bank)},
      {"bank_same_nodes", same_nodes(bank)},
      {"buckets", buckets},
      {"durable_puts", [](const RunOptions& options) { return durable_puts(options, node_binding()); }},
      {"durable_puts_mini", [](const RunOptions& options) { return durable_puts(options, mini_binding()); }},
      {"index", index},
      {"index_alone", alone(index)},
      {"list_append", list_append},
      {"list_append_alone", alone(list_append)},
      {"list_append_same_nodes", same_nodes(list_append)},
      {"locks", locks},
      {"made_registers", made_registers},
      {"outage", outage},
      {"placement", placement},
      {"registers", registers},
      {"rw_register", rw_register},
      {"rw_register_alone", alone(rw_register)},
      {"rw_register_same_nodes", same_nodes(rw_register)},
  };
  return kWorkloads;
}

}  // namespace latium::sim
