// Which partition a key falls into.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"

namespace latium {

inline constexpr std::uint16_t kDefaultPartitions = 64;
inline constexpr std::uint16_t kMaxPartitions = 4096;

/// A power of two from 1 to kMaxPartitions.
constexpr bool valid_partitions(std::uint32_t count) {
  return count >= 1 && count <= kMaxPartitions && (count & (count - 1)) == 0;
}

/// The top bits of XXH3_64(routing key) seeded with the tenant's id: tenants spread differently over the same nodes.
/// Precondition: valid_partitions(partitions). On disk: never changes.
PartitionId partition_of(TenantId tenant, BytesView routing_key, std::uint16_t partitions);

}  // namespace latium
