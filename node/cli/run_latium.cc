#include "node/cli/run_latium.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "base/units.h"
#include "node/cli/commands.h"
#include "node/status.h"

namespace latium::cli {

namespace {

constexpr std::string_view kDefaultNode = "127.0.0.1:7400";

struct RawOptions {
  GlobalOptions global;
  std::string timeout = "10s";
};

void add_global_options(CLI::App& app, RawOptions& raw) {
  app.add_option("--node", raw.global.node, "Node to ask; else LATIUM_NODE, else " + std::string(kDefaultNode))
      ->option_text("HOST:PORT");
  app.add_flag("--json", raw.global.json, "JSON on stdout, errors as JSON on stderr");
  app.add_option("--timeout", raw.timeout, "Longest that a request may take (default 10s)")->option_text("DURATION");
  app.add_option("--tls-cert", raw.global.tls.cert, "Certificate chain of this client, PEM")->option_text("FILE");
  app.add_option("--tls-key", raw.global.tls.key, "Its private key, PEM")->option_text("FILE");
  app.add_option("--tls-ca", raw.global.tls.ca, "Authority of all certificates, PEM")->option_text("FILE");
}

void add_commands(CLI::App& app, const Choose& choose) {
  add_status_command(app, choose);
  add_tenant_commands(app, choose);
  add_kv_commands(app, choose);
  add_bench_commands(app, choose);
  add_register_commands(app, choose);
  add_lock_commands(app, choose);
  add_table_commands(app, choose);
  add_row_commands(app, choose);
  add_sql_command(app, choose);
  add_topology_commands(app, choose);
  add_copies_commands(app, choose);
  add_faults_command(app, choose);
}

// The innermost command that was recognised.
const CLI::App& innermost(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : innermost(*chosen.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? "latium" : full_name(*app.get_parent()) + " " + app.get_name();
}

// The parser's message as one line that names the remedy.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& at = innermost(app);
  const auto left = app.remaining(true);
  std::string text = error.what();
  // The parser lists them the last one first.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError))
    text = "not expected: " + CLI::detail::join(left, " ");
  if (!at.get_subcommands({}).empty()) {
    text = left.empty() ? "a command is missing" : "there is no command or option '" + left.front() + "'";
  }
  if (!left.empty() && left.front().starts_with('-')) text += "; an argument that begins with - goes behind --";
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return {ErrorCode::invalid_argument, text + "; see " + full_name(at) + " --help"};
}

Result<GlobalOptions> finish_options(RawOptions raw, const Environment& environment) {
  GlobalOptions options = std::move(raw.global);
  if (options.node.empty()) options.node = environment.node.empty() ? std::string(kDefaultNode) : environment.node;
  auto timeout = parse_duration(raw.timeout);
  if (!timeout) return fail(ErrorCode::invalid_argument, "--timeout: " + timeout.error().message);
  // A year: longer ones would overflow where they are added up.
  if (*timeout < std::chrono::milliseconds(1) || *timeout > std::chrono::hours(24 * 366)) {
    return fail(ErrorCode::invalid_argument, "--timeout " + raw.timeout + " must be 1ms to 366d");
  }
  options.timeout = *timeout;
  const bool all_given = !options.tls.cert.empty() && !options.tls.key.empty() && !options.tls.ca.empty();
  if (!options.tls.empty() && !all_given) {
    return fail(ErrorCode::invalid_argument, "TLS needs --tls-cert, --tls-key and --tls-ca, all three");
  }
  return options;
}

int run_command(Context& context, const Command& command) {
  const Result<int> status = command(context);
  context.out.flush();
  if (!status) return context.report(status.error());
  if (!context.out) return context.report({ErrorCode::io_error, "cannot write to stdout: it is closed or its disk is full"});
  return *status;
}

}  // namespace

int run_latium(std::vector<std::string> args, std::istream& in, std::ostream& out, std::ostream& err,
               const Environment& environment) {
  RawOptions raw;
  Command command;
  CLI::App app("Asks a node of a Latium cluster, or tells it what to do.", "latium");
  // A key may be called like a command: once a command is chosen, no other is looked for.
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "latium " + std::string(program_version()));
  add_global_options(app, raw);
  add_commands(app, [&command](Command chosen) { command = std::move(chosen); });

  GlobalOptions for_errors;
  for_errors.json = std::ranges::find(args, "--json") != args.end();
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked, out, err);
    return 0;
  } catch (const CLI::ParseError& error) {
    return Context(for_errors, in, out, err, environment).report(usage_error(app, error));
  }
  auto options = finish_options(std::move(raw), environment);
  if (!options) return Context(for_errors, in, out, err, environment).report(options.error());
  Context context(*std::move(options), in, out, err, environment);
  return run_command(context, command);
}

}  // namespace latium::cli
