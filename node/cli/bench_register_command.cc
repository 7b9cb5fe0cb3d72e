// The options of `latium bench register`, and its report.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "node/cli/bench_clients.h"
#include "node/cli/bench_register.h"
#include "node/cli/bench_report.h"
#include "node/cli/commands.h"
#include "node/cli/progress.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

struct RegisterBenchArguments {
  RegisterBenchOptions bench;
  std::uint64_t seconds = 10;
  std::vector<std::string> also;
};

Result<void> check(const RegisterBenchArguments& arguments) {
  const RegisterBenchOptions& options = arguments.bench;
  const std::size_t nodes = 1 + arguments.also.size();
  const auto bad = [](const std::string& text) { return fail(ErrorCode::invalid_argument, text); };
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  if (options.clients < nodes || options.clients > 1024)
    return bad("--clients must be 1 to 1024, and one for each node at least");
  if (arguments.seconds < 1 || arguments.seconds > 86400) return bad("--seconds must be 1 to 86400");
  if (options.keys < options.clients || options.keys > 1'000'000'000) return bad("--keys must be --clients to 1000000000");
  if (options.reads_percent > 100) return bad("--reads must be 0 to 100 percent");
  if (options.value_bytes > (1u << 20)) return bad("--value-bytes must be at most 1048576 (1 MiB)");
  return {};
}

void merge(BenchReport& into, const BenchReport& from) {
  const auto add = [](BenchReport::Kind& kind, const BenchReport::Kind& more) {
    kind.latency.merge(more.latency);
    kind.errors += more.errors;
    kind.misses += more.misses;
  };
  add(into.reads, from.reads);
  add(into.writes, from.writes);
  into.took = std::max(into.took, from.took);
  into.bytes += from.bytes;
  for (const auto& [code, count] : from.codes) into.codes[code] += count;
  if (!into.ended_by) into.ended_by = from.ended_by;
  into.interrupted = into.interrupted || from.interrupted;
}

int conclude(Context& context, const BenchReport& report, const RegisterBenchOptions& options, std::size_t nodes) {
  if (context.options.json) {
    Json json;
    json["reads"] = kind_json(report.reads, report.took);
    json["writes"] = kind_json(report.writes, report.took);
    json["seconds"] = in_seconds(report.took);
    json["error_codes"] = report.codes;
    json["options"] = {{"tenant", options.tenant}, {"clients", options.clients},
                       {"nodes", nodes},           {"reads_percent", options.reads_percent},
                       {"keys", options.keys},     {"value_bytes", options.value_bytes}};
    context.print(json);
  } else {
    print_kinds(context.out, report);
  }
  return report.ended_by ? context.report(*report.ended_by) : 0;
}

Result<int> run_bench_register(Context& context, const RegisterBenchArguments& arguments) {
  LATIUM_CHECKED(check(arguments));
  RegisterBenchOptions options = arguments.bench;
  options.duration = std::chrono::seconds(arguments.seconds);
  options.timeout = context.options.timeout;
  client::TenantDescribeRequest describe;
  describe.set_name(options.tenant);
  LATIUM_CHECKED(context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, describe));

  const std::size_t nodes = 1 + arguments.also.size();
  std::vector<std::unique_ptr<RegisterRun>> runs;
  // The last of their threads ends before the runs do.
  LATIUM_TRY(const std::vector<NodeClients> clients, spread_clients(context, arguments.also, options.clients));
  for (const NodeClients& each : clients) {
    runs.push_back(std::make_unique<RegisterRun>(*each.client, options, each.count, each.first));
  }
  const std::atomic<bool>* interrupted = context.environment.watch_interrupts ? context.environment.watch_interrupts() : nullptr;
  for (const auto& run : runs) run->start();
  BenchReport report;
  for (const auto& run : runs) merge(report, run->finish(interrupted));
  return conclude(context, report, options, nodes);
}

}  // namespace

void add_bench_register(CLI::App& bench, const Choose& choose) {
  const auto arguments = std::make_shared<RegisterBenchArguments>();
  RegisterBenchOptions& o = arguments->bench;
  CLI::App* command = bench.add_subcommand("register", "Change registers, one request in flight a client");
  command->add_option("TENANT", o.tenant, "The tenant")->required();
  command->add_option("--clients", o.clients, "Connections (default 1)")->option_text("N");
  command->add_option("--seconds", arguments->seconds, "How long (default 10)")->option_text("N");
  command->add_option("--keys", o.keys, "Different registers (default 10000)")->option_text("N");
  command->add_option("--reads", o.reads_percent, "Share of quorum reads (default 0)")->option_text("PERCENT");
  command->add_option("--value-bytes", o.value_bytes, "Size of a value (default 100)")->option_text("N");
  command->add_option("--also", arguments->also, "Further nodes to spread clients and registers over")->option_text("HOST:PORT");
  command->callback(
      [choose, arguments] { choose([arguments](Context& context) { return run_bench_register(context, *arguments); }); });
}

}  // namespace latium::cli
