#include "ring/ring_load.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ring/tenant_choice.h"

namespace latium {

namespace {

using Counts = std::unordered_map<NodeId, std::uint64_t>;

template <class Visit>
void visit_partitions(const Ring& ring, const TenantPlan& plan, const Visit& visit) {
  for (const TenantId id : plan.tenants) {
    const auto tenant = TenantRing::build(ring, id, plan.placement, plan.partitions);
    for (std::uint16_t p = 0; p < plan.partitions; ++p) visit(id, p, tenant->replicas(PartitionId{p}));
  }
}

Counts count_partitions(const Ring& ring, const TenantPlan& plan) {
  Counts out;
  visit_partitions(ring, plan, [&](TenantId, std::uint16_t, std::span<const NodeId> replicas) {
    for (const NodeId id : replicas) ++out[id];
  });
  return out;
}

std::uint64_t count_of(const Counts& counts, NodeId id) {
  const auto found = counts.find(id);
  return found == counts.end() ? 0 : found->second;
}

bool owns(const Ring& ring, NodeId id) {
  const TopologyNode* node = ring.node(id);
  return node != nullptr && node->owns();
}

SiteLoad load_of(const Ring::Site& site, const Counts& counts) {
  const std::vector<RingMember>& members = site.ring->members();
  SiteLoad out{.site = site.name, .nodes = members.size()};
  double weight = 0;
  for (const RingMember& member : members) {
    const std::uint64_t held = count_of(counts, member.id);
    const double load = static_cast<double>(held) * 1000 / member.weight_milli;
    out.min = weight == 0 ? load : std::min(out.min, load);
    out.max = std::max(out.max, load);
    out.partitions += held;
    weight += member.weight_milli / 1000.0;
  }
  out.mean = static_cast<double>(out.partitions) / weight;
  return out;
}

// The share by weight of the nodes that own nothing in `before`.
double share_of_arrivals(const Ring& before, const Ring& after, const Counts& held) {
  double out = 0;
  for (const Ring::Site& site : after.site_rings()) {
    double partitions = 0;
    double weight = 0;
    double weight_of_new = 0;
    for (const RingMember& member : site.ring->members()) {
      partitions += static_cast<double>(count_of(held, member.id));
      weight += member.weight_milli;
      if (!owns(before, member.id)) weight_of_new += member.weight_milli;
    }
    out += partitions * weight_of_new / weight;
  }
  return out;
}

}  // namespace

TenantPlan plan_tenants(const Ring& ring, std::uint32_t tenants, Placement placement, std::uint16_t partitions) {
  TenantPlan out{{}, std::move(placement), partitions};
  RingLoad load(ring);
  TenantId next{1};
  for (std::uint32_t i = 0; i < tenants; ++i) {
    const TenantId id = choose_tenant_id(ring, load, out.placement, partitions, next);
    load.add(*TenantRing::build(ring, id, out.placement, partitions));
    out.tenants.push_back(id);
    next = TenantId{id.value + 1};
  }
  return out;
}

std::vector<Tenant> tenants_of(const TenantPlan& plan) {
  std::vector<Tenant> out;
  for (const TenantId id : plan.tenants) {
    out.push_back({.id = id, .name = {}, .placement = plan.placement, .partitions = plan.partitions, .buckets = {}});
  }
  return out;
}

std::vector<SiteLoad> measure_load(const Ring& ring, const TenantPlan& plan) {
  const Counts counts = count_partitions(ring, plan);
  std::vector<SiteLoad> out;
  for (const Ring::Site& site : ring.site_rings()) {
    if (plan.placement.names(site.name)) out.push_back(load_of(site, counts));
  }
  return out;
}

Movement measure_movement(const Ring& before, const Ring& after, const TenantPlan& plan) {
  Movement out;
  Counts held;
  std::uint64_t gone = 0;
  std::shared_ptr<const TenantRing> old_ring;
  visit_partitions(after, plan, [&](TenantId tenant, std::uint16_t p, std::span<const NodeId> replicas) {
    if (p == 0) old_ring = TenantRing::build(before, tenant, plan.placement, plan.partitions);
    const std::span<const NodeId> old_replicas = old_ring->replicas(PartitionId{p});
    for (const NodeId id : old_replicas) gone += owns(after, id) ? 0 : 1;
    for (const NodeId id : replicas) {
      ++held[id];
      if (std::ranges::find(old_replicas, id) == old_replicas.end()) ++out.moved;
    }
  });
  out.least = std::max(share_of_arrivals(before, after, held), static_cast<double>(gone));
  return out;
}

}  // namespace latium
