// Workload "bank": every node moves money between rows, in sessions, under every fault. Whoever reads all rows in one session
// sees the same sum, always; what was acknowledged is never lost; and at the end nothing is locked.
#pragma once

#include "tests/sim/workloads/workload.h"

namespace latium::sim {

RunReport bank(const RunOptions& options);

}  // namespace latium::sim
