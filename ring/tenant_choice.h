// Which number a new tenant gets. Where its partitions lie follows from that, so of several numbers that are free the one is
// taken that puts them where the least lies: a single replica of few tenants is a sample, and a node would have up to 1.24 times
// its share of them. Nothing but the number is kept, and every node computes the same lists from it as ever. Source: "the power
// of two choices", Azar et al., "Balanced Allocations" (STOC 1994).
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/ids.h"
#include "ring/placement.h"
#include "ring/ring.h"

namespace latium {

/// Numbers that a tenant may get: this many from the next free one on.
inline constexpr std::uint32_t kTenantChoices = 16;

/// How many partitions each node holds.
class RingLoad {
 public:
  explicit RingLoad(const Ring& ring) : ring_(&ring) {}

  void add(const TenantRing& tenant);
  /// Of all that lies where the tenant's replicas would lie, in thousandths of a partition of a node of weight 1.
  std::uint64_t held_where(const TenantRing& tenant) const;

 private:
  const Ring* ring_;
  std::unordered_map<NodeId, std::uint64_t> held_;
};

/// The best of kTenantChoices numbers from `next` on; of equal ones the lowest.
TenantId choose_tenant_id(const Ring& ring, const RingLoad& load, const Placement& placement, std::uint16_t partitions,
                          TenantId next);

}  // namespace latium
