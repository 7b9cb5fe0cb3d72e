#include "ring/ring.h"
#include <algorithm>
#include <map>
#include "base/hash.h"
namespace latium {
std::shared_ptr<const Ring> Ring::build(Topology topology, const Ring*) {
  auto ring = std::make_shared<Ring>();
  ring->topology_ = std::move(topology);
  return ring;
}
std::vector<SiteCapacity> Ring::sites() const {
  std::map<std::string, std::uint32_t> counts;
  for (const auto& n : topology_.nodes) counts[n.site] += n.storage && n.state == NodeState::up ? 1 : 0;
  std::vector<SiteCapacity> out;
  for (auto& [s, c] : counts) out.push_back({s, c});
  return out;
}
PreferenceList Ring::preference_list(TenantId tenant, const Placement& placement, PartitionId partition) const {
  PreferenceList list;
  std::map<std::string, std::vector<NodeId>> by_site;
  for (const auto& n : topology_.nodes) {
    if (n.storage && n.state == NodeState::up) by_site[n.site].push_back(n.id);
  }
  for (auto& [site, nodes] : by_site) {
    std::ranges::sort(nodes, {}, [&](NodeId id) {
      Bytes b;
      put_u64(b, id.value);
      put_u32(b, tenant.value);
      put_u16(b, partition.value);
      return xxh3_64(b);
    });
  }
  const auto take = [&](const std::string& site, std::size_t count) {
    auto& nodes = by_site[site];
    for (std::size_t i = 0; i < nodes.size(); ++i) (i < count ? list.replicas : list.stand_ins).push_back(nodes[i]);
  };
  if (placement.kind == Placement::Kind::per_site) {
    for (const auto& s : placement.sites) take(s.name, s.replicas);
  } else if (placement.kind == Placement::Kind::everywhere) {
    for (auto& [site, nodes] : std::map(by_site)) take(site, placement.replicas);
  } else {
    for (std::size_t round = 0; list.replicas.size() < placement.replicas && round < 100; ++round) {
      for (const auto& s : placement.sites) {
        auto& nodes = by_site[s.name];
        if (round < nodes.size() && list.replicas.size() < placement.replicas) list.replicas.push_back(nodes[round]);
      }
    }
  }
  return list;
}
std::shared_ptr<const TenantRing> TenantRing::build(const Ring& ring, TenantId tenant, const Placement& placement, std::uint16_t partitions) {
  auto out = std::make_shared<TenantRing>();
  for (std::uint16_t p = 0; p < partitions; ++p) out->table_.push_back(ring.preference_list(tenant, placement, PartitionId{p}).replicas);
  return out;
}
bool same_replicas(const Ring& before, const Ring& after, TenantId tenant, const Placement& placement, std::uint16_t partitions) {
  for (std::uint16_t p = 0; p < partitions; ++p) {
    if (before.preference_list(tenant, placement, PartitionId{p}).replicas != after.preference_list(tenant, placement, PartitionId{p}).replicas) return false;
  }
  return true;
}
}  // namespace latium
