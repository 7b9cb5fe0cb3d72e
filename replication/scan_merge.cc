#include "replication/scan_merge.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "replication/bounds.h"
#include "store/key_layout.h"

namespace latium {

namespace {

// One partition's cursor, with the bytes before the user's key already counted.
struct Source {
  std::unique_ptr<Cursor> cursor;
  std::size_t prefix_bytes;

  BytesView user_key() const { return cursor->key().substr(prefix_bytes); }
};

// The heap's top is the smallest key.
bool later(const Source& a, const Source& b) {
  return a.user_key() > b.user_key();
}

Bytes first_key(const ScanRequest& request) {
  if (request.after.empty() || request.after < request.prefix) return request.prefix;
  return request.after + '\0';  // the least key above it
}

Result<std::vector<Source>> open_sources(Engine& engine, TenantId tenant, BytesView bucket,
                                         const std::vector<PartitionId>& partitions, const ScanRequest& request) {
  const std::shared_ptr<const Snapshot> moment = engine.snapshot();
  const Bytes first = first_key(request);
  std::vector<Source> sources;
  for (const PartitionId partition : partitions) {
    const Bytes base = bucket_prefix(tenant, partition, bucket);
    LATIUM_TRY(auto cursor, engine.scan(Family::data, KeyRange{base + first, prefix_end(base + request.prefix)}, moment.get()));
    if (cursor->valid()) {
      sources.push_back({std::move(cursor), base.size()});
    } else {
      LATIUM_CHECKED(cursor->status());
    }
  }
  return sources;
}

}  // namespace

Result<BucketPage> scan_partitions(Engine& engine, TenantId tenant, BytesView bucket, const std::vector<PartitionId>& partitions,
                                   const ScanRequest& request) {
  LATIUM_TRY(auto heap, open_sources(engine, tenant, bucket, partitions, request));
  std::ranges::make_heap(heap, later);
  BucketPage page;
  std::size_t bytes = 0;
  while (!heap.empty()) {
    if (page.entries.size() >= request.limit || bytes >= kScanPageBytes) {
      page.more = true;
      break;
    }
    std::ranges::pop_heap(heap, later);
    Source& least = heap.back();
    auto held = decode_versions(least.cursor->value());
    if (!held) return fail(held.error().code, held.error().message + " (key " + printable(least.user_key()) + ")");
    bytes += least.cursor->key().size() + least.cursor->value().size();
    page.entries.push_back({Bytes(least.user_key()), *std::move(held)});
    least.cursor->next();
    if (least.cursor->valid()) {
      std::ranges::push_heap(heap, later);
    } else {
      LATIUM_CHECKED(least.cursor->status());
      heap.pop_back();
    }
  }
  return page;
}

}  // namespace latium
