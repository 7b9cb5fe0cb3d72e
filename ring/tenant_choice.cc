#include "ring/tenant_choice.h"

#include <optional>

#include "ring/topology.h"

namespace latium {

void RingLoad::add(const TenantRing& tenant) {
  for (std::uint32_t p = 0; p < tenant.partitions(); ++p) {
    for (const NodeId id : tenant.replicas(PartitionId{static_cast<std::uint16_t>(p)})) {
      const TopologyNode* const node = ring_->node(id);
      held_[id] += node == nullptr ? 0 : 1'000'000 / node->weight_milli;
    }
  }
}

std::uint64_t RingLoad::held_where(const TenantRing& tenant) const {
  std::uint64_t out = 0;
  for (std::uint32_t p = 0; p < tenant.partitions(); ++p) {
    for (const NodeId id : tenant.replicas(PartitionId{static_cast<std::uint16_t>(p)})) {
      const auto found = held_.find(id);
      if (found != held_.end()) out += found->second;
    }
  }
  return out;
}

TenantId choose_tenant_id(const Ring& ring, const RingLoad& load, const Placement& placement, std::uint16_t partitions,
                          TenantId next) {
  TenantId best = next;
  std::optional<std::uint64_t> least;
  for (std::uint32_t i = 0; i < kTenantChoices; ++i) {
    const TenantId id{next.value + i};
    const std::uint64_t held = load.held_where(*TenantRing::build(ring, id, placement, partitions));
    if (least && held >= *least) continue;
    least = held;
    best = id;
  }
  return best;
}

}  // namespace latium
