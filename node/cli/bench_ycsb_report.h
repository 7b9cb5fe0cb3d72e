// How the result of `bench ycsb` is shown.
#pragma once

#include <iosfwd>

#include "node/cli/bench_cost.h"
#include "node/cli/bench_ycsb.h"

namespace latium::cli {

/// What is shown of a run: `work` is missing when the nodes could not be asked.
struct YcsbResult {
  YcsbReport report;
  std::optional<ClusterWork> work;
  std::size_t nodes = 1;  ///< that clients were spread over
};

Json to_json(const YcsbResult& result, const YcsbOptions& options);
void print_report(std::ostream& out, const YcsbResult& result, const YcsbOptions& options);

}  // namespace latium::cli
