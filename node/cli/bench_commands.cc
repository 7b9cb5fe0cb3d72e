#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/units.h"
#include "latium/bucket.h"
#include "node/cli/batch_sender.h"
#include "node/cli/bench_check.h"
#include "node/cli/bench_kv.h"
#include "node/cli/bench_load.h"
#include "node/cli/bench_report.h"
#include "node/cli/commands.h"
#include "node/cli/kv_options.h"
#include "node/cli/progress.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr std::uint64_t kMaxInFlight = 1u << 20;

/// As the command line gave them.
struct BenchArguments {
  BenchOptions bench;
  std::string target;
  std::string duration = "10s";
  std::string durability = "sync";
  std::string acked_log;
  bool load = false;
  bool until_unavailable = false;
};

Result<BenchOptions> check_options(const BenchArguments& arguments, Duration timeout) {
  const auto bad = [](const std::string& text) { return fail(ErrorCode::invalid_argument, text); };
  BenchOptions options = arguments.bench;
  LATIUM_TRY(options.target, parse_target(arguments.target.empty() ? std::string(kBenchTenant) + "/kv" : arguments.target));
  LATIUM_TRY(options.durability, parse_durability(arguments.durability));
  auto duration = parse_duration(arguments.duration);
  if (!duration) return bad("--duration: " + duration.error().message);
  if (*duration > std::chrono::hours(24 * 366)) return bad("--duration " + arguments.duration + " must be at most 366d");
  options.duration = *duration;
  options.timeout = timeout;
  if (options.clients < 1 || options.clients > 1024) return bad("--clients must be 1 to 1024");
  if (options.pipeline < 1 || options.pipeline > 65536) return bad("--pipeline must be 1 to 65536");
  const std::uint64_t in_flight = options.clients * options.pipeline;
  if (in_flight > kMaxInFlight) return bad("--clients times --pipeline must be at most 1048576");
  if (options.reads_percent > 100) return bad("--reads must be 0 to 100 percent");
  if (options.keys < 1 || options.keys > 1'000'000'000) return bad("--keys must be 1 to 1000000000");
  if (options.value_bytes > kMaxValueBytes) return bad("--value-bytes must be at most 16777216 (16 MiB)");
  if (arguments.acked_log.empty()) return options;
  if (options.value_bytes < BenchData::kSequenceBytes) return bad("--acked-log needs --value-bytes of at least 16");
  if (options.keys < 2 * in_flight) return bad("--acked-log needs --keys of at least twice --clients times --pipeline");
  return options;
}

// The exit status: a benchmark that was ended by an error reports it beside what it measured.
int conclude(Context& context, const BenchReport& report, const BenchOptions& options, bool until_unavailable) {
  if (context.options.json) {
    context.print(to_json(report, options));
  } else {
    print_report(context.out, report, options);
  }
  if (!report.ended_by || (until_unavailable && is_transient(*report.ended_by))) return 0;
  Error error = *report.ended_by;
  error.certainty = Certainty::not_applied;
  if (error.code == ErrorCode::unknown_bucket) error.message = "the bucket has no keys to read: --load fills it first";
  return context.report(error);
}

Result<int> run_bench_kv(Context& context, const BenchArguments& arguments) {
  LATIUM_TRY(const BenchOptions options, check_options(arguments, context.options.timeout));
  LATIUM_TRY(const Zipfian zipfian, Zipfian::make(options.keys, options.theta));
  std::optional<AckedLog> log;
  if (!arguments.acked_log.empty()) {
    LATIUM_TRY(AckedLog opened, AckedLog::open(arguments.acked_log));
    log.emplace(std::move(opened));
  }
  if (arguments.target.empty()) LATIUM_CHECKED(make_bench_tenant(context));
  client::TenantDescribeRequest describe;
  describe.set_name(options.target.tenant);
  LATIUM_CHECKED(context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, describe));

  const std::atomic<bool>* interrupted = context.environment.watch_interrupts ? context.environment.watch_interrupts() : nullptr;
  LATIUM_TRY(const auto client, context.connect(options.clients));
  ProgressLine progress(context.err, client->runtime().clock, context.environment.err_is_terminal && !context.options.json);
  BenchData data(options.value_bytes, options.seed, client->runtime().clock.wall_ms());
  if (arguments.load) {
    const LoadOptions what{.target = options.target,
                           .keys = options.keys,
                           .value_bytes = options.value_bytes,
                           .durability = options.durability,
                           .timeout = options.timeout};
    if (auto loaded = load_keys(*client, what, data, log ? &*log : nullptr, interrupted, progress); !loaded) {
      BenchReport unfinished;
      unfinished.ended_by = std::move(loaded).error();
      progress.clear();
      return conclude(context, unfinished, options, arguments.until_unavailable);
    }
  }
  BenchRun run(*client, options, zipfian, data, log ? &*log : nullptr);
  const MonotonicTime started = client->now();
  LATIUM_TRY(const BenchReport report, run.run(interrupted, [&](std::uint64_t completed) {
    if (progress.due())
      progress.show(std::to_string(completed) + " operations, " + rate_text(completed, client->now() - started) + "/s");
  }));
  progress.clear();
  return conclude(context, report, options, arguments.until_unavailable);
}

void add_kv(CLI::App& command, BenchArguments& arguments) {
  BenchOptions& o = arguments.bench;
  command.add_option("BUCKET", arguments.target, "The bucket (default bench/kv, made if missing)")->option_text("TENANT/BUCKET");
  command.add_option("--clients", o.clients, "Connections (default 1)")->option_text("N");
  command.add_option("--pipeline", o.pipeline, "Requests in flight on each (default 16)")->option_text("N");
  CLI::Option* duration = command.add_option("--duration", arguments.duration, "How long (default 10s)")->option_text("DURATION");
  command.add_option("--ops", o.operations, "How many operations, instead of how long")->option_text("N")->excludes(duration);
  command.add_option("--reads", o.reads_percent, "Share of reads (default 50)")->option_text("PERCENT");
  command.add_option("--keys", o.keys, "Different keys (default 100000)")->option_text("N");
  command.add_option("--value-bytes", o.value_bytes, "Size of a value (default 100)")->option_text("N");
  command.add_option("--durability", arguments.durability, "Of writes: sync (default) or buffered")->option_text("DURABILITY");
  command.add_option("--seed", o.seed, "The same seed draws the same keys (default 1)")->option_text("N");
  command.add_option("--zipfian", o.theta, "Skew of the keys: 0 (default) uniform, 0.99 as YCSB")->option_text("THETA");
  command.add_flag("--load", arguments.load, "Put every key once before");
  command.add_option("--acked-log", arguments.acked_log, "Append each acknowledged write to this file")->option_text("FILE");
  command.add_flag("--until-unavailable", arguments.until_unavailable, "That the node goes away is a good end");
}

}  // namespace

void add_bench_commands(CLI::App& app, const Choose& choose) {
  CLI::App* bench = app.add_subcommand("bench", "Load on a node, and whether it lost anything");
  bench->require_subcommand(1);
  const auto arguments = std::make_shared<BenchArguments>();
  CLI::App* kv = bench->add_subcommand("kv", "Read and write one bucket");
  add_kv(*kv, *arguments);
  kv->callback([choose, arguments] { choose([arguments](Context& context) { return run_bench_kv(context, *arguments); }); });

  add_bench_register(*bench, choose);
  add_bench_ycsb(*bench, choose);

  CLI::App* check = bench->add_subcommand("check", "Whether every write of an --acked-log is still there");
  check->add_option("BUCKET", arguments->target, "The bucket")->required()->option_text("TENANT/BUCKET");
  check->add_option("--acked-log", arguments->acked_log, "The file that bench kv wrote")->required()->option_text("FILE");
  check->callback([choose, arguments] {
    choose([arguments](Context& context) { return run_bench_check(context, arguments->target, arguments->acked_log); });
  });
}

}  // namespace latium::cli
