// The names in Family::expiring: which keys of a partition are to go once all copies have them, in the order of when.
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "store/key_layout.h"

namespace latium {

/// tenant id u32 BE | partition u16 BE | due, ms since the Unix epoch, u64 BE | bucket name, escaped | user's key
Bytes expiring_key(const DataKey& key, std::uint64_t due_ms);

/// Those of a partition that are due by `now_ms`.
KeyRange expiring_range(TenantId tenant, PartitionId partition, std::uint64_t now_ms);

struct Expiring {
  std::uint64_t due_ms;
  Bytes data_key;  ///< the key's name in Family::data
};
/// `corruption`.
Result<Expiring> parse_expiring_key(BytesView stored);

}  // namespace latium
