#include "ring/token_choice.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <unordered_set>
#include <utility>

namespace latium {

namespace {

struct Takeover {
  std::uint64_t moved = 0;  // partitions that some node must fetch
  std::uint64_t share = 0;  // of the newcomer, by weight, of what its site holds

  std::uint64_t off() const { return moved > share ? moved - share : share - moved; }
  bool is_near() const { return off() * 20 <= share; }
};

Takeover takeover_of(const Ring& before, const Ring& after, const TopologyNode& newcomer, std::span<const Tenant> tenants) {
  std::uint64_t weight = 0;
  std::unordered_set<NodeId> site;
  for (const RingMember& member : after.site_ring(newcomer.site)->members()) {
    weight += member.weight_milli;
    site.insert(member.id);
  }
  Takeover out;
  std::uint64_t held = 0;  // in the site
  for (const Tenant& tenant : tenants) {
    if (!tenant.placement.names(newcomer.site)) continue;
    const auto old_lists = TenantRing::build(before, tenant.id, tenant.placement, tenant.partitions);
    const auto new_lists = TenantRing::build(after, tenant.id, tenant.placement, tenant.partitions);
    for (std::uint32_t p = 0; p < tenant.partitions; ++p) {
      const PartitionId partition{static_cast<std::uint16_t>(p)};
      const std::span<const NodeId> old_replicas = old_lists->replicas(partition);
      for (const NodeId id : new_lists->replicas(partition)) {
        held += site.contains(id) ? 1 : 0;
        out.moved += std::ranges::find(old_replicas, id) == old_replicas.end() ? 1 : 0;
      }
    }
  }
  out.share = held * newcomer.weight_milli / weight;
  return out;
}

}  // namespace

std::uint32_t choose_token(const Ring& before, Topology after, NodeId newcomer, std::span<const Tenant> tenants) {
  const auto node = std::ranges::find(after.nodes, newcomer, &TopologyNode::id);
  if (std::ranges::none_of(tenants, [&](const Tenant& tenant) { return tenant.placement.names(node->site); })) return 0;
  std::uint32_t best = 0;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t token = 0; token < kTokenChoices; ++token) {
    node->token = token;
    const Takeover takeover = takeover_of(before, *Ring::build(after, &before), *node, tenants);
    if (takeover.off() < least) {
      least = takeover.off();
      best = token;
    }
    if (takeover.is_near()) break;
  }
  return best;
}

}  // namespace latium
