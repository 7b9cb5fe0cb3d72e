// Workload "index": every node adds, changes and removes rows of a table with a unique and two other indexes, in sessions, under
// every fault. Whoever reads the table and its indexes in one session finds the same rows in all of them, always, and no value of
// the unique index twice; at the end nothing is locked.
#pragma once

#include "tests/sim/workloads/workload.h"

namespace latium::sim {

RunReport index(const RunOptions& options);

}  // namespace latium::sim
