// `latium lock`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/units.h"
#include "node/cli/commands.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr int kRefused = 1;

struct LockOptions {
  std::string tenant;
  std::string name;
  std::string owner = "latium";
  std::string ttl = "10s";
  std::string wait = "0s";
  std::uint64_t token = 0;
};

Result<int> show_outcome(Context& context, const LockOptions& options, const client::LockResponse& response, const char* done) {
  if (context.options.json) {
    Json out;
    out["name"] = options.name;
    out[done] = response.done();
    add_value(out, "owner", response.owner());
    out["token"] = response.token();
    out["expires_ms"] = response.expires_ms();
    out["stats"] = to_json(response.stats());
    context.print(out);
  } else if (response.done()) {
    context.out << done << " token " << response.token() << ", owner " << for_one_line(response.owner()) << "\n";
  } else if (response.owner().empty()) {
    context.note("the lock is free");
  } else {
    context.note("the lock is " + for_one_line(response.owner()) + "'s, token " + std::to_string(response.token()));
  }
  return response.done() ? 0 : kRefused;
}

Result<int> acquire(Context& context, const LockOptions& options) {
  LATIUM_TRY(const auto ttl, parse_duration(options.ttl));
  LATIUM_TRY(const auto wait, parse_duration(options.wait));
  if (ttl.count() <= 0) return fail(ErrorCode::invalid_argument, "--ttl " + options.ttl + " must be more than nothing");
  client::LockAcquireRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  request.set_owner(options.owner);
  request.set_ttl_ms(static_cast<std::uint64_t>(ttl.count()));
  request.set_wait_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(wait.count(), 0)));
  LATIUM_TRY(const auto client, context.connect());
  // The node keeps a tenth of the time for its answer.
  const Duration patience = context.options.timeout + wait * 10 / 9;
  LATIUM_TRY(const auto response,
             client->call<client::LockResponse>(wire::METHOD_LOCK_ACQUIRE, request, client->after(patience)));
  return show_outcome(context, options, response, "acquired");
}

Result<int> renew(Context& context, const LockOptions& options) {
  LATIUM_TRY(const auto ttl, parse_duration(options.ttl));
  client::LockRenewRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  request.set_owner(options.owner);
  request.set_token(options.token);
  request.set_ttl_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(ttl.count(), 0)));
  LATIUM_TRY(const auto response, context.write<client::LockResponse>(wire::METHOD_LOCK_RENEW, request));
  return show_outcome(context, options, response, "renewed");
}

Result<int> release(Context& context, const LockOptions& options) {
  client::LockReleaseRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  request.set_owner(options.owner);
  request.set_token(options.token);
  LATIUM_TRY(const auto response, context.write<client::LockResponse>(wire::METHOD_LOCK_RELEASE, request));
  return show_outcome(context, options, response, "released");
}

Result<int> show(Context& context, const LockOptions& options) {
  client::LockShowRequest request;
  request.set_tenant(options.tenant);
  request.set_name(options.name);
  LATIUM_TRY(const auto response, context.read<client::LockResponse>(wire::METHOD_LOCK_SHOW, request));
  return show_outcome(context, options, response, "held");
}

Result<int> checked(Result<int> (*run)(Context&, const LockOptions&), Context& context, const LockOptions& options) {
  LATIUM_CHECKED(check_text("the tenant's name", options.tenant));
  LATIUM_CHECKED(check_text("the lock's name", options.name));
  return run(context, options);
}

}  // namespace

void add_lock_commands(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<LockOptions>();
  CLI::App* group = app.add_subcommand("lock", "Locks: leases with fencing tokens");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Result<int> (*run)(Context&, const LockOptions&)) {
    CLI::App* command = group->add_subcommand(name, text);
    command->add_option("TENANT", options->tenant, "The tenant's name")->required();
    command->add_option("NAME", options->name, "The lock's name")->required();
    command->callback(
        [choose, options, run] { choose([options, run](Context& context) { return checked(run, context, *options); }); });
    return command;
  };
  const auto owner = [&](CLI::App* command) {
    command->add_option("--owner", options->owner, "Who holds it (default: latium)")->option_text("TEXT");
    return command;
  };
  CLI::App* take = owner(add("acquire", "Take the lock; exit status 1 when another holds it", acquire));
  take->add_option("--ttl", options->ttl, "How long it is held (default 10s)")->option_text("DURATION");
  take->add_option("--wait", options->wait, "How long to wait for it (default 0s)")->option_text("DURATION");
  CLI::App* again = owner(add("renew", "Hold it for longer; exit status 1 when it is lost", renew));
  again->add_option("--token", options->token, "The token that acquire gave")->option_text("N")->required();
  again->add_option("--ttl", options->ttl, "How long from now (default 10s)")->option_text("DURATION");
  owner(add("release", "Give it back; exit status 1 when it is lost", release))
      ->add_option("--token", options->token, "The token that acquire gave")
      ->option_text("N")
      ->required();
  add("show", "Who holds it; exit status 1 when nobody does", show);
}

}  // namespace latium::cli
