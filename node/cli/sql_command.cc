// `latium sql`.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <memory>

#include "node/cli/commands.h"
#include "node/cli/line_source.h"
#include "node/cli/sql_shell.h"

namespace latium::cli {

namespace {

struct SqlCommandOptions {
  std::string tenant;
  std::vector<std::string> commands;
  std::string file;
  std::string mode;
  bool quorum = false;
  bool foreign_keys = false;
};

// From here on to the end of the stream; the first error ends it.
Result<void> run_stream(SqlShell& shell, std::istream& in) {
  std::string line;
  while (!shell.wants_to_end() && std::getline(in, line)) LATIUM_CHECKED(shell.line(line));
  return shell.wants_to_end() ? Result<void>() : shell.finish();
}

Result<void> run_file(SqlShell& shell, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    return fail(ErrorCode::invalid_argument, "cannot read '" + path + "': " + std::strerror(errno) + "; check the path");
  }
  return run_stream(shell, file);
}

// An error is shown, and the next line asked for.
Result<int> talk(Context& context, SqlShell& shell, LineSource& lines) {
  context.note("SQL on " + for_one_line(context.options.node) + "; .help for help, .quit or Ctrl-D to leave");
  while (!shell.wants_to_end()) {
    lines.forget_interrupt();
    const auto line = lines.next(shell.prompt());
    if (!line) break;
    if (auto done = shell.line(*line); !done) {
      shell.forget();
      context.report(done.error());
    }
  }
  return 0;
}

Result<int> run_sql(Context& context, const SqlCommandOptions& options) {
  LATIUM_TRY(SqlMode mode, parse_sql_mode(options.mode.empty() ? "table" : options.mode));
  if (context.options.json) mode = SqlMode::json;
  if (!options.commands.empty() && !options.file.empty()) {
    return fail(ErrorCode::invalid_argument, "give either -c or -f, not both");
  }
  LATIUM_TRY(
      const auto sql,
      RemoteSql::open(context, {.tenant = options.tenant, .quorum = options.quorum, .foreign_keys = options.foreign_keys}));
  SqlShell shell(context, *sql, mode);
  if (!options.commands.empty()) {
    for (const std::string& command : options.commands) {
      LATIUM_CHECKED(shell.line(command));
      LATIUM_CHECKED(shell.finish());
    }
    return 0;
  }
  if (!options.file.empty() && options.file != "-") {
    LATIUM_CHECKED(run_file(shell, options.file));
    return 0;
  }
  if (options.file.empty() && context.environment.edit_lines) {
    const auto lines = context.environment.edit_lines();
    return talk(context, shell, *lines);
  }
  LATIUM_CHECKED(run_stream(shell, context.in));
  return 0;
}

}  // namespace

void add_sql_command(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<SqlCommandOptions>();
  auto* command = app.add_subcommand("sql", "SQL on the tables of a tenant: statements, a script, or a shell");
  command->add_option("TENANT", options->tenant, "The tenant")->required();
  command->add_option("-c,--command", options->commands, "Statements to run, may be given several times")
      ->option_text("SQL")
      ->allow_extra_args(false);
  command->add_option("-f,--file", options->file, "A script to run; - is stdin")->option_text("FILE");
  command->add_option("--mode", options->mode, "table (default), csv, json or line")->option_text("MODE");
  command->add_flag("--quorum", options->quorum, "Linearizable reads: a majority of replicas is asked");
  command->add_flag("--foreign-keys", options->foreign_keys, "Begin with PRAGMA foreign_keys = on");
  command->callback([choose, options] { choose([options](Context& context) { return run_sql(context, *options); }); });
}

}  // namespace latium::cli
