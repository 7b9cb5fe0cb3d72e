// Judges histories of buckets: nothing acknowledged is lost without a write that knew of it, nothing deleted comes back.
#pragma once

#include "tests/sim/check_report.h"
#include "tests/sim/history.h"

namespace latium::sim {

/// Operations of the buckets workload:
/// - `sibling_put`, `sibling_remove`: in a bucket that keeps siblings. `value` is written once in a history; `pairs` has the
///   values that its context was read with.
/// - `lww_put`, `lww_remove`: where the last write wins. `token`, when ok: the stamp of the write.
/// - `final_siblings`, `final_lww`: one for each key, after everything has healed and all copies are equal: the values in
/// `pairs`, the
///   stamp of the value of `final_lww` in `token`.
/// Keys without their final read are passed over.
CheckReport check_buckets(const History& history);

}  // namespace latium::sim
