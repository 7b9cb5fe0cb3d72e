// Where a bucket's key lies in Family::data: tenant, partition, bucket, then the user's key as it is.
//
//   tenant id u32 BE | partition u16 BE | bucket name, escaped | user's key
//
// So a partition of a tenant is one range (what moves, and what a Merkle tree covers), and inside it a bucket is one range
// in the user's key order. Byte table: docs/formats.md.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/engine.h"

namespace latium {

/// Length of what every key of one partition starts with: the prefix that Bloom filters and range deletes work on.
inline constexpr std::size_t kPartitionPrefixBytes = 6;

/// Everything of a tenant: four bytes.
Bytes tenant_prefix(TenantId tenant);

/// Everything of a bucket in one partition.
Bytes bucket_prefix(TenantId tenant, PartitionId partition, BytesView bucket);

/// One key of a bucket.
Bytes data_key(TenantId tenant, PartitionId partition, BytesView bucket, BytesView user_key);

/// A data key taken apart.
struct DataKey {
  TenantId tenant;
  PartitionId partition;
  Bytes bucket;
  Bytes user_key;
};

/// `corruption` when `key` has not the layout above.
Result<DataKey> parse_data_key(BytesView key);

}  // namespace latium
