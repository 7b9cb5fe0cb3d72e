// A bucket lies in as many ranges as its tenant has partitions; a scan merges them into one key order.
#pragma once

#include "replication/kv.h"

namespace latium {

/// One page, as of one moment. Blocks: a caller's thread or the pool. Cost: one seek a partition, then O(log partitions) an
/// entry.
Result<ScanResult> scan_bucket(Engine& engine, const BucketHandle& bucket, const ScanRequest& request);

}  // namespace latium
