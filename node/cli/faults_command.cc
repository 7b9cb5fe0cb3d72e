// `latium faults`: for scripts/cluster and tests, not in the help. Sets the fault rules of a node.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "node/cli/commands.h"
#include "proto/faults.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

std::unexpected<Error> bad(const std::string& what) {
  return fail(ErrorCode::invalid_argument, "--rules: " + what);
}

Result<void> set_field(faults::Rule& rule, const std::string& key, const Json& value) {
  if (key == "cut") {
    if (!value.is_boolean()) return bad("cut wants true or false");
    rule.set_cut(value.get<bool>());
  } else if (key == "delay_ms") {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 60'000) return bad("delay_ms wants 0 to 60000");
    rule.set_delay_ms(value.get<std::uint32_t>());
  } else if (key == "site") {
    if (!value.is_string()) return bad("site wants a string");
    rule.set_site(value.get<std::string>());
  } else if (key == "address" || key == "node_id") {
    if (!value.is_array()) return bad(key + " wants an array of strings");
    for (const Json& item : value) {
      if (!item.is_string()) return bad(key + " wants an array of strings");
      if (key == "address") {
        rule.add_address(item.get<std::string>());
      } else {
        const auto id = from_hex(item.get<std::string>());
        if (!id) return bad("node_id " + item.dump() + " wants up to 16 hexadecimal digits");
        rule.add_node_id(*id);
      }
    }
  } else {
    return bad("unknown field " + key + "; there are: site, address, node_id, cut, delay_ms");
  }
  return {};
}

Result<faults::FaultsSetRequest> parse_rules(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return bad("wants a JSON array of rules, [] for none");
  faults::FaultsSetRequest request;
  for (const Json& item : json) {
    if (!item.is_object()) return bad("wants an object for each rule, such as {\"site\":\"paris\",\"cut\":true}");
    faults::Rule& rule = *request.add_rules();
    for (const auto& [key, value] : item.items()) LATIUM_CHECKED(set_field(rule, key, value));
  }
  return request;
}

Result<int> run_faults(Context& context, const std::string& rules) {
  LATIUM_TRY(const auto request, parse_rules(rules));
  // A repetition changes nothing.
  LATIUM_TRY(const auto response, context.read<faults::FaultsSetResponse>(wire::METHOD_FAULTS_SET, request));
  if (context.options.json) {
    context.print({{"rules", response.rules()}});
  } else {
    context.out << "fault rules in force: " << response.rules() << "\n";
  }
  return 0;
}

}  // namespace

void add_faults_command(CLI::App& app, const Choose& choose) {
  auto rules = std::make_shared<std::string>();
  auto* command = app.add_subcommand("faults", "Sets the fault rules of a node that was started with --enable-faults");
  command->group("");  // hidden
  command->add_option("--rules", *rules, "JSON array of {site, address, node_id, cut, delay_ms}, in place of all before")
      ->option_text("JSON")
      ->required();
  command->callback([choose, rules] { choose([rules](Context& context) { return run_faults(context, *rules); }); });
}

}  // namespace latium::cli
