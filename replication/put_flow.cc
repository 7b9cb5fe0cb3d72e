// The coordinator's part of a write: it makes the version, keeps it here and sends it to the other copies.
#include <algorithm>
#include <utility>

#include "replication/bucket_place.h"
#include "replication/write_copies.h"

namespace latium {

namespace {

constexpr std::size_t kSiblingsMax = 100;
constexpr std::uint64_t kExpiredForMs = 60'000;
constexpr std::size_t kSetBytesMax = 20u << 20;

bool has_visible(const VersionSet& set, std::uint64_t wall_ms) {
  return std::ranges::any_of(set.versions, [&](const VersionedValue& version) { return version.visible_at(wall_ms); });
}

Result<void> check_size(const VersionSet& set) {
  std::size_t bytes = 0;
  for (const VersionedValue& version : set.versions) bytes += version.value.size();
  if (set.versions.size() <= kSiblingsMax && (set.versions.size() <= 1 || bytes <= kSetBytesMax)) return {};
  return fail(ErrorCode::overloaded, "the key would have " + std::to_string(set.versions.size()) + " siblings of " +
                                         std::to_string(bytes) + " bytes: read it, and put one value with the context read");
}

}  // namespace

// What the key holds after the write.
Result<VersionSet> Buckets::change_of(const DataKey& key, const BucketWrite& what, const VersionSet& held, bool as_replica) {
  ContextToken seen;
  if (!what.context.empty()) {
    LATIUM_TRY(seen, decode_context_token(what.context, token_key(key)));
  }
  // What nobody sees any more, whatever the clocks, is replaced as if it had been read: no reader can give its context.
  const std::uint64_t now_ms = runtime_.clock.wall_ms();
  for (const VersionedValue& version : held.versions) {
    if (version.expires_ms != 0 && version.expires_ms + kExpiredForMs < now_ms) seen.context.add(version.dot);
  }
  const bool siblings = held.conflicts == Conflicts::siblings;
  if (siblings && !what.value) return with_deletion(held, what.context.empty() ? held.context : seen.context);
  VersionedValue version{.dot = dots_.next(),
                         .stamp = siblings ? hlc_.now(runtime_.clock.wall_ms()) : what.stamp,
                         .expires_ms = what.value ? what.expires_ms : 0,
                         .tombstone = !what.value,
                         .value = what.value.value_or(Bytes())};
  VersionSet next = with_write(held, seen.context, std::move(version), as_replica && !dots_.outlived());
  LATIUM_CHECKED(check_size(next));
  return next;
}

Task<BucketWritten> Buckets::coordinate(DataKey key, BucketWrite what, MonotonicTime deadline) {
  ++statistics_.writes;
  const UnderWay counted(*this);
  LATIUM_CO_TRY(Place place, place_of(key, what.level, what.site));
  std::size_t slot = place.index_of(cluster_.self());
  const bool as_replica = slot < place.replicas.size();
  if (!as_replica) slot = slot_to_stand_in_for(key, place);
  if (slot >= place.replicas.size()) {
    co_return fail(ErrorCode::invalid_argument,
                   "node " + to_hex(cluster_.self().value) + " is neither a replica nor a stand-in of " + describe(key));
  }
  const Epoch epoch = place.epoch;
  const NodeId hint_for = as_replica ? NodeId() : place.replicas[slot];
  const auto copies = std::make_shared<Copies>(*this, key, std::move(place), what.durability);
  BucketWritten out;
  out.stamp = what.stamp;
  bool sent = false;
  bool in_vain = false;
  LATIUM_CO_CHECKED(replica_.check_writable());
  const Result<void> kept = co_await replica_.change(
      key, hint_for, what.durability, [this, epoch] { return check_epoch(epoch); },
      [&](const VersionSet& held, Hlc floor) -> Result<VersionSet> {
        out.existed = has_visible(held, runtime_.clock.wall_ms());
        out.newest = held.empty() ? floor : held.newest_stamp();
        // In vain already: what wins goes to the copies in its place, and what they hold has to be known. If that was a deletion
        // which nobody remembers, the caller who is still there makes the write again with a later stamp.
        in_vain = held.conflicts == Conflicts::last_write_wins && out.newest >= what.stamp;
        LATIUM_TRY(VersionSet next, in_vain ? Result<VersionSet>(held) : change_of(key, what, held, as_replica));
        if (next.empty()) return next;  // a deletion of what nobody ever wrote
        copies->send(next, slot);
        sent = true;
        return next;
      });
  // With last write wins no write stands for another one.
  if (!kept && sent && as_replica && conflicts_of(key.bucket) == Conflicts::siblings) dots_.begin_life();
  if (!kept) co_return fail(kept.error().code, sent ? Certainty::unknown : Certainty::not_applied, kept.error().message);
  out.kept_nowhere = !sent && in_vain;
  if (!sent) co_return out;
  copies->kept_here(slot, as_replica);
  const Result<void> waited = co_await copies->wait(deadline);
  if (!waited) {
    ++statistics_.unavailable;
    co_return fail(waited.error());
  }
  const Hlc kept_stamp = copies->set().newest_stamp();
  if (copies->set().conflicts == Conflicts::siblings) out.stamp = kept_stamp;
  out.newest = std::max(kept_stamp, copies->newest());
  if (in_vain) out.newest = std::max(out.newest, Hlc{what.stamp.value + 1});  // of equal stamps another one's dot may win
  out.context = encode_context_token(copies->set(), token_key(key));
  out.stats = copies->stats();
  co_return out;
}

// The replica in whose place this node may coordinate; one that is down if there is one.
std::size_t Buckets::slot_to_stand_in_for(const DataKey& key, const Place& place) const {
  for (std::size_t i = place.replicas.size(); i-- > 0;) {
    const auto stand_ins = directory_.stand_ins_for(key.tenant, key.partition, place.replicas[i]);
    if (std::ranges::find(stand_ins, cluster_.self()) != stand_ins.end()) return i;
  }
  return place.replicas.size();
}

Result<void> Buckets::check_epoch(Epoch epoch) const {
  if (epoch == cluster_.epoch()) return {};
  return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
}

}  // namespace latium
