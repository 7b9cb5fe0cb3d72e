// What users do with buckets: straight to the engine where this node has the only copy, else through the coordinator.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "node/node_core.h"

namespace latium {

/// The key of a bucket, with its partition.
DataKey data_key_of(const BucketHandle& bucket, Bytes key);

/// Whether KeyValue serves the bucket: there is one copy, it is here, and the last write wins.
bool is_served_directly(const BucketHandle& bucket);

/// The handle of a bucket whose tenant may not be known here yet. `unknown_tenant`, `invalid_argument` (name).
Task<std::shared_ptr<BucketHandle>> find_bucket(NodeCore& core, std::string tenant, std::string bucket, MonotonicTime deadline);

/// Errors: those of Buckets and of KeyValue, `invalid_argument` (bounds).
Task<BucketWritten> put_key(NodeCore& core, std::shared_ptr<BucketHandle> bucket, Bytes key, BucketWrite what,
                            MonotonicTime deadline);
/// A page at level one or quorum.
Task<BucketScan> scan_keys(NodeCore& core, std::shared_ptr<BucketHandle> bucket, ReadLevel level, ScanRequest request,
                           MonotonicTime deadline);
Task<BucketRead> get_key(NodeCore& core, std::shared_ptr<BucketHandle> bucket, ReadLevel level, Bytes key,
                         MonotonicTime deadline);

/// A read on the calling thread, any: what this node's copy holds, straight from the engine, where that is all that the level
/// asks for; may wait for the disk. Nothing when this node is no replica of the key, or others are to be asked too. Errors as
/// those of get_key(), and the engine's.
Result<std::optional<BucketRead>> get_key_here(NodeCore& core, const BucketHandle& bucket, ReadLevel level, BytesView key);

/// A record that KeyValue found, as the coordinator would tell it.
BucketRead to_read(NodeId self, std::optional<Record> found);

/// When a value that lives `ttl_ms` from now is over; 0: never. `invalid_argument`: too long.
Result<std::uint64_t> expiry_of(Runtime& runtime, std::uint64_t ttl_ms);

}  // namespace latium
