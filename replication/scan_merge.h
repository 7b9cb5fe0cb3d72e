// A bucket lies in as many ranges as its tenant has partitions; a scan merges those of one node into one key order.
#pragma once

#include <vector>

#include "replication/bucket_replica.h"
#include "replication/kv.h"

namespace latium {

/// One page of those partitions, as of one moment; a key whose versions are all gone is in it too. Blocks: a caller's thread or
/// the pool. Cost: one seek a partition, then O(log partitions) an entry.
Result<BucketPage> scan_partitions(Engine& engine, TenantId tenant, BytesView bucket, const std::vector<PartitionId>& partitions,
                                   const ScanRequest& request);

}  // namespace latium
