#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

struct TenantCommandOptions {
  std::string name;
  std::string placement;
  std::uint32_t partitions = 0;
};

void show(Context& context, const client::Tenant& tenant) {
  if (context.options.json) return context.print(to_json(tenant));
  std::string buckets;
  for (const std::string& bucket : tenant.buckets()) buckets += (buckets.empty() ? "" : ", ") + bucket;
  print_fields(context.out, {{"name", tenant.name()},
                             {"placement", tenant.placement()},
                             {"partitions", std::to_string(tenant.partitions())},
                             {"buckets", buckets.empty() ? "none yet: the first put makes one" : buckets},
                             {"version", std::to_string(tenant.version())}});
}

Result<int> create(Context& context, const TenantCommandOptions& options) {
  client::TenantCreateRequest request;
  request.set_name(options.name);
  request.set_placement(options.placement);
  request.set_partitions(options.partitions);
  LATIUM_TRY(const auto response, context.write<client::TenantCreateResponse>(wire::METHOD_TENANT_CREATE, request));
  show(context, response.tenant());
  return 0;
}

Result<int> list(Context& context) {
  LATIUM_TRY(const auto response,
             context.read<client::TenantListResponse>(wire::METHOD_TENANT_LIST, client::TenantListRequest()));
  std::vector<std::vector<std::string>> rows = {{"NAME", "PLACEMENT", "PARTITIONS", "BUCKETS"}};
  for (const client::Tenant& tenant : response.tenants()) {
    if (context.options.json) context.print(to_json(tenant));
    rows.push_back(
        {tenant.name(), tenant.placement(), std::to_string(tenant.partitions()), std::to_string(tenant.buckets_size())});
  }
  if (context.options.json) return 0;
  if (response.tenants().empty()) {
    context.note("no tenants yet: latium tenant create NAME --placement SITE:REPLICAS makes one");
  } else {
    print_table(context.out, rows);
  }
  return 0;
}

Result<int> describe(Context& context, const TenantCommandOptions& options) {
  client::TenantDescribeRequest request;
  request.set_name(options.name);
  LATIUM_TRY(const auto response, context.read<client::TenantDescribeResponse>(wire::METHOD_TENANT_DESCRIBE, request));
  show(context, response.tenant());
  return 0;
}

Result<int> drop(Context& context, const TenantCommandOptions& options) {
  client::TenantDropRequest request;
  request.set_name(options.name);
  LATIUM_TRY(const auto response, context.write<client::TenantDropResponse>(wire::METHOD_TENANT_DROP, request));
  if (context.options.json) {
    context.print({{"name", options.name}, {"dropped", response.dropped() != 0}});
  } else {
    context.out << "dropped tenant '" << for_one_line(options.name) << "' and all its data\n";
  }
  return 0;
}

// Text goes into messages that hold UTF-8 only.
Result<int> checked(Result<int> (*run)(Context&, const TenantCommandOptions&), Context& context,
                    const TenantCommandOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.name));
  LATIUM_CHECKED(check_text("--placement", options.placement));
  return run(context, options);
}

}  // namespace

void add_tenant_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<TenantCommandOptions>();
  CLI::App* tenant = app.add_subcommand("tenant", "Tenants: whose data is kept where");
  tenant->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(Context&, const TenantCommandOptions&)) {
    CLI::App* command = tenant->add_subcommand(name, text);
    command->add_option("NAME", options->name, "The tenant's name")->required();
    command->callback(
        [choose, options, run] { choose([options, run](Context& context) { return checked(run, context, *options); }); });
    return command;
  };
  CLI::App* create_command = add("create", "Make a tenant", create);
  create_command
      ->add_option("--placement", options->placement,
                   "'SITE:REPLICAS,...', 'any N of [SITE, ...]' or 'everywhere: N' (default: one replica at the node's site)")
      ->option_text("SPEC");
  create_command->add_option("--partitions", options->partitions, "Equal shares of its keys, a power of two (default 64)")
      ->option_text("P");
  tenant->add_subcommand("list", "All tenants")->callback([choose] { choose(list); });
  add("describe", "One tenant with its buckets", describe);
  add("drop", "Remove a tenant and all its data", drop);
}

}  // namespace latium::cli
