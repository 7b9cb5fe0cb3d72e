// `latium topology` and `latium ring`.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "node/cli/commands.h"
#include "proto/client.pb.h"
#include "proto/wire.pb.h"

namespace latium::cli {

namespace {

Json node_json(const client::NodeInfo& node) {
  return {{"id", to_hex(node.id())},     {"address", node.address()}, {"site", node.site()},
          {"rack", node.rack()},         {"role", node.role()},       {"state", node.state()},
          {"liveness", node.liveness()}, {"voter", node.voter()},     {"weight", node.weight_milli() / 1000.0}};
}

Json topology_json(const client::TopologyResponse& response) {
  std::map<std::string, Json> sites;
  for (const auto& node : response.nodes())
    sites.try_emplace(node.site(), Json::array()).first->second.push_back(node_json(node));
  Json out = {{"epoch", response.epoch()},
              {"cluster", to_hex(response.cluster_id())},
              {"sites", Json::array()},
              {"tenants", Json::array()}};
  for (auto& [name, nodes] : sites) out["sites"].push_back({{"name", name}, {"nodes", nodes}});
  for (const auto& tenant : response.tenants()) {
    out["tenants"].push_back({{"name", tenant.name()}, {"placement", tenant.placement()}, {"partitions", tenant.partitions()}});
  }
  return out;
}

void draw(std::ostream& out, const client::TopologyResponse& response) {
  out << "cluster " << to_hex(response.cluster_id()) << "  epoch " << response.epoch() << "\n";
  std::string site;
  std::string rack;
  for (const auto& node : response.nodes()) {
    if (node.site() != site) {
      site = node.site();
      rack.clear();
      out << "site " << site << "\n";
    }
    if (node.rack() != rack) {
      rack = node.rack();
      out << "  rack " << rack << "\n";
    }
    out << "    node " << to_hex(node.id()) << "  " << node.address() << "  " << node.role() << "  " << node.liveness()
        << (node.state() == "up" ? "" : "  " + node.state()) << (node.voter() ? "  voter" : "") << "\n";
  }
  for (const auto& tenant : response.tenants()) out << "tenant " << tenant.name() << "  " << tenant.placement() << "\n";
}

Result<int> topology(Context& context) {
  LATIUM_TRY(const auto response, context.read<client::TopologyResponse>(wire::METHOD_TOPOLOGY, client::TopologyRequest()));
  if (context.options.json) {
    context.print(topology_json(response));
  } else {
    draw(context.out, response);
  }
  return 0;
}

Json partition_json(const client::RingShowResponse::Partition& partition) {
  Json out = {{"partition", partition.partition()}, {"replicas", Json::array()}, {"stand_ins", Json::array()}};
  for (const auto& node : partition.replicas()) out["replicas"].push_back(node_json(node));
  for (const auto& node : partition.stand_ins()) out["stand_ins"].push_back(node_json(node));
  return out;
}

Result<int> ring_show(Context& context, const std::string& tenant, const std::string& key) {
  LATIUM_CHECKED(check_text("the tenant's name", tenant));
  client::RingShowRequest request;
  request.set_tenant(tenant);
  request.set_key(key);
  LATIUM_TRY(const auto response, context.read<client::RingShowResponse>(wire::METHOD_RING_SHOW, request));
  std::vector<std::vector<std::string>> rows = {{"PARTITION", "ROLE", "SITE", "ADDRESS", "NODE"}};
  for (const auto& partition : response.partitions()) {
    if (context.options.json) context.print(partition_json(partition));
    const auto add = [&](const char* role, const client::NodeInfo& node) {
      rows.push_back({std::to_string(partition.partition()), role, node.site(), node.address(), to_hex(node.id())});
    };
    for (const auto& node : partition.replicas()) add("replica", node);
    if (!key.empty()) {
      for (const auto& node : partition.stand_ins()) add("stand-in", node);
    }
  }
  if (!context.options.json) print_table(context.out, rows);
  return 0;
}

}  // namespace

void add_topology_commands(CLI::App& app, const Choose& choose) {
  app.add_subcommand("topology", "The cluster: sites, racks, nodes, tenants")->callback([choose] { choose(topology); });
  CLI::App* ring = app.add_subcommand("ring", "Who holds what");
  ring->require_subcommand(1);
  const auto tenant = std::make_shared<std::string>();
  const auto key = std::make_shared<std::string>();
  CLI::App* show = ring->add_subcommand("show", "The replicas and stand-ins of a key, or the replicas of every partition");
  show->add_option("TENANT", *tenant, "The tenant's name")->required();
  show->add_option("--key", *key, "Only this key's partition")->option_text("K");
  show->callback(
      [choose, tenant, key] { choose([tenant, key](Context& context) { return ring_show(context, *tenant, *key); }); });
}

}  // namespace latium::cli
