// The options of `latium bench ycsb`, and its course.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/units.h"
#include "latium/bucket.h"
#include "node/cli/bench_clients.h"
#include "node/cli/bench_load.h"
#include "node/cli/bench_ycsb.h"
#include "node/cli/bench_ycsb_report.h"
#include "node/cli/commands.h"
#include "node/cli/kv_options.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

/// As the command line gave them.
struct YcsbArguments {
  YcsbOptions bench;
  std::string target;
  std::string workload;
  std::string distribution;  // empty: the workload's
  std::string duration = "10s";
  std::string write_level = "quorum";
  std::string read_level = "quorum";
  std::string durability = "sync";
  std::vector<std::string> also;
  bool load = false;
};

Result<void> check_numbers(const YcsbOptions& options, std::size_t nodes) {
  const auto bad = [](const std::string& text) { return fail(ErrorCode::invalid_argument, text); };
  if (options.clients < nodes || options.clients > 1024)
    return bad("--clients must be 1 to 1024, and one for each node at least");
  if (options.keys < 1 || options.keys > 1'000'000'000) return bad("--keys must be 1 to 1000000000");
  if (options.value_bytes > kMaxValueBytes) return bad("--value-bytes must be at most 16777216 (16 MiB)");
  const bool scans = options.mix.percent[static_cast<std::size_t>(YcsbKind::scan)] > 0;
  if (scans && options.read_level != client::LEVEL_ONE && options.read_level != client::LEVEL_QUORUM)
    return bad("--workload " + std::string(options.mix.name) + " scans: --r must be one or quorum");
  return {};
}

Result<YcsbOptions> check_options(const YcsbArguments& arguments, Duration timeout) {
  YcsbOptions options = arguments.bench;
  LATIUM_TRY(options.target, parse_target(arguments.target.empty() ? std::string(kBenchTenant) + "/ycsb" : arguments.target));
  LATIUM_TRY(options.mix, find_mix(arguments.workload));
  options.distribution = options.mix.distribution;
  if (!arguments.distribution.empty()) {
    LATIUM_TRY(options.distribution, parse_distribution(arguments.distribution));
  }
  LATIUM_TRY(options.write_level, parse_level("--w", arguments.write_level));
  LATIUM_TRY(options.read_level, parse_level("--r", arguments.read_level));
  LATIUM_TRY(options.durability, parse_durability(arguments.durability));
  auto duration = parse_duration(arguments.duration);
  if (!duration) return fail(ErrorCode::invalid_argument, "--duration: " + duration.error().message);
  options.duration = *duration;
  options.timeout = timeout;
  LATIUM_CHECKED(check_numbers(options, 1 + arguments.also.size()));
  return options;
}

Result<void> prepare(Context& context, const YcsbArguments& arguments, const YcsbOptions& options,
                     const std::atomic<bool>* interrupted) {
  if (arguments.target.empty()) LATIUM_CHECKED(make_bench_tenant(context));
  client::TenantDescribeRequest describe;
  describe.set_name(options.target.tenant);
  LATIUM_CHECKED(context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, describe));
  if (!arguments.load) return {};
  LATIUM_TRY(const auto client, context.connect());
  ProgressLine progress(context.err, client->runtime().clock, context.environment.err_is_terminal && !context.options.json);
  BenchData data(options.value_bytes, options.seed, client->runtime().clock.wall_ms());
  return load_keys(*client,
                   {.target = options.target,
                    .keys = options.keys,
                    .value_bytes = options.value_bytes,
                    .durability = options.durability,
                    .level = options.write_level,
                    .timeout = options.timeout},
                   data, nullptr, interrupted, progress);
}

// The exit status: a benchmark that was ended by an error reports it beside what it measured.
int conclude(Context& context, const YcsbResult& result, const YcsbOptions& options) {
  if (context.options.json) {
    context.print(to_json(result, options));
  } else {
    print_report(context.out, result, options);
  }
  if (!result.report.ended_by) return 0;
  Error error = *result.report.ended_by;
  error.certainty = Certainty::not_applied;
  if (error.code == ErrorCode::unknown_bucket) error.message = "the bucket has no keys to read: --load fills it first";
  return context.report(error);
}

Result<int> run_bench_ycsb(Context& context, const YcsbArguments& arguments) {
  LATIUM_TRY(const YcsbOptions options, check_options(arguments, context.options.timeout));
  LATIUM_TRY(KeyChooser keys, KeyChooser::make(options.keys, options.distribution));
  const std::atomic<bool>* interrupted = context.environment.watch_interrupts ? context.environment.watch_interrupts() : nullptr;
  LATIUM_CHECKED(prepare(context, arguments, options, interrupted));

  std::vector<std::unique_ptr<YcsbRun>> runs;
  // The last of their threads ends before the runs do.
  LATIUM_TRY(const std::vector<NodeClients> clients, spread_clients(context, arguments.also, options.clients));
  const auto meter = CostMeter::start(context);
  for (const NodeClients& each : clients) {
    runs.push_back(std::make_unique<YcsbRun>(*each.client, options, keys, each.count, each.first));
  }
  for (const auto& run : runs) run->start();
  YcsbResult result{.report = {}, .work = {}, .nodes = clients.size()};
  for (const auto& run : runs) result.report.merge(run->finish(interrupted));
  const auto work = meter ? meter->read(clients) : Result<ClusterWork>(fail(meter.error()));
  if (work) {
    result.work = *work;
  } else {
    context.note("what it cost the nodes is not known: " + work.error().message);
  }
  return conclude(context, result, options);
}

void add_options(CLI::App& command, YcsbArguments& arguments) {
  YcsbOptions& o = arguments.bench;
  command.add_option("BUCKET", arguments.target, "The bucket (default bench/ycsb, made if missing)")
      ->option_text("TENANT/BUCKET");
  command.add_option("--workload", arguments.workload, "a to f as YCSB; w: updates only")->required()->option_text("LETTER");
  command.add_option("--keys", o.keys, "Keys at the beginning (default 100000)")->option_text("N");
  command.add_option("--value-bytes", o.value_bytes, "Size of a value (default 100)")->option_text("N");
  command.add_option("--clients", o.clients, "Connections, one operation in flight on each (default 1)")->option_text("N");
  CLI::Option* duration = command.add_option("--duration", arguments.duration, "How long (default 10s)")->option_text("DURATION");
  command.add_option("--ops", o.operations, "How many operations, instead of how long")->option_text("N")->excludes(duration);
  command.add_option("--w", arguments.write_level, "Copies of a write: quorum (default), one, all, local_quorum")
      ->option_text("LEVEL");
  command.add_option("--r", arguments.read_level, "Copies of a read, likewise")->option_text("LEVEL");
  command.add_option("--durability", arguments.durability, "Of writes: sync (default) or buffered")->option_text("DURABILITY");
  command.add_option("--distribution", arguments.distribution, "Of keys: zipfian, uniform, latest (default the workload's)")
      ->option_text("NAME");
  command.add_option("--seed", o.seed, "The same seed draws the same operations (default 1)")->option_text("N");
  command.add_option("--also", arguments.also, "Further nodes to spread clients over")->option_text("HOST:PORT")->delimiter(',');
  command.add_flag("--load", arguments.load, "Put every key once before");
}

}  // namespace

void add_bench_ycsb(CLI::App& bench, const Choose& choose) {
  const auto arguments = std::make_shared<YcsbArguments>();
  CLI::App* command = bench.add_subcommand("ycsb", "YCSB's mixes of reads and writes of one bucket");
  add_options(*command, *arguments);
  command->callback(
      [choose, arguments] { choose([arguments](Context& context) { return run_bench_ycsb(context, *arguments); }); });
}

}  // namespace latium::cli
