#include "ring/ring.h"

#include <algorithm>
#include <map>
#include <utility>

#include "ring/replica_choice.h"

namespace latium {

namespace {

// Of the cluster's sites, by name. Views into the topology.
std::map<std::string_view, std::vector<RingMember>> members_by_site(const Topology& topology) {
  std::map<std::string_view, std::vector<RingMember>> out;
  for (const TopologyNode& node : topology.nodes) {
    if (!node.owns()) continue;
    out[node.site].push_back({.id = node.id, .rack = node.rack, .weight_milli = node.weight_milli, .token = node.token});
  }
  return out;
}

}  // namespace

std::shared_ptr<const Ring> Ring::build(Topology topology, const Ring* previous) {
  std::ranges::sort(topology.nodes, {}, &TopologyNode::id);
  std::shared_ptr<Ring> ring(new Ring(std::move(topology)));
  for (auto& [name, members] : members_by_site(ring->topology_)) {
    std::shared_ptr<const SiteRing> site;
    if (previous != nullptr) {
      const auto old =
          std::ranges::lower_bound(previous->sites_, name, {}, [](const Site& s) { return std::string_view(s.name); });
      if (old != previous->sites_.end() && old->name == name && old->ring->members() == members) site = old->ring;
    }
    if (site == nullptr) site = SiteRing::build(std::move(members));
    ring->sites_.push_back({.name = std::string(name), .ring = std::move(site)});
  }
  return ring;
}

const SiteRing* Ring::site_ring(std::string_view name) const {
  const auto found = std::ranges::lower_bound(sites_, name, {}, [](const Site& site) { return std::string_view(site.name); });
  return found == sites_.end() || found->name != name ? nullptr : found->ring.get();
}

std::vector<SiteCapacity> Ring::sites() const {
  std::vector<SiteCapacity> out;
  out.reserve(sites_.size());
  for (const Site& site : sites_) out.push_back({site.name, static_cast<std::uint32_t>(site.ring->members().size())});
  return out;
}

Result<void> Ring::check(const Placement& placement) const {
  return placement.check_satisfiable(sites());
}

PreferenceList Ring::preference_list(TenantId tenant, const Placement& placement, PartitionId partition) const {
  ReplicaChoice choice(*this, placement, tenant);
  PreferenceList out;
  choice.append_replicas(partition, out.replicas);
  choice.append_stand_ins(partition, out.stand_ins);
  return out;
}

std::vector<NodeId> Ring::stand_ins_for(NodeId replica, const PreferenceList& list) const {
  const TopologyNode* of = node(replica);
  if (of == nullptr) return list.stand_ins;
  std::vector<NodeId> out;
  std::vector<NodeId> elsewhere;
  for (const NodeId id : list.stand_ins) {
    const TopologyNode* other = node(id);
    (other != nullptr && other->site == of->site ? out : elsewhere).push_back(id);
  }
  out.insert(out.end(), elsewhere.begin(), elsewhere.end());
  return out;
}

}  // namespace latium
