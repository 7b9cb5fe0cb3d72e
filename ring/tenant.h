// Tenant: a namespace with a placement, and its record as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "ring/placement.h"

namespace latium {

/// A bucket whose name begins with it keeps siblings: versions that were written without knowledge of each other all stay until
/// somebody who has read them writes one. In the others the last write wins. So every node knows a bucket's kind by its name.
inline constexpr char kSiblingsMark = '~';
inline bool keeps_siblings(std::string_view bucket) {
  return bucket.starts_with(kSiblingsMark);
}
/// A name as check_name() has it, with or without the mark. `invalid_argument`.
Result<void> check_bucket_name(std::string_view name);

struct Tenant {
  TenantId id;
  std::string name;
  std::uint64_t version = 1;  ///< goes up with every change of the record
  Placement placement;
  std::uint16_t partitions = 0;
  std::vector<std::string> buckets;  ///< sorted

  friend bool operator==(const Tenant&, const Tenant&) = default;
};

/// latium.storage.TenantRecord.
Bytes encode_tenant(const Tenant& tenant);
/// `corruption` on what encode_tenant cannot have written.
Result<Tenant> decode_tenant(BytesView stored);

}  // namespace latium
