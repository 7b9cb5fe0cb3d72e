// How even a ring's load is, and what a change of its nodes moves: for tests, benchmarks and latium-ring-sim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ring/placement.h"
#include "ring/ring.h"
#include "ring/tenant.h"

namespace latium {

/// Tenants, all alike.
struct TenantPlan {
  std::vector<TenantId> tenants;
  Placement placement;
  std::uint16_t partitions = 0;
};

/// As they would be created one after the other under the ring (choose_tenant_id()).
TenantPlan plan_tenants(const Ring& ring, std::uint32_t tenants, Placement placement, std::uint16_t partitions);

/// As the cluster would know them, without names.
std::vector<Tenant> tenants_of(const TenantPlan& plan);

/// Partitions a node of one site, a node of weight 2 counting as two that hold half each.
struct SiteLoad {
  std::string site;
  std::size_t nodes = 0;
  std::uint64_t partitions = 0;  ///< in all
  double min = 0;
  double mean = 0;
  double max = 0;

  double max_over_mean() const { return partitions == 0 ? 1 : max / mean; }
};

/// The sites of the placement that have nodes which own data, by name. Computes all lists of all tenants.
std::vector<SiteLoad> measure_load(const Ring& ring, const TenantPlan& plan);

struct Movement {
  std::uint64_t moved = 0;  ///< partitions that some node must fetch
  /// What no ring could spare: nodes that come hold their share by weight of what their site holds, those that go held what they
  /// did.
  double least = 0;

  double ratio() const { return least > 0 ? static_cast<double>(moved) / least : 0; }
};

/// From one ring to another. Computes all lists of all tenants twice.
Movement measure_movement(const Ring& before, const Ring& after, const TenantPlan& plan);

}  // namespace latium
