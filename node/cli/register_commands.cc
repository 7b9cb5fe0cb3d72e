// `latium register`.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr int kRefused = 1;

struct RegisterOptions {
  std::string tenant;
  std::string key;
  std::string consistency = "quorum";
  std::string expect;
  std::uint64_t version = 0;
  std::string value;
  bool absent = false;
  bool remove = false;
  bool given_expect = false;
  bool given_version = false;
  bool given_value = false;
};

Result<int> get(Context& context, const RegisterOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  client::RegisterGetRequest request;
  request.set_tenant(options.tenant);
  request.set_key(options.key);
  if (options.consistency != "quorum" && options.consistency != "local") {
    return fail(ErrorCode::invalid_argument, "--consistency " + for_one_line(options.consistency) + ": give local or quorum");
  }
  if (options.consistency == "local") request.set_consistency(client::CONSISTENCY_LOCAL);
  LATIUM_TRY(const auto response, context.read<client::RegisterGetResponse>(wire::METHOD_REGISTER_GET, request));
  if (context.options.json) {
    Json out;
    add_key(out, options.key, Encoding::text);
    out["exists"] = response.exists();
    add_value(out, "value", response.exists() ? std::optional<BytesView>(response.value()) : std::nullopt);
    out["version"] = response.version();
    out["stats"] = to_json(response.stats());
    context.print(out);
  } else if (response.exists()) {
    context.out << for_terminal(response.value()) << "\n";
  }
  if (response.exists()) return 0;
  context.note("register '" + for_one_line(options.key) + "' does not exist");
  return kRefused;
}

Result<client::RegisterCasRequest> cas_request(const RegisterOptions& options) {
  if (options.absent + options.given_expect + options.given_version > 1) {
    return fail(ErrorCode::invalid_argument, "--absent, --expect and --expect-version exclude each other: give one, or none");
  }
  if (options.given_value == options.remove) return fail(ErrorCode::invalid_argument, "give --value V, or --delete");
  client::RegisterCasRequest request;
  request.set_tenant(options.tenant);
  request.set_key(options.key);
  if (options.absent) request.set_expect(client::RegisterCasRequest::EXPECT_ABSENT);
  if (options.given_expect) {
    request.set_expect(client::RegisterCasRequest::EXPECT_VALUE);
    request.set_expected_value(options.expect);
  }
  if (options.given_version) {
    request.set_expect(client::RegisterCasRequest::EXPECT_VERSION);
    request.set_expected_version(options.version);
  }
  request.set_has_value(!options.remove);
  request.set_value(options.value);
  return request;
}

Result<int> cas(Context& context, const RegisterOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  LATIUM_TRY(const auto request, cas_request(options));
  LATIUM_TRY(const auto response, context.write<client::RegisterCasResponse>(wire::METHOD_REGISTER_CAS, request));
  if (context.options.json) {
    Json out;
    add_key(out, options.key, Encoding::text);
    out["ok"] = response.ok();
    out["version"] = response.version();
    if (!response.ok()) {
      out["exists"] = response.exists();
      add_value(out, "value", response.exists() ? std::optional<BytesView>(response.value()) : std::nullopt);
    }
    out["stats"] = to_json(response.stats());
    context.print(out);
  } else if (response.ok()) {
    context.out << "done, version " << response.version() << "\n";
  } else {
    context.note("refused: the register " + (response.exists() ? "holds '" + for_one_line(response.value()) + "', version " +
                                                                     std::to_string(response.version())
                                                               : std::string("does not exist")));
  }
  return response.ok() ? 0 : kRefused;
}

}  // namespace

void add_register_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<RegisterOptions>();
  CLI::App* group = app.add_subcommand("register", "Registers: linearizable keys");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(Context&, const RegisterOptions&)) {
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("TENANT", options->tenant, "The tenant's name")->required();
    command->add_option("KEY", options->key, "The register's key")->required();
    command->callback([choose, options, run] { choose([options, run](Context& context) { return run(context, *options); }); });
    return command;
  };
  add("get", "The value; exit status 1 when there is none", get)
      ->add_option("--consistency", options->consistency, "quorum (default): linearizable; local: nearest replica, possibly old")
      ->option_text("local|quorum");
  CLI::App* change = add("cas", "Write if the register is as expected; exit status 1 when it is not", cas);
  change
      ->add_option_function<std::string>(
          "--expect", [options](const std::string& text) { options->expect = text, options->given_expect = true; },
          "Only if it holds this value")
      ->option_text("V");
  change->add_flag("--absent", options->absent, "Only if it does not exist");
  change
      ->add_option_function<std::uint64_t>(
          "--expect-version",
          [options](const std::uint64_t& version) { options->version = version, options->given_version = true; },
          "Only if it is in this version")
      ->option_text("N");
  change
      ->add_option_function<std::string>(
          "--value", [options](const std::string& text) { options->value = text, options->given_value = true; }, "What to write")
      ->option_text("V");
  change->add_flag("--delete", options->remove, "Delete it");
}

}  // namespace latium::cli
