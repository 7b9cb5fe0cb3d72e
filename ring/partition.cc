#include "ring/partition.h"

#include <bit>

#include "base/hash.h"

namespace latium {

PartitionId partition_of(TenantId tenant, BytesView routing_key, std::uint16_t partitions) {
  const int bits = std::countr_zero(partitions);
  if (bits == 0) return PartitionId{0};
  return PartitionId{static_cast<std::uint16_t>(xxh3_64(routing_key, tenant.value) >> (64 - bits))};
}

}  // namespace latium
