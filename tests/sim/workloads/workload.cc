#include "tests/sim/workloads/workload.h"

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

// The same where one node has all of it, and commits without a message; others commit through that node.
Workload alone(const Workload& workload) {
  return [workload](RunOptions options) {
    options.alone = true;
    return workload(options);
  };
}

}  // namespace

const std::map<std::string, Workload, std::less<>>& workloads() {
  static const std::map<std::string, Workload, std::less<>> kWorkloads = {
      {"bank", bank},
      {"bank_alone", alone(bank)},
      {"buckets", buckets},
      {"durable_puts", [](const RunOptions& options) { return durable_puts(options, node_binding()); }},
      {"durable_puts_mini", [](const RunOptions& options) { return durable_puts(options, mini_binding()); }},
      {"index", index},
      {"index_alone", alone(index)},
      {"list_append", list_append},
      {"list_append_alone", alone(list_append)},
      {"locks", locks},
      {"made_registers", made_registers},
      {"outage", outage},
      {"placement", placement},
      {"registers", registers},
      {"rw_register", rw_register},
      {"rw_register_alone", alone(rw_register)},
  };
  return kWorkloads;
}

}  // namespace latium::sim
