// `latium verify` and `latium audit`: what all nodes hold of a tenant, looked through.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "node/cli/commands.h"
#include "node/cli/every_node.h"
#include "proto/repair.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

constexpr int kFoundSomething = 1;
// It reads all that each node has of the tenant.
constexpr Duration kTimeout = std::chrono::minutes(30);

// One line a node, and one JSON object a node. `finish` adds what is found to both and says whether anything is wrong.
template <class Response, class Request, class Finish>
Result<int> ask_all(Context& context, Method method, const Request& request, const Finish& finish) {
  LATIUM_CHECKED(check_text("the tenant's name", request.tenant()));
  LATIUM_TRY(EveryNode cluster, EveryNode::open(context));
  const auto answers = cluster.ask<Response>(method, request, kTimeout);
  int status = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const EveryNode::Node& node = cluster.nodes()[i];
    if (!answers[i]) {
      Error error = answers[i].error();
      error.message = "node " + node.address + ": " + error.message;
      status = context.report(error);
      continue;
    }
    Json json = {{"address", node.address}, {"site", node.site}};
    const bool clean = finish(node.address + " (" + for_one_line(node.site) + ")", *answers[i], json);
    if (context.options.json) context.print(json);
    if (!clean && status == 0) status = kFoundSomething;
  }
  return status;
}

Result<int> verify(Context& context, const std::string& tenant) {
  repair::VerifyRequest request;
  request.set_tenant(tenant);
  return ask_all<repair::VerifyResponse>(
      context, wire::METHOD_VERIFY, request, [&](const std::string& node, const repair::VerifyResponse& answer, Json& json) {
        json["partitions"] = answer.partitions();
        json["keys"] = answer.keys();
        json["wrong"] = Json::array();
        for (const auto& wrong : answer.wrong()) {
          json["wrong"].push_back({{"partition", wrong.partition()}, {"leaves", wrong.leaves()}});
        }
        if (!context.options.json) {
          context.out << node << "  " << answer.keys() << " keys in " << answer.partitions() << " partitions";
          context.out << (answer.wrong().empty() ? "  all trees are right" : "") << "\n";
          for (const auto& wrong : answer.wrong()) {
            context.out << "  partition " << wrong.partition() << ": " << wrong.leaves() << " leaves were wrong, mended now\n";
          }
        }
        return answer.wrong().empty();
      });
}

Result<int> audit(Context& context, const std::string& tenant) {
  repair::AuditRequest request;
  request.set_tenant(tenant);
  return ask_all<repair::AuditResponse>(
      context, wire::METHOD_AUDIT, request, [&](const std::string& node, const repair::AuditResponse& answer, Json& json) {
        json["looked_at"] = answer.looked_at();
        json["found"] = Json::array();
        for (const auto& each : answer.found()) {
          Json found = {{"family", each.family()}, {"partition", each.partition()}, {"count", each.count()}};
          add_value(found, "example", each.example());
          found["reason"] = each.reason();
          json["found"].push_back(std::move(found));
        }
        if (!context.options.json) {
          context.out << node << "  " << answer.looked_at() << " entries" << (answer.found().empty() ? "  all may be there" : "")
                      << "\n";
          for (const auto& each : answer.found()) {
            context.out << "  " << each.family() << ", partition " << each.partition() << ": " << each.count()
                        << " entries ought not to be there (" << each.reason() << "), such as " << for_one_line(each.example())
                        << "\n";
          }
        }
        return answer.found().empty();
      });
}

}  // namespace

void add_copies_commands(CLI::App& app, const Choose& choose) {
  const auto tenant = std::make_shared<std::string>();
  CLI::App* const check = app.add_subcommand(
      "verify", "Compute the trees that copies compare anew from the data, on every node, and mend those that are wrong");
  check->add_option("TENANT", *tenant, "The tenant's name")->required();
  check->callback([choose, tenant] { choose([tenant](Context& context) { return verify(context, *tenant); }); });

  CLI::App* const audits = app.add_subcommand("audit", "Look for what ought not to be");
  audits->require_subcommand(1);
  CLI::App* const placement = audits->add_subcommand(
      "placement", "Look through every node's disk for anything of the tenant where its placement does not allow it");
  placement->add_option("TENANT", *tenant, "The tenant's name")->required();
  placement->callback([choose, tenant] { choose([tenant](Context& context) { return audit(context, *tenant); }); });
}

}  // namespace latium::cli
