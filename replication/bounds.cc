#include "replication/bounds.h"

namespace latium {

Result<void> check_key(BytesView key) {
  if (key.empty()) return fail(ErrorCode::invalid_argument, "the key is empty: keys are 1 byte to 64 KiB");
  if (key.size() > kKeyBytesMax) {
    return fail(ErrorCode::invalid_argument, "key " + printable(key, 32) + " has " + std::to_string(key.size()) +
                                                 " bytes: keys are 1 byte to 64 KiB (65536 bytes)");
  }
  return {};
}

Result<void> check_value(BytesView key, BytesView value) {
  if (value.size() > kValueBytesMax) {
    return fail(ErrorCode::invalid_argument,
                "the value of key " + printable(key, 64) + " has " + std::to_string(value.size()) +
                    " bytes: values are at most 16 MiB (16777216 bytes); split it over several keys");
  }
  return {};
}

Result<void> check_scan(const ScanRequest& request) {
  if (request.limit < 1 || request.limit > kScanLimitMax) {
    return fail(ErrorCode::invalid_argument,
                "scan limit " + std::to_string(request.limit) + " must be 1 to 10000 a page: ask for the next page with 'after'");
  }
  if (request.prefix.size() > kKeyBytesMax || request.after.size() > kKeyBytesMax) {
    return fail(ErrorCode::invalid_argument, "the scan's prefix or start is longer than any key (64 KiB)");
  }
  return {};
}

Result<void> check_live(const BucketHandle& bucket) {
  if (bucket.tenant->dropped()) return fail(ErrorCode::unknown_tenant, "tenant '" + bucket.tenant->name + "' was dropped");
  if (bucket.tenant->only_here()) return {};
  return fail(ErrorCode::unavailable, "tenant '" + bucket.tenant->name + "' has come to other nodes than this one: retry");
}

Result<void> check_exists(const BucketHandle& bucket) {
  LATIUM_CHECKED(check_live(bucket));
  if (bucket.exists()) return {};
  return fail(ErrorCode::unknown_bucket, "tenant '" + bucket.tenant->name + "' has no bucket '" + bucket.name +
                                             "': the first put makes it; latium tenant describe lists those there are");
}

}  // namespace latium
