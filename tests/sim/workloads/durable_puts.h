// durable_puts: what was acknowledged is there after crashes, restarts and bad disks, and what was removed stays away.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/sim/history.h"
#include "tests/sim/kv_client.h"
#include "tests/sim/workloads/workload.h"

namespace latium::sim {

/// Runs clients against the store of `binding` under the faults that the seed draws, heals everything, lets every client
/// read all its keys (each read must succeed within a minute of virtual time), and checks the history.
RunReport durable_puts(const RunOptions& options, const KvBinding& binding);

struct DurabilityRules {
  /// An unknown write may still take effect after later acknowledged writes of its client.
  bool unknown_writes_may_come_late = false;
  /// Judge only the reads after healing (operations whose name begins with "final_"): for stores that may answer stale.
  bool final_reads_only = false;
};

/// Every violation, as text; empty = the history is good. Precondition of the workload: each key is written by one process.
/// A read may return the effect of a write W (or "absent" at the beginning) when W is not a failed one, began before the
/// read ended, and no write after W was acknowledged before the read began.
std::vector<std::string> check_durability(const History& history, DurabilityRules rules = {});

}  // namespace latium::sim
