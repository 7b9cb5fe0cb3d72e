#include <algorithm>

#include "ring/replica_choice.h"
#include "ring/ring.h"

namespace latium {

std::shared_ptr<const TenantRing> TenantRing::build(const Ring& ring, TenantId tenant, const Placement& placement,
                                                    std::uint16_t partitions) {
  ReplicaChoice choice(ring, placement, tenant);
  std::shared_ptr<TenantRing> out(new TenantRing);
  out->epoch_ = ring.epoch();
  out->partitions_ = partitions;
  out->replicas_ = choice.replicas();
  out->nodes_.reserve(partitions * choice.replicas());
  for (std::uint32_t p = 0; p < partitions; ++p) {
    choice.append_replicas(PartitionId{static_cast<std::uint16_t>(p)}, out->nodes_);
  }
  return out;
}

bool same_replicas(const Ring& before, const Ring& after, TenantId tenant, const Placement& placement, std::uint16_t partitions) {
  ReplicaChoice old_choice(before, placement, tenant);
  ReplicaChoice new_choice(after, placement, tenant);
  if (old_choice.rings() == new_choice.rings()) return true;
  if (old_choice.replicas() != new_choice.replicas()) return false;
  std::vector<NodeId> old_nodes;
  std::vector<NodeId> new_nodes;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    const PartitionId partition{static_cast<std::uint16_t>(p)};
    old_nodes.clear();
    new_nodes.clear();
    old_choice.append_replicas(partition, old_nodes);
    new_choice.append_replicas(partition, new_nodes);
    std::ranges::sort(old_nodes);
    std::ranges::sort(new_nodes);
    if (old_nodes != new_nodes) return false;
  }
  return true;
}

}  // namespace latium
