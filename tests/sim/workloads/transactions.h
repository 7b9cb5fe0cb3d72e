// Workloads "list_append" and "rw_register": every node reads, appends to and replaces rows in sessions of several keys, under
// every fault. What was read and what was acknowledged has to have one order that keeps to time (transaction_checker.h), and at
// the end all rows can be read in one session.
#pragma once

#include "tests/sim/workloads/workload.h"

namespace latium::sim {

/// Rows are lists, which tell their whole past: the order of all versions is known.
RunReport list_append(const RunOptions& options);

/// Rows are single values, and some are removed now and then.
RunReport rw_register(const RunOptions& options);

}  // namespace latium::sim
