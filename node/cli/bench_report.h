// How the result of a benchmark is shown.
#pragma once

#include <iosfwd>

#include "node/cli/bench_kv.h"

namespace latium::cli {

/// "duration", "operations", "interrupted" or the code of the error that ended it.
std::string ending_text(const BenchReport& report, const BenchOptions& options);

Json to_json(const BenchReport& report, const BenchOptions& options);
void print_report(std::ostream& out, const BenchReport& report, const BenchOptions& options);

}  // namespace latium::cli
