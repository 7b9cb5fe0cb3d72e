#include "node/cli/bench_report.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/units.h"
#include "node/cli/progress.h"

namespace latium::cli {

namespace {

double microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

std::string time_text(std::uint64_t nanoseconds) {
  char text[32];
  if (nanoseconds < 1'000'000) {
    std::snprintf(text, sizeof text, "%.1fus", microseconds(nanoseconds));
  } else {
    std::snprintf(text, sizeof text, "%.2fms", microseconds(nanoseconds) / 1000);
  }
  return text;
}

double rate(std::uint64_t count, Duration took) {
  const double seconds = in_seconds(took);
  return seconds > 0 ? std::round(static_cast<double>(count) / seconds) : 0;
}

Json kind_json(const Histogram& latency, std::uint64_t errors, Duration took) {
  return {{"operations", latency.count()},
          {"errors", errors},
          {"rate", rate(latency.count(), took)},
          {"mean_us", latency.mean() / 1000},
          {"p50_us", microseconds(latency.percentile(50))},
          {"p99_us", microseconds(latency.percentile(99))},
          {"p999_us", microseconds(latency.percentile(99.9))},
          {"max_us", microseconds(latency.max())}};
}

std::vector<std::string> row(const std::string& name, const Histogram& latency, std::uint64_t errors, Duration took) {
  return {name,
          std::to_string(latency.count()),
          std::to_string(errors),
          rate_text(latency.count(), took),
          time_text(latency.percentile(50)),
          time_text(latency.percentile(99)),
          time_text(latency.percentile(99.9)),
          time_text(latency.max())};
}

Histogram all_of(const BenchReport& report) {
  Histogram all = report.reads.latency;
  all.merge(report.writes.latency);
  return all;
}

}  // namespace

std::string ending_text(const BenchReport& report, const BenchOptions& options) {
  if (report.ended_by) return std::string(to_string(report.ended_by->code));
  if (report.interrupted) return "interrupted";
  return options.operations != 0 ? "operations" : "duration";
}

Json to_json(const BenchReport& report, const BenchOptions& options) {
  Json json = kind_json(all_of(report), report.reads.errors + report.writes.errors, report.took);
  json["seconds"] = in_seconds(report.took);
  json["bytes"] = report.bytes;
  json["ended"] = ending_text(report, options);
  json["reads"] = kind_json(report.reads, report.took);
  json["reads"]["misses"] = report.reads.misses;
  json["writes"] = kind_json(report.writes, report.took);
  json["acknowledged"] = report.writes.latency.count();
  json["error_codes"] = report.codes;
  json["options"] = {{"target", options.target.to_string()},
                     {"clients", options.clients},
                     {"pipeline", options.pipeline},
                     {"reads_percent", options.reads_percent},
                     {"keys", options.keys},
                     {"value_bytes", options.value_bytes},
                     {"durability", options.durability == client::DURABILITY_SYNC ? "sync" : "buffered"},
                     {"zipfian", options.theta},
                     {"seed", options.seed}};
  return json;
}

Json kind_json(const BenchReport::Kind& kind, Duration took) {
  return kind_json(kind.latency, kind.errors, took);
}

std::vector<std::string> kind_heading() {
  return {"KIND", "OPERATIONS", "ERRORS", "OPS/S", "P50", "P99", "P99.9", "MAX"};
}

std::vector<std::string> kind_row(const std::string& name, const BenchReport::Kind& kind, Duration took) {
  return row(name, kind.latency, kind.errors, took);
}

void print_kinds(std::ostream& out, const BenchReport& report) {
  std::vector<std::vector<std::string>> rows = {kind_heading()};
  const auto add = [&](const char* name, const BenchReport::Kind& kind) {
    if (kind.latency.count() + kind.errors > 0) rows.push_back(kind_row(name, kind, report.took));
  };
  add("reads", report.reads);
  add("writes", report.writes);
  rows.push_back(row("all", all_of(report), report.reads.errors + report.writes.errors, report.took));
  print_table(out, rows);
  for (const auto& [code, count] : report.codes) out << count << " x " << code << "\n";
}

void print_report(std::ostream& out, const BenchReport& report, const BenchOptions& options) {
  print_kinds(out, report);
  out << options.clients << " clients x " << options.pipeline << " in flight, " << seconds_text(report.took) << ", "
      << format_size(report.bytes) << " moved, " << report.reads.misses << " reads found nothing; ended by "
      << ending_text(report, options) << "\n";
}

}  // namespace latium::cli
