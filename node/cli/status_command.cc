#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/ids.h"
#include "base/units.h"
#include "node/cli/commands.h"
#include "node/cli/every_node.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

// "4 up", or "3 up, 1 suspect, 1 down: 127.0.0.1:7402 (rennes) suspect, 127.0.0.1:7404 (paris) down".
std::string describe_members(const client::StatusResponse& status) {
  std::string text = std::to_string(status.members_up()) + " up";
  if (status.members_suspect() > 0) text += ", " + std::to_string(status.members_suspect()) + " suspect";
  if (status.members_down() > 0) text += ", " + std::to_string(status.members_down()) + " down";
  const char* separator = ": ";
  for (const auto& node : status.not_up()) {
    text += std::exchange(separator, ", ") + node.address() + " (" + node.site() + ") " + node.liveness();
  }
  return text;
}

// "12 (3.4 KiB), for 127.0.0.1:7401: 12 since 5s"
std::string describe_hints(const client::StatusResponse& status) {
  std::string text = std::to_string(status.hints_count()) + " (" + format_size(status.hints_bytes()) + ")";
  const char* separator = ", for ";
  for (const auto& each : status.hints()) {
    text += std::exchange(separator, ", ");
    text += each.address().empty() ? to_hex(each.node_id()) : each.address();
    text += ": " + std::to_string(each.count()) + " since " + format_duration(std::chrono::milliseconds(each.age_ms()));
    if (each.dropped() > 0) text += ", " + std::to_string(each.dropped()) + " dropped";
  }
  return text;
}

void print_status(std::ostream& out, const client::StatusResponse& status) {
  const std::string hints = describe_hints(status);
  const std::string memory = format_size(status.memory_bytes()) + " + block cache " + format_size(status.block_cache_bytes());
  print_fields(out, {{"node", to_hex(status.node_id()) + " (incarnation " + std::to_string(status.incarnation()) + ")"},
                     {"cluster", to_hex(status.cluster_id())},
                     {"site", for_one_line(status.site())},
                     {"rack", for_one_line(status.rack())},
                     {"role", status.role()},
                     {"state", status.state()},
                     {"reason", for_one_line(status.state_reason())},
                     {"listen", status.listen()},
                     {"version", status.version()},
                     {"uptime", format_duration(std::chrono::milliseconds(status.uptime_ms()))},
                     {"members", for_one_line(describe_members(status))},
                     {"epoch", std::to_string(status.epoch())},
                     {"tenants", std::to_string(status.tenants())},
                     {"keys", "about " + std::to_string(status.keys())},
                     {"hints", for_one_line(hints)},
                     {"disk", format_size(status.disk_bytes())},
                     {"memory", memory},
                     {"requests", std::to_string(status.requests())},
                     {"connections", std::to_string(status.connections())}});
}

Result<int> run_status(Context& context, std::optional<std::uint64_t> remembered) {
  LATIUM_TRY(const auto status, context.read<client::StatusResponse>(wire::METHOD_STATUS, client::StatusRequest()));
  if (context.options.json) {
    Json json = to_json(status);
    if (remembered) json["remembered"] = *remembered;
    context.print(json);
  } else {
    print_status(context.out, status);
    if (remembered) print_fields(context.out, {{"remembered", std::to_string(*remembered) + " deleted or expired keys"}});
  }
  return 0;
}

}  // namespace

void add_status_command(CLI::App& app, const Choose& choose) {
  CLI::App* status = app.add_subcommand("status", "What the node says of itself");
  const auto wait = std::make_shared<bool>(false);
  const auto within = std::make_shared<std::string>("10m");
  CLI::Option* const flag =
      status->add_flag("--wait-converged", *wait, "First wait until no node keeps hints and all copies on all nodes are equal");
  status->add_option("--within", *within, "Give up after this long (exit status 3)")->option_text("10m")->needs(flag);
  status->callback([choose, wait, within] {
    choose([wait, within](Context& context) -> Result<int> {
      if (!*wait) return run_status(context, std::nullopt);
      LATIUM_TRY(const auto time, parse_duration(*within));
      LATIUM_TRY(const std::uint64_t remembered, wait_converged(context, time));
      return run_status(context, remembered);
    });
  });
}

}  // namespace latium::cli
