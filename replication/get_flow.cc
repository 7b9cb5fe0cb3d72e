// The reads of buckets.h: as many copies as the level asks for, nearest first, one in full and the others as digests; where they
// differ, all in full. Copies that lack something are sent it.
#include <algorithm>
#include <utility>

#include "base/varint.h"
#include "replication/bucket_place.h"

namespace latium {

std::vector<VersionedValue> visible_values(const VersionSet& set, std::uint64_t wall_ms) {
  std::vector<VersionedValue> out;
  for (const VersionedValue& version : set.versions) {
    const bool there = std::ranges::find(out, version.value, &VersionedValue::value) != out.end();
    if (version.visible_at(wall_ms) && !there) out.push_back(version);
  }
  return out;
}

// Questions about one key, and their answers. Those that come late are heard by nobody.
class Buckets::Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  struct Copy {
    NodeId owner;
    NodeId node;         // the owner, or who stands in for it
    bool counts = true;  // towards the level
    bool asked = false;
    std::optional<Result<BucketAnswer>> answer;
    bool full = false;  // the answer has the versions

    bool ok() const { return answer && answer->has_value(); }
    bool is_replica() const { return node == owner; }
    std::uint64_t digest() const { return (*answer)->digest; }
  };

  Fetch(Buckets& buckets, DataKey key, Place place) : buckets_(buckets), key_(std::move(key)), place_(std::move(place)) {
    std::vector<NodeId> taken = place_.replicas;
    for (std::size_t i = 0; i < place_.replicas.size(); ++i) {
      const NodeId owner = place_.replicas[i];
      copies_.push_back({.owner = owner, .node = owner, .counts = place_.counts[i], .answer = {}});
      const auto peer = buckets_.cluster_.peer(owner);
      const bool down = owner != buckets_.cluster_.self() && peer && peer->liveness == Liveness::down;
      if (!down || place_.strict) continue;
      const NodeId node =
          choose_stand_in(buckets_.cluster_, buckets_.directory_.stand_ins_for(key_.tenant, key_.partition, owner), taken);
      if (!node) continue;
      taken.push_back(node);
      copies_.back().node = node;
    }
  }

  std::vector<Copy>& copies() { return copies_; }

  /// The next one that was not asked and counts; false: there is none.
  bool ask_next(bool digest_only) {
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      if (copies_[i].asked || !copies_[i].counts) continue;
      ask(i, digest_only);
      return true;
    }
    return false;
  }

  void ask(std::size_t i, bool digest_only) {
    Copy& copy = copies_[i];
    copy.asked = true;
    copy.answer.reset();
    ++pending_;
    BucketItem item{
        .key = key_, .hint_for = copy.is_replica() ? NodeId() : copy.owner, .offered = {}, .digest_only = digest_only};
    const MonotonicTime began = buckets_.runtime_.clock.monotonic_now();
    buckets_.links_.send(copy.node, place_.epoch, std::move(item),
                         [self = shared_from_this(), i, digest_only, began](Result<BucketAnswer> answer) {
                           self->take(i, digest_only, began, std::move(answer));
                         });
  }

  std::size_t answered() const {
    return static_cast<std::size_t>(std::ranges::count_if(copies_, [](const Copy& copy) { return copy.counts && copy.ok(); }));
  }
  std::size_t needed() const { return place_.needed; }
  std::size_t pending() const { return pending_; }
  bool stale() const { return stale_; }
  Event& changed() { return changed_; }
  const DataKey& key() const { return key_; }
  Epoch epoch() const { return place_.epoch; }

  std::string errors() const {
    std::vector<std::pair<NodeId, Error>> out;
    for (const Copy& copy : copies_) {
      if (copy.answer && !copy.answer->has_value()) out.emplace_back(copy.node, copy.answer->error());
    }
    return list_errors(out);
  }

  /// Adds the round trip that has just ended.
  void count(CallStats& stats) {
    CallStats trip;
    for (Copy& copy : copies_) {
      trip.replicas_asked += copy.asked ? 1 : 0;
      if (!copy.ok() || copy.node == buckets_.cluster_.self()) continue;
      // An answer that stays for the next round trip brings its refusals once.
      const std::uint32_t its = 1 + std::exchange((*copy.answer)->refusals, 0);
      trip.round_trips = std::max(trip.round_trips, its);
      const auto peer = buckets_.cluster_.peer(copy.node);
      if (!peer || !peer->same_site) trip.wan_round_trips = std::max(trip.wan_round_trips, its);
    }
    stats.add(trip);
  }

 private:
  void take(std::size_t i, bool digest_only, MonotonicTime began, Result<BucketAnswer> answer) {
    --pending_;
    if (answer) {
      if (copies_[i].node != buckets_.cluster_.self()) {
        buckets_.hedge_.record(buckets_.runtime_.clock.monotonic_now() - began);
      }
      copies_[i].full = !digest_only;
    } else if (answer.error().code == ErrorCode::stale_topology) {
      stale_ = true;
    }
    copies_[i].answer = std::move(answer);
    changed_.set();
  }

  Buckets& buckets_;
  const DataKey key_;
  const Place place_;
  std::vector<Copy> copies_;
  std::size_t pending_ = 0;
  bool stale_ = false;
  Event changed_;
};

// Until as many have answered as the level asks for. One that fails is made up for by the next; so is one that is late, if the
// budget for that allows it.
Task<void> Buckets::gather(std::shared_ptr<Fetch> fetch, MonotonicTime deadline) {
  for (std::size_t i = 0; i < fetch->needed(); ++i) fetch->ask_next(i > 0);
  MonotonicTime late = saturating_add(runtime_.clock.monotonic_now(), hedge_.delay());
  while (fetch->answered() < fetch->needed()) {
    if (fetch->stale()) co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
    while (fetch->answered() + fetch->pending() < fetch->needed() && fetch->ask_next(false)) {
    }
    if (fetch->answered() + fetch->pending() < fetch->needed()) break;
    const MonotonicTime now = runtime_.clock.monotonic_now();
    if (now >= deadline) break;
    if (now >= late) {
      late = kNever;
      if (hedge_.spend() && fetch->ask_next(false)) ++statistics_.hedged;
    }
    fetch->changed().clear();
    const auto waited = co_await fetch->changed().wait_until(runtime_, std::min(deadline, late));
    if (!waited && waited.error().code != ErrorCode::deadline_exceeded) co_return fail(waited.error());
  }
  if (fetch->answered() >= fetch->needed()) co_return Result<void>();
  ++statistics_.unavailable;
  co_return fail(ErrorCode::unavailable, describe(fetch->key()) + ": " + std::to_string(fetch->answered()) + " of " +
                                             std::to_string(fetch->needed()) + " copies answered" + fetch->errors());
}

// Those that gave only a digest are asked for the rest, when it is not what another one gave.
Task<void> Buckets::complete(std::shared_ptr<Fetch> fetch, MonotonicTime deadline, CallStats& stats) {
  auto& copies = fetch->copies();
  const auto have_full = [&](std::uint64_t digest) {
    return digest == 0 || std::ranges::any_of(
                              copies, [&](const Fetch::Copy& copy) { return copy.ok() && copy.full && copy.digest() == digest; });
  };
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    if (copies[i].ok() && !copies[i].full && !have_full(copies[i].digest())) missing.push_back(i);
  }
  if (missing.empty()) co_return Result<void>();
  for (const std::size_t i : missing) fetch->ask(i, false);
  const auto ended = [&] { return std::ranges::all_of(missing, [&](std::size_t i) { return copies[i].answer.has_value(); }); };
  while (!ended()) {
    fetch->changed().clear();
    const auto waited = co_await fetch->changed().wait_until(runtime_, deadline);
    if (waited) continue;
    if (waited.error().code != ErrorCode::deadline_exceeded) co_return fail(waited.error());
    break;
  }
  fetch->count(stats);
  for (const std::size_t i : missing) {
    if (copies[i].ok()) continue;
    if (fetch->stale()) co_return fail(ErrorCode::stale_topology, "the map of the cluster has changed meanwhile: retry");
    co_return fail(ErrorCode::unavailable,
                   describe(fetch->key()) + ": the copies differ, and one did not answer again" + fetch->errors());
  }
  co_return Result<void>();
}

Task<BucketRead> Buckets::read(DataKey key, ReadLevel level, std::string site, MonotonicTime deadline) {
  ++statistics_.reads;
  const UnderWay counted(*this);
  {
    LATIUM_CO_TRY(const Place place, place_of(key, level, site));
    if (is_here(place)) co_return co_await read_here(std::move(key));
  }
  Bytes name = data_key(key.tenant, key.partition, key.bucket, key.user_key);
  put_length_prefixed(name, site);
  name.push_back(static_cast<char>(level));
  if (const auto round = rounds_.open(name)) {
    const auto waited = co_await round->ended.wait_until(runtime_, deadline);
    if (round->found) {
      ++statistics_.shared;
      co_return *round->found;
    }
    // Whoever had to ask got no answer; this call may have more time.
    if (!waited && waited.error().code != ErrorCode::deadline_exceeded) co_return fail(waited.error());
    co_return co_await read_copies(std::move(key), level, std::move(site), deadline);
  }
  SharedRounds<BucketRead>::Lead lead(rounds_, std::move(name));
  if (const auto before = lead.before()) {
    // Those who come meanwhile share this round. It is not held up by one that hangs.
    const MonotonicTime late = saturating_add(runtime_.clock.monotonic_now(), hedge_.delay());
    const auto waited = co_await before->ended.wait_until(runtime_, std::min(deadline, late));
    if (!waited && waited.error().code != ErrorCode::deadline_exceeded) co_return fail(waited.error());
  } else {
    co_await yield_now();
  }
  lead.begin();
  LATIUM_CO_TRY(BucketRead read, co_await read_copies(std::move(key), level, std::move(site), deadline));
  lead.found(read);
  co_return read;
}

bool Buckets::is_here(const Place& place) const {
  return place.needed == 1 && place.replicas.front() == cluster_.self() && place.counts.front();
}

Task<BucketRead> Buckets::read_copies(DataKey key, ReadLevel level, std::string site, MonotonicTime deadline) {
  CallStats stats;
  for (int attempt = 0;; ++attempt) {
    LATIUM_CO_TRY(Place place, place_of(key, level, site));
    if (is_here(place)) co_return co_await read_here(std::move(key));
    const auto fetch = std::make_shared<Fetch>(*this, key, std::move(place));
    Result<void> all = co_await gather(fetch, deadline);
    fetch->count(stats);
    if (all) all = co_await complete(fetch, deadline, stats);
    if (!all && all.error().code == ErrorCode::stale_topology && attempt < 2) continue;
    LATIUM_CO_CHECKED(all);
    co_return conclude(*fetch, stats);
  }
}

// This node's copy will do.
Task<BucketRead> Buckets::read_here(DataKey key) {
  const std::uint64_t of = token_key(key);
  std::vector<BucketItem> items;
  items.push_back({.key = std::move(key), .offered = {}});
  LATIUM_CO_TRY(auto answers, co_await replica_.handle(std::move(items), [] { return Result<void>(); }));
  LATIUM_CO_TRY(const BucketAnswer answer, std::move(answers.front()));
  BucketRead out{.values = visible_values(answer.held, runtime_.clock.wall_ms()),
                 .context = encode_context_token(answer.held, of),
                 .answered = {cluster_.self()},
                 .behind = {},
                 .stats = {.replicas_asked = 1}};
  for (const VersionedValue& version : out.values) out.stats.bytes += version.value.size();
  statistics_.cost.add(out.stats);
  co_return out;
}

Result<BucketRead> Buckets::conclude(Fetch& fetch, CallStats stats) {
  BucketRead out;
  VersionSet merged{conflicts_of(fetch.key().bucket), {}, {}};
  bool from_replica = false;
  for (const Fetch::Copy& copy : fetch.copies()) {
    if (!copy.ok()) continue;
    out.answered.push_back(copy.node);
    from_replica = from_replica || copy.is_replica();
    if (copy.full) merged = merge(merged, (*copy.answer)->held);
  }
  if (!from_replica && merged.empty()) {
    ++statistics_.unavailable;
    return fail(ErrorCode::unavailable, describe(fetch.key()) + ": none of its replicas answers");
  }
  const std::uint64_t digest = merged.digest();
  for (const Fetch::Copy& copy : fetch.copies()) {
    if (!copy.ok() || copy.digest() == digest || !copy.is_replica()) continue;
    out.behind.push_back(copy.node);
    ++statistics_.repaired;
    links_.send(copy.node, fetch.epoch(), {.key = fetch.key(), .offered = merged}, [](const Result<BucketAnswer>&) {});
  }
  out.values = visible_values(merged, runtime_.clock.wall_ms());
  out.context = encode_context_token(merged, token_key(fetch.key()));
  for (const VersionedValue& version : out.values) stats.bytes += version.value.size();
  out.stats = stats;
  statistics_.cost.add(stats);
  return out;
}

}  // namespace latium
