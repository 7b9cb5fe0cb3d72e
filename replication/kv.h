// KeyValue: the keys of a last_write_wins bucket of which this node holds the only copy: straight to the engine, with nothing to
// merge. Buckets (buckets.h) does the same for keys with several copies.
//
// Two forms of each call. The blocking ones run on the caller's own thread, straight on the engine: that is what embedding
// is for. The Task ones run on the loop: cached reads in place, others on the pool, writes through the commit thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"
#include "replication/dots.h"
#include "ring/tenant_catalog.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "store/async_engine.h"

namespace latium {

/// Bounds of keys and values, bytes.
inline constexpr std::size_t kKeyBytesMax = 64u << 10;
inline constexpr std::size_t kValueBytesMax = 16u << 20;
/// Entries of a scan page.
inline constexpr std::size_t kScanLimitMax = 10'000;

struct ScanRequest {
  Bytes prefix;
  Bytes after;               ///< exclusive; empty: from the first key
  std::size_t limit = 1000;  ///< 1 to kScanLimitMax
};

/// What stays of the write that came last.
struct Record {
  Hlc version;
  Bytes value;
};

/// In key order. A page ends at the limit or past kScanPageBytes.
struct ScanResult {
  struct Item {
    Bytes key;
    Record record;
  };
  std::vector<Item> items;
  bool more = false;
};
inline constexpr std::size_t kScanPageBytes = 4u << 20;

/// Of scan_async, over all callers: running on the pool, and waiting for their turn (above that `overloaded`).
inline constexpr std::size_t kScansAtOnce = 2;
inline constexpr std::size_t kScansWaiting = 16384;

struct KeyValuePair {
  Bytes key;
  Bytes value;
};

/// Any thread for the blocking calls, the loop thread for the tasks. Errors: `invalid_argument` (bounds), `unknown_tenant`
/// (dropped), `unknown_bucket` (nothing was ever put; not for put), and those of the engine.
class KeyValue {
 public:
  /// All are owned by the node and outlive it.
  KeyValue(Runtime& runtime, Engine& engine, TenantCatalog& catalog, HlcClock& hlc, DotSource& dots)
      : runtime_(runtime), engine_(engine), catalog_(catalog), hlc_(hlc), dots_(dots) {}

  /// `expires_ms`: wall clock from when on nobody sees the value; 0: never.
  Result<Hlc> put(BucketHandle& bucket, BytesView key, BytesView value, Durability durability, std::uint64_t expires_ms = 0);
  Result<std::optional<Record>> get(const BucketHandle& bucket, BytesView key);
  /// Whether the key existed. Of two removes that race, both may be told so.
  Result<bool> remove(const BucketHandle& bucket, BytesView key, Durability durability);
  Result<ScanResult> scan(const BucketHandle& bucket, const ScanRequest& request);

  Task<Hlc> put_async(std::shared_ptr<BucketHandle> bucket, Bytes key, Bytes value, Durability durability,
                      std::uint64_t expires_ms = 0);
  /// All or none; `pairs` are applied in order.
  Task<Hlc> put_many_async(std::shared_ptr<BucketHandle> bucket, std::vector<KeyValuePair> pairs, Durability durability);
  Task<std::optional<Record>> get_async(std::shared_ptr<const BucketHandle> bucket, Bytes key);
  Task<bool> remove_async(std::shared_ptr<const BucketHandle> bucket, Bytes key, Durability durability);
  Task<ScanResult> scan_async(std::shared_ptr<const BucketHandle> bucket, ScanRequest request);

  /// Like get(), from memory only and without a coroutine: nothing inside the Result's outer optional when the disk would
  /// have to be read.
  Result<std::optional<std::optional<Record>>> get_cached(const BucketHandle& bucket, BytesView key);

 private:
  Bytes locate(const BucketHandle& bucket, BytesView key) const;
  /// A version of `value`, and what to write.
  Hlc add_put(WriteBatch& batch, const BucketHandle& bucket, BytesView key, BytesView value, std::uint64_t expires_ms);
  Result<std::optional<Record>> decode_found(ReadResult found, BytesView key) const;
  static Result<ScanResult> scan_visible(Engine& engine, const BucketHandle& bucket, ScanRequest request, std::uint64_t wall_ms);
  Task<void> ensure_exists(std::shared_ptr<BucketHandle> bucket);

  Runtime& runtime_;
  Engine& engine_;
  TenantCatalog& catalog_;
  HlcClock& hlc_;
  DotSource& dots_;
  Semaphore scans_{kScansAtOnce, kScansWaiting};
};

}  // namespace latium
