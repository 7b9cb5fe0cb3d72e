// The scan of buckets.h: every node that holds a share of the tenant gives its next keys, and what all of them have given is
// merged.
#include <algorithm>
#include <map>
#include <utility>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/bucket_place.h"
#include "replication/envelope.h"
#include "replication/kv.h"
#include "replication/scan_flow.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

// Nodes that are asked at once; above that a tenant is spread so wide that a scan is better done site by site.
constexpr std::size_t kNodesAtOnce = 4096;

struct Share {
  std::vector<PartitionId> partitions;
  Result<BucketPage> page = BucketPage();
  bool bucket_known = false;
  std::uint32_t refusals = 0;
};

Result<BucketPage> page_of(const replica::BucketScanResponse& response) {
  BucketPage page{.entries = {}, .more = response.more()};
  if (page.more && response.entries().empty()) return fail(ErrorCode::corruption, "a page of a scan goes on and has nothing");
  page.entries.reserve(static_cast<std::size_t>(response.entries_size()));
  for (const auto& entry : response.entries()) {
    LATIUM_TRY(VersionSet held, decode_versions(entry.versions()));
    page.entries.push_back({entry.key(), std::move(held)});
  }
  return page;
}

}  // namespace

MergedPage merge_pages(std::vector<BucketPage> pages) {
  // Up to where every page that goes on has given all its keys.
  std::optional<Bytes> bound;
  for (const BucketPage& page : pages) {
    if (page.more && (!bound || page.entries.back().key < *bound)) bound = page.entries.back().key;
  }
  std::map<Bytes, VersionSet> merged;
  for (BucketPage& page : pages) {
    for (BucketPage::Entry& entry : page.entries) {
      if (bound && entry.key > *bound) break;
      auto [at, fresh] = merged.try_emplace(std::move(entry.key), std::move(entry.held));
      if (!fresh) at->second = merge(at->second, entry.held);
    }
  }
  MergedPage out{.entries = {}, .more_after = std::move(bound)};
  for (auto& [key, held] : merged) out.entries.push_back({key, std::move(held)});
  return out;
}

// For each partition the copies that the level asks for, nearest first, without those in `avoided`.
Result<std::map<NodeId, std::vector<PartitionId>>> Buckets::shares(const BucketHandle& bucket, ReadLevel level,
                                                                   const std::vector<NodeId>& avoided) const {
  std::map<NodeId, std::vector<PartitionId>> out;
  for (std::uint16_t p = 0; p < bucket.tenant->partitions; ++p) {
    const DataKey any{bucket.tenant->id, PartitionId{p}, bucket.name, {}};
    LATIUM_TRY(const Place place, place_of(any, level, {}));
    std::size_t found = 0;
    for (const NodeId node : place.replicas) {
      if (found == place.needed) break;
      if (std::ranges::find(avoided, node) != avoided.end()) continue;
      out[node].push_back(PartitionId{p});
      ++found;
    }
    if (found < place.needed) {
      return fail(ErrorCode::unavailable, "too few copies of partition " + std::to_string(p) + " of bucket '" + bucket.name +
                                              "' answer: " + std::to_string(found) + " of " + std::to_string(place.needed));
    }
  }
  return out;
}

Task<BucketPage> Buckets::ask_page(NodeId node, std::shared_ptr<const BucketHandle> bucket, std::vector<PartitionId> partitions,
                                   Bytes prefix, Bytes after, std::size_t limit, bool& known, std::uint32_t& refusals,
                                   MonotonicTime deadline) {
  if (node == cluster_.self()) {
    known = bucket->exists();
    co_return co_await replica_.page(bucket->tenant->id, bucket->name, std::move(partitions), std::move(prefix), std::move(after),
                                     limit);
  }
  replica::BucketScanRequest request;
  request.set_tenant(bucket->tenant->id.value);
  request.set_bucket(bucket->name);
  for (const PartitionId partition : partitions) request.add_partitions(partition.value);
  request.set_prefix(std::move(prefix));
  request.set_after(std::move(after));
  request.set_limit(static_cast<std::uint32_t>(limit));
  const CallOptions options{.deadline = std::min(deadline, saturating_add(runtime_.clock.monotonic_now(), kPageTimeout))};
  LATIUM_CO_TRY(const auto response, co_await call_enveloped<replica::BucketScanRequest, replica::BucketScanResponse>(
                                         cluster_, transport_, node, cluster_.epoch(), wire::METHOD_BUCKET_SCAN,
                                         std::move(request), options, &refusals));
  known = response.bucket_known();
  co_return page_of(response);
}

Task<MergedPage> Buckets::merged_page(std::shared_ptr<const BucketHandle> bucket, ReadLevel level, Bytes prefix, Bytes after,
                                      std::size_t limit, CallStats& stats, bool& known, MonotonicTime deadline) {
  std::vector<NodeId> avoided;
  while (true) {
    LATIUM_CO_TRY(const auto by_node, shares(*bucket, level, avoided));
    if (by_node.size() > kNodesAtOnce) {
      co_return fail(ErrorCode::overloaded, "bucket '" + bucket->name + "' lies on " + std::to_string(by_node.size()) +
                                                " nodes, too many for one scan: scan at level one");
    }
    std::map<NodeId, Share> asked;
    TaskGroup group(runtime_.executor, kNodesAtOnce);
    CallStats trip;
    for (const auto& [node, partitions] : by_node) {
      Share& share = asked[node];
      const auto ask = [](Buckets& self, NodeId to, std::shared_ptr<const BucketHandle> of, std::vector<PartitionId> which,
                          Bytes with, Bytes from, std::size_t most, Share& out, MonotonicTime until) -> Task<void> {
        out.page = co_await self.ask_page(to, std::move(of), std::move(which), std::move(with), std::move(from), most,
                                          out.bucket_known, out.refusals, until);
        co_return Result<void>();
      };
      LATIUM_CO_CHECKED(group.spawn(ask(*this, node, bucket, partitions, prefix, after, limit, share, deadline)));
    }
    LATIUM_CO_CHECKED(co_await group.join());
    for (const auto& [node, share] : asked) {
      if (node == cluster_.self()) continue;
      const auto peer = cluster_.peer(node);
      trip.round_trips = std::max(trip.round_trips, 1 + share.refusals);
      if (!peer || !peer->same_site) trip.wan_round_trips = std::max(trip.wan_round_trips, 1 + share.refusals);
    }
    trip.replicas_asked = static_cast<std::uint32_t>(by_node.size());
    stats.add(trip);
    std::vector<BucketPage> pages;
    bool stale = false;
    std::size_t failed = 0;
    for (auto& [node, share] : asked) {
      if (share.page) {
        known = known || share.bucket_known;
        pages.push_back(*std::move(share.page));
        continue;
      }
      ++failed;
      if (share.page.error().code == ErrorCode::stale_topology) {
        stale = true;
      } else {
        avoided.push_back(node);
      }
    }
    if (failed == 0) co_return merge_pages(std::move(pages));
    if (runtime_.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, "bucket '" + bucket->name + "': not enough copies answered in time");
    }
    if (stale && ++stale_scans_ % 8 == 0) co_return fail(ErrorCode::stale_topology, "the map keeps changing: retry");
  }
}

Task<BucketScan> Buckets::scan(std::shared_ptr<const BucketHandle> bucket, ReadLevel level, Bytes prefix, Bytes after,
                               std::size_t limit, MonotonicTime deadline) {
  BucketScan out;
  bool known = false;
  while (true) {
    LATIUM_CO_TRY(MergedPage page, co_await merged_page(bucket, level, prefix, after, limit, out.stats, known, deadline));
    const std::uint64_t now = runtime_.clock.wall_ms();
    for (BucketPage::Entry& entry : page.entries) {
      if (out.entries.size() == limit || out.stats.bytes >= kScanPageBytes) {
        out.more = true;
        break;
      }
      std::vector<VersionedValue> values = visible_values(entry.held, now);
      for (const VersionedValue& version : values) out.stats.bytes += version.value.size();
      if (!values.empty()) out.entries.emplace_back(std::move(entry.key), std::move(values));
    }
    out.more = out.more || page.more_after.has_value();
    // Nothing but deleted keys so far: the caller could not go on from them.
    if (!out.more || !out.entries.empty()) break;
    if (runtime_.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, "bucket '" + bucket->name + "': the deadline passed among deleted keys");
    }
    after = *std::move(page.more_after);
  }
  if (!known && out.entries.empty()) {
    co_return fail(ErrorCode::unknown_bucket, "no copy knows a bucket '" + bucket->name + "': the first put makes it");
  }
  co_return out;
}

}  // namespace latium
