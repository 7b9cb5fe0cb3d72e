// What every request on a bucket is checked for before it touches anything.
#pragma once

#include "base/result.h"
#include "replication/kv.h"

namespace latium {

/// `invalid_argument` naming the bound.
Result<void> check_key(BytesView key);
Result<void> check_value(BytesView key, BytesView value);
Result<void> check_scan(const ScanRequest& request);

/// `unknown_tenant` once the tenant is dropped.
Result<void> check_live(const BucketHandle& bucket);
/// As check_live, and `unknown_bucket` while nothing was put into it.
Result<void> check_exists(const BucketHandle& bucket);

}  // namespace latium
