// How the result of a benchmark is shown.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "node/cli/bench_kv.h"

namespace latium::cli {

/// "duration", "operations", "interrupted" or the code of the error that ended it.
std::string ending_text(const BenchReport& report, const BenchOptions& options);

Json to_json(const BenchReport& report, const BenchOptions& options);
/// Its count, rate and latencies.
Json kind_json(const BenchReport::Kind& kind, Duration took);
/// The same as a row of a table, and its first row.
std::vector<std::string> kind_row(const std::string& name, const BenchReport::Kind& kind, Duration took);
std::vector<std::string> kind_heading();
/// The table of what was done, and the codes of errors.
void print_kinds(std::ostream& out, const BenchReport& report);
void print_report(std::ostream& out, const BenchReport& report, const BenchOptions& options);

}  // namespace latium::cli
