#include "node/cli/bench_ycsb_report.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "node/cli/bench_report.h"
#include "node/cli/progress.h"

namespace latium::cli {

namespace {

std::string ending_text(const YcsbReport& report, const YcsbOptions& options) {
  if (report.ended_by) return std::string(to_string(report.ended_by->code));
  if (report.interrupted) return "interrupted";
  return options.operations != 0 ? "operations" : "duration";
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t count_of(const YcsbReport& report, bool only_writes) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < kYcsbKinds; ++i) {
    if (!only_writes || writes(static_cast<YcsbKind>(i))) count += report.kinds[i].counts.latency.count();
  }
  return count;
}

BenchReport::Kind all_of(const YcsbReport& report) {
  BenchReport::Kind all;
  for (const YcsbReport::Kind& kind : report.kinds) {
    all.latency.merge(kind.counts.latency);
    all.errors += kind.counts.errors;
    all.misses += kind.counts.misses;
  }
  return all;
}

std::string level_text(client::Level level) {
  switch (level) {
    case client::LEVEL_ONE:
      return "one";
    case client::LEVEL_ALL:
      return "all";
    case client::LEVEL_LOCAL_QUORUM:
      return "local_quorum";
    default:
      return "quorum";
  }
}

Json to_json(const YcsbReport::Kind& kind, Duration took) {
  Json json = kind_json(kind.counts, took);
  const std::uint64_t count = kind.counts.latency.count();
  json["misses"] = kind.counts.misses;
  json["error_codes"] = kind.codes;
  json["round_trips"] = ratio(kind.round_trips, count);
  json["replicas_asked"] = ratio(kind.replicas_asked, count);
  return json;
}

Json to_json(const ClusterWork& work, std::uint64_t operations, std::uint64_t written) {
  return {{"log_syncs", work.log_syncs},
          {"commit_groups", work.commit_groups},
          {"commit_batches", work.commit_batches},
          {"messages", 2 * work.requests},
          {"bytes", work.bytes},
          {"messages_per_operation", ratio(2 * work.requests, operations)},
          {"bytes_per_operation", ratio(work.bytes, operations)},
          {"log_syncs_per_write", ratio(work.log_syncs, written)}};
}

}  // namespace

Json to_json(const YcsbResult& result, const YcsbOptions& options) {
  const YcsbReport& report = result.report;
  Json json = kind_json(all_of(report), report.took);
  json["workload"] = options.mix.name;
  json["seconds"] = in_seconds(report.took);
  json["ended"] = ending_text(report, options);
  for (std::size_t i = 0; i < kYcsbKinds; ++i) {
    if (options.mix.percent[i] == 0) continue;
    json["kinds"][kYcsbNames[i]] = to_json(report.kinds[i], report.took);
    if (static_cast<YcsbKind>(i) == YcsbKind::scan) json["kinds"]["scans"]["keys"] = report.kinds[i].scanned;
  }
  json["cost"] = result.work ? to_json(*result.work, count_of(report, false), count_of(report, true)) : Json();
  json["options"] = {{"target", options.target.to_string()},
                     {"clients", options.clients},
                     {"nodes", result.nodes},
                     {"keys", options.keys},
                     {"value_bytes", options.value_bytes},
                     {"distribution", to_string(options.distribution)},
                     {"w", level_text(options.write_level)},
                     {"r", level_text(options.read_level)},
                     {"durability", options.durability == client::DURABILITY_SYNC ? "sync" : "buffered"},
                     {"seed", options.seed}};
  return json;
}

void print_report(std::ostream& out, const YcsbResult& result, const YcsbOptions& options) {
  const YcsbReport& report = result.report;
  std::vector<std::vector<std::string>> rows = {kind_heading()};
  for (std::size_t i = 0; i < kYcsbKinds; ++i) {
    if (options.mix.percent[i] > 0) rows.push_back(kind_row(kYcsbNames[i], report.kinds[i].counts, report.took));
  }
  const BenchReport::Kind all = all_of(report);
  rows.push_back(kind_row("all", all, report.took));
  print_table(out, rows);
  for (std::size_t i = 0; i < kYcsbKinds; ++i) {
    for (const auto& [code, count] : report.kinds[i].codes) out << count << " x " << code << " (" << kYcsbNames[i] << ")\n";
  }
  out << "workload " << options.mix.name << ", " << to_string(options.distribution) << " keys, " << options.clients
      << " clients on " << result.nodes << (result.nodes == 1 ? " node, " : " nodes, ") << seconds_text(report.took) << ", "
      << all.misses << " found nothing; ended by " << ending_text(report, options) << "\n";
  if (!result.work) return;
  char text[128];
  std::snprintf(text, sizeof text, "%.2f messages, %.0f bytes an operation, %.3f syncs a write",
                ratio(2 * result.work->requests, count_of(report, false)), ratio(result.work->bytes, count_of(report, false)),
                ratio(result.work->log_syncs, count_of(report, true)));
  out << "between the nodes: " << text << "\n";
}

}  // namespace latium::cli
