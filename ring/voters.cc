#include "ring/voters.h"
#include <algorithm>
#include <map>
namespace latium {
std::vector<NodeId> choose_voters(const Topology& topology) {
  std::map<std::string, std::vector<NodeId>> sites;
  std::size_t n = 0;
  for (const auto& node : topology.nodes) {
    if (!node.storage || node.state != NodeState::up) continue;
    sites[node.site].push_back(node.id);
    ++n;
  }
  const std::size_t want = std::min(kMaxVoters, n == 0 ? 0 : (n - 1) / 2 * 2 + 1);
  std::vector<NodeId> out;
  for (std::size_t round = 0; out.size() < want; ++round) {
    for (auto& [site, nodes] : sites) {
      if (round < nodes.size() && out.size() < want) out.push_back(nodes[round]);
    }
  }
  std::ranges::sort(out);
  return out;
}
}  // namespace latium
