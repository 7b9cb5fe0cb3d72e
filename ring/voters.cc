#include "ring/voters.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace latium {

namespace {

struct Site {
  std::string_view name;
  std::vector<const TopologyNode*> nodes;
  std::size_t current = 0;  // how many of the nodes vote now
  std::size_t seats = 0;
};

class Voting {
 public:
  explicit Voting(const std::vector<NodeId>& current) : current_(current) { std::ranges::sort(current_); }
  bool now(NodeId id) const { return std::ranges::binary_search(current_, id); }

 private:
  std::vector<NodeId> current_;
};

std::vector<Site> sites_of(const std::vector<TopologyNode>& candidates, const Voting& voting) {
  std::map<std::string_view, Site> by_name;
  for (const TopologyNode& node : candidates) {
    Site& site = by_name[node.site];
    site.name = node.site;
    site.nodes.push_back(&node);
    if (voting.now(node.id)) ++site.current;
  }
  std::vector<Site> sites;
  sites.reserve(by_name.size());
  for (auto& [name, site] : by_name) sites.push_back(std::move(site));
  // The sites that vote now are dealt to first, so that a seat does not wander between sites that are as good.
  std::ranges::sort(sites, {}, [](const Site& site) { return std::pair(-static_cast<std::int64_t>(site.current), site.name); });
  return sites;
}

// One seat a site and round, while the site has nodes for it. Precondition: `count` nodes in all.
void deal(std::vector<Site>& sites, std::size_t count) {
  for (Site& site : sites) site.seats = 0;
  while (count > 0) {
    for (Site& site : sites) {
      if (count == 0 || site.seats == site.nodes.size()) continue;
      ++site.seats;
      --count;
    }
  }
}

bool one_site_decides(const std::vector<Site>& sites, std::size_t count) {
  return std::ranges::any_of(sites, [count](const Site& site) { return site.seats > count / 2; });
}

void seat(const Site& site, const Voting& voting, std::vector<NodeId>& out) {
  std::map<std::string_view, std::size_t> in_rack;
  std::vector<const TopologyNode*> left = site.nodes;
  for (std::size_t i = 0; i < site.seats; ++i) {
    const auto best = std::ranges::min_element(
        left, {}, [&](const TopologyNode* node) { return std::tuple(in_rack[node->rack], !voting.now(node->id), node->id); });
    ++in_rack[(*best)->rack];
    out.push_back((*best)->id);
    left.erase(best);
  }
}

}  // namespace

std::vector<NodeId> choose_voters(const std::vector<TopologyNode>& candidates, const std::vector<NodeId>& current) {
  if (candidates.empty()) return {};
  const Voting voting(current);
  std::vector<Site> sites = sites_of(candidates, voting);
  std::size_t count = std::min(kMaxVoters, candidates.size());
  if (count % 2 == 0) --count;
  deal(sites, count);
  while (sites.size() >= 3 && one_site_decides(sites, count)) deal(sites, count -= 2);

  std::vector<NodeId> out;
  for (const Site& site : sites) seat(site, voting, out);
  std::ranges::sort(out);
  return out;
}

std::vector<NodeId> choose_voters(const Topology& topology) {
  std::vector<TopologyNode> candidates;
  std::ranges::copy_if(topology.nodes, std::back_inserter(candidates), &TopologyNode::owns);
  return choose_voters(candidates, topology.voters);
}

}  // namespace latium
