#include "tests/sim/workloads/transactions.h"

#include <utility>

#include "node/tenants.h"
#include "tests/sim/transaction_checker.h"
#include "tests/sim/workloads/cluster_run.h"
#include "tests/sim/workloads/onlooker.h"
#include "tests/sim/workloads/transaction_worker.h"

namespace latium::sim {

namespace {

struct Outside : Ending {
  TransactionRun run;
};

// What one node does: one transaction after the other, and in the end one that reads all.
Task<void> work(NodeCore& core, Outside& outside) {
  TransactionWorker worker(core.runtime(), core.transactions(), outside.run);
  Random random = core.runtime().random.fork("pauses");
  while (!outside.ended) {
    LATIUM_CO_CHECKED(co_await sleep_for(core.runtime(), std::chrono::milliseconds(random.below(300))));
    const MonotonicTime soon = saturating_add(core.runtime().clock.monotonic_now(), std::chrono::seconds(4));
    const auto tenant = co_await find_tenant(core.cluster(), kRunTenant, soon);
    if (!tenant) continue;
    worker.use((*tenant)->id, (*tenant)->partitions);
    // Errors are what faults make of it: only what was promised counts.
    if (!outside.ending) {
      (void)co_await worker.any();
    } else if (co_await worker.final()) {
      outside.ended = true;
    }
  }
  co_return Result<void>();
}

RunReport transactions(const RunOptions& options, bool lists) {
  Outside outside;
  outside.last_error = "no node reads all rows in one session";
  outside.run.lists = lists;
  const auto onlooker = [&outside](ClientSeams seams) {
    outside.run.history = &seams.history;
    outside.run.now = seams.now;
    return std::make_unique<Onlooker>(std::move(seams), outside);
  };
  return run_cluster(options, onlooker, check_transactions,
                     [&outside](NodeCore& core, std::size_t) { return work(core, outside); });
}

}  // namespace

RunReport list_append(const RunOptions& options) {
  return transactions(options, true);
}

RunReport rw_register(const RunOptions& options) {
  return transactions(options, false);
}

}  // namespace latium::sim
