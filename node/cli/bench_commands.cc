#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/units.h"
#include "latium/bucket.h"
#include "node/cli/batch_sender.h"
#include "node/cli/bench_check.h"
#include "node/cli/bench_kv.h"
#include "node/cli/bench_report.h"
#include "node/cli/commands.h"
#include "node/cli/kv_options.h"
#include "node/cli/progress.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr const char* kOwnTenant = "bench";
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
  LATIUM_TRY(options.target, parse_target(arguments.target.empty() ? std::string(kOwnTenant) + "/kv" : arguments.target));
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

// Without a bucket named, the benchmark has a tenant of its own.
Result<void> make_own_tenant(Context& context) {
  client::TenantCreateRequest request;
  request.set_name(kOwnTenant);
  const auto response = context.write<client::TenantCreateResponse>(wire::METHOD_TENANT_CREATE, request);
  if (response || response.error().code == ErrorCode::already_exists) return {};
  return fail(response.error());
}

// Puts every key once. Its writes are acknowledged ones like any other.
Result<void> load(RemoteClient& client, const BenchOptions& options, BenchData& data, AckedLog* log,
                  const std::atomic<bool>* interrupted, ProgressLine& progress) {
  BatchSender sender(client, {.timeout = options.timeout, .backoff = {}, .interrupted = interrupted}, {});
  std::vector<std::uint64_t> sequences;  // of the items that are sent and not in the log yet, from `logged` on
  std::uint64_t logged = 0;
  const auto log_acknowledged = [&]() -> Result<void> {
    for (; log != nullptr && logged < sender.acknowledged().imported; ++logged) {
      LATIUM_CHECKED(log->add(BenchData::key(logged), sequences[logged]));
    }
    return {};
  };
  client::KvPutManyRequest batch;
  std::size_t bytes = 0;
  for (std::uint64_t item = 0; item < options.keys; ++item) {
    const std::uint64_t sequence = data.next_sequence();
    if (log != nullptr) sequences.push_back(sequence);
    auto& added = *batch.add_items();
    added.set_key(BenchData::key(item));
    added.set_value(data.value(sequence));
    bytes += options.value_bytes;
    if (batch.items_size() < 256 && bytes < (1u << 20) && item + 1 < options.keys) continue;
    batch.set_tenant(options.target.tenant);
    batch.set_bucket(options.target.bucket);
    batch.set_durability(options.durability);
    LATIUM_CHECKED(sender.send({batch.SerializeAsString(), {.position = {}, .imported = item + 1, .bad = 0}}));
    batch.Clear();
    bytes = 0;
    LATIUM_CHECKED(log_acknowledged());
    if (progress.due()) progress.show("loading: " + std::to_string(item + 1) + " of " + std::to_string(options.keys) + " keys");
  }
  LATIUM_CHECKED(sender.drain());
  return log_acknowledged();
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
  if (arguments.target.empty()) LATIUM_CHECKED(make_own_tenant(context));
  client::TenantDescribeRequest describe;
  describe.set_name(options.target.tenant);
  LATIUM_CHECKED(context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, describe));

  const std::atomic<bool>* interrupted = context.environment.watch_interrupts ? context.environment.watch_interrupts() : nullptr;
  LATIUM_TRY(const auto client, context.connect(options.clients));
  ProgressLine progress(context.err, client->runtime().clock, context.environment.err_is_terminal && !context.options.json);
  BenchData data(options.value_bytes, options.seed, client->runtime().clock.wall_ms());
  if (arguments.load) {
    if (auto loaded = load(*client, options, data, log ? &*log : nullptr, interrupted, progress); !loaded) {
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

  CLI::App* check = bench->add_subcommand("check", "Whether every write of an --acked-log is still there");
  check->add_option("BUCKET", arguments->target, "The bucket")->required()->option_text("TENANT/BUCKET");
  check->add_option("--acked-log", arguments->acked_log, "The file that bench kv wrote")->required()->option_text("FILE");
  check->callback([choose, arguments] {
    choose([arguments](Context& context) { return run_bench_check(context, arguments->target, arguments->acked_log); });
  });
}

}  // namespace latium::cli
