#include "examples/fog_controllers/sites.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace fog {

namespace {

constexpr const char* kNames[] = {"rennes", "paris", "lyon", "nantes", "lille"};
constexpr const char* kLoopback = "127.0.0.1:0";

}  // namespace

latium::Result<Sites> Sites::start(SitesOptions options) {
  if (options.nodes.empty() || options.nodes.size() > std::size(kNames)) {
    return std::unexpected(latium::Error(latium::ErrorCode::invalid_argument, "--nodes wants 1 to 5 numbers, one for each site"));
  }
  Sites sites(std::move(options));
  for (std::size_t i = 0; i < sites.options_.nodes.size(); ++i) {
    Site& site = sites.sites_.emplace_back();
    site.name = kNames[i];
    site.size = sites.options_.nodes[i];
    if (auto opened = sites.open(site); !opened) return std::unexpected(opened.error());
  }
  return sites;
}

latium::Result<void> Sites::open(Site& site) {
  latium::NodeOptions own{.data_dir = options_.directory / (site.name + "-1"),
                          .site = site.name,
                          .bootstrap = sites_.size() == 1,
                          .seeds = {},
                          .listen = kLoopback,
                          .enable_faults = true,
                          .log = {.level = "error"}};
  if (sites_.size() > 1) own.seeds = {sites_.front().node->status().listen};
  auto node = latium::Node::open(std::move(own));
  if (!node) return std::unexpected(node.error());
  site.node.emplace(*std::move(node));
  const std::string seed = sites_.front().node->status().listen;
  for (std::size_t i = 2; i <= site.size; ++i) {
    const std::string directory = options_.directory / (site.name + "-" + std::to_string(i));
    std::vector<std::string> command = {options_.programs / "latiumd",
                                        "--data-dir",
                                        directory,
                                        "--site",
                                        site.name,
                                        "--seed",
                                        seed,
                                        "--enable-faults",
                                        "--log-level",
                                        "error",
                                        "--listen"};
    command.emplace_back(kLoopback);
    auto daemon = Daemon::start(command);
    if (!daemon) return std::unexpected(daemon.error());
    command.back() = daemon->address();  // where others know it, should it come back
    site.others.push_back({std::move(command), *std::move(daemon)});
  }
  return {};
}

bool Sites::kill_one() {
  for (Site& site : sites_) {
    for (std::size_t i = 0; i < site.others.size(); ++i) {
      if (!site.others[i].daemon) continue;
      site.others[i].daemon.reset();
      killed_ = site.name + "-" + std::to_string(i + 2);
      return true;
    }
  }
  return false;
}

latium::Result<void> Sites::start_killed() {
  for (Site& site : sites_) {
    for (Site::Other& other : site.others) {
      if (other.daemon) continue;
      auto daemon = Daemon::start(other.command);
      if (!daemon) return std::unexpected(daemon.error());
      other.daemon.emplace(*std::move(daemon));
    }
  }
  return {};
}

std::vector<std::string> Sites::addresses(const Site& site) {
  std::vector<std::string> out = {site.node->status().listen};
  for (const Site::Other& other : site.others) {
    if (other.daemon) out.push_back(other.daemon->address());
  }
  return out;
}

// Both ends of each path are told: whoever still speaks is not heard.
latium::Result<void> Sites::set_rules(const std::string& cut_site) {
  for (const Site& site : sites_) {
    nlohmann::json rules = nlohmann::json::array();
    for (const Site& other : sites_) {
      if (cut_site.empty() || &other == &site || (site.name != cut_site && other.name != cut_site)) continue;
      rules.push_back({{"site", other.name}, {"address", addresses(other)}, {"cut", true}});
    }
    for (const std::string& address : addresses(site)) {
      auto told = run_command({options_.programs / "latium", "--node", address, "faults", "--rules", rules.dump()});
      if (!told) return std::unexpected(told.error());
    }
  }
  return {};
}

latium::Result<void> Sites::cut(const std::string& site) {
  return set_rules(site);
}

latium::Result<void> Sites::heal() {
  return set_rules("");
}

void Sites::stop() {
  for (Site& site : sites_) site.others.clear();
  for (Site& site : sites_) {
    if (site.node) (void)site.node->stop();
  }
}

}  // namespace fog
