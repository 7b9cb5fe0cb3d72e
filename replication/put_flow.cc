// The writes of buckets.h: coordinate() makes the version, keeps it here and sends it to the other copies; write() finds who
// does.
#include <algorithm>
#include <utility>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/bucket_place.h"
#include "replication/envelope.h"
#include "replication/peer_watch.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// So long a write that is not acknowledged yet waits for a replica before a stand-in is asked too.
constexpr Duration kPatience = std::chrono::milliseconds(400);
// Stand-ins that are tried for one replica.
constexpr std::size_t kStandInsTried = 3;
constexpr std::size_t kSiblingsMax = 100;
constexpr std::uint64_t kExpiredForMs = 60'000;
constexpr std::size_t kSetBytesMax = 20u << 20;

bool has_visible(const VersionSet& set, std::uint64_t wall_ms) {
  return std::ranges::any_of(set.versions, [&](const VersionedValue& version) { return version.visible_at(wall_ms); });
}

// Whether another node may be asked after this answer.
bool worth_another(const Error& error) {
  return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
         error.code == ErrorCode::overloaded || error.code == ErrorCode::read_only || error.code == ErrorCode::io_error;
}

// Whether two coordinators may carry it out: it is the same write both times. Not a put that makes a sibling: a reader who has
// replaced the one would meet the other later.
bool is_repeatable(const DataKey& key, const BucketWrite& what) {
  return conflicts_of(key.bucket) == Conflicts::last_write_wins || (!what.value && !what.context.empty());
}

Result<void> check_size(const VersionSet& set) {
  std::size_t bytes = 0;
  for (const VersionedValue& version : set.versions) bytes += version.value.size();
  if (set.versions.size() <= kSiblingsMax && (set.versions.size() <= 1 || bytes <= kSetBytesMax)) return {};
  return fail(ErrorCode::overloaded, "the key would have " + std::to_string(set.versions.size()) + " siblings of " +
                                         std::to_string(bytes) + " bytes: read it, and put one value with the context read");
}

}  // namespace

// One write on its way to the copies. It goes on after its caller has been answered: whoever cannot be reached gets a stand-in.
class Buckets::Copies : public std::enable_shared_from_this<Copies> {
 public:
  Copies(Buckets& buckets, DataKey key, Place place, Durability durability)
      : buckets_(buckets),
        key_(std::move(key)),
        place_(std::move(place)),
        durability_(durability),
        slots_(place_.replicas.size()) {}

  /// To everybody but this node, which keeps it in `own_slot`.
  void send(VersionSet set, std::size_t own_slot) {
    set_ = std::move(set);
    for (const NodeId node : place_.replicas) taken_.push_back(node);
    taken_.push_back(buckets_.cluster_.self());
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (i == own_slot) continue;
      const auto peer = buckets_.cluster_.peer(place_.replicas[i]);
      if (!place_.strict && peer && peer->liveness == Liveness::down && stand_in(i)) continue;
      ask(i, place_.replicas[i]);
    }
    timer_ = buckets_.runtime_.timers.schedule(saturating_add(buckets_.runtime_.clock.monotonic_now(), kPatience),
                                               [weak = weak_from_this()] {
                                                 if (const auto self = weak.lock()) self->lose_patience();
                                               });
  }
  ~Copies() { buckets_.runtime_.timers.cancel(timer_); }

  void kept_here(std::size_t slot, bool as_replica) {
    (as_replica ? slots_[slot].replica : slots_[slot].stand_in) = true;
    changed_.set();
  }

  Task<void> wait(MonotonicTime deadline) {
    while (acknowledged() < place_.needed) {
      if (pending_ == 0) {
        co_return fail(ErrorCode::unavailable, Certainty::unknown,
                       describe(key_) + ": " + std::to_string(acknowledged()) + " of " + std::to_string(place_.needed) +
                           " copies are written" + list_errors(errors_));
      }
      changed_.clear();
      const auto waited = co_await with_deadline(buckets_.runtime_, deadline, changed_.wait());
      if (waited) continue;
      if (waited.error().code != ErrorCode::deadline_exceeded) {
        co_return fail(waited.error().code, Certainty::unknown, waited.error().message);
      }
      co_return fail(ErrorCode::unavailable, Certainty::unknown,
                     describe(key_) + ": " + std::to_string(acknowledged()) + " of " + std::to_string(place_.needed) +
                         " copies are written, the deadline passed" + list_errors(errors_));
    }
    co_return Result<void>();
  }

  /// Of what the copies that answered hold now: above what was sent, and it was sent in vain.
  Hlc newest() const { return newest_; }
  const VersionSet& set() const { return set_; }

  CallStats stats() const {
    CallStats stats{.replicas_asked = static_cast<std::uint32_t>(slots_.size()), .bytes = bytes_};
    stats.round_trips = remote_ ? 1 : 0;
    stats.wan_round_trips = wan_ ? 1 : 0;
    return stats;
  }

 private:
  struct Slot {
    bool replica = false;   // the replica itself has it
    bool stand_in = false;  // somebody keeps it for the replica
    bool kept_here = false;
    std::size_t stand_ins_asked = 0;
  };

  std::size_t acknowledged() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!place_.counts[i]) continue;
      count += slots_[i].replica || (slots_[i].stand_in && !place_.strict) ? 1 : 0;
    }
    return count;
  }

  void ask(std::size_t slot, NodeId node) {
    const NodeId owner = place_.replicas[slot];
    BucketItem item{.key = key_, .hint_for = node == owner ? NodeId() : owner, .offered = set_, .durability = durability_};
    if (node != buckets_.cluster_.self()) bytes_ += item.size_bytes();
    ++pending_;
    buckets_.links_.send(
        node, place_.epoch, std::move(item),
        [self = shared_from_this(), slot, node](Result<BucketAnswer> answer) { self->take(slot, node, std::move(answer)); });
  }

  void take(std::size_t slot, NodeId node, Result<BucketAnswer> answer) {
    --pending_;
    const bool as_replica = node == place_.replicas[slot];
    if (answer) {
      (as_replica ? slots_[slot].replica : slots_[slot].stand_in) = true;
      newest_ = std::max(newest_, answer->newest_stamp);
      note_round_trip(node);
    } else if (answer.error().code == ErrorCode::stale_topology && same_place()) {
      ask(slot, node);
      return;
    } else {
      errors_.emplace_back(node, std::move(answer).error());
      if (!slots_[slot].replica && !slots_[slot].stand_in) stand_in(slot);
    }
    changed_.set();
  }

  void note_round_trip(NodeId node) {
    if (node == buckets_.cluster_.self()) return;
    remote_ = true;
    const auto peer = buckets_.cluster_.peer(node);
    wan_ = wan_ || !peer || !peer->same_site;
  }

  // The map has changed, and the key lies where it lay.
  bool same_place() {
    const auto set = buckets_.cluster_.replicas(key_.tenant, key_.partition);
    if (!set || !std::ranges::is_permutation(set->members, place_.replicas)) return false;
    place_.epoch = buckets_.cluster_.epoch();
    return true;
  }

  // Has somebody keep it for the replica of this slot. False: there is nobody (more).
  bool stand_in(std::size_t slot) {
    if (slots_[slot].stand_ins_asked >= kStandInsTried) {
      keep_here(slot);
      return false;
    }
    const auto candidates = buckets_.directory_.stand_ins_for(key_.tenant, key_.partition, place_.replicas[slot]);
    const NodeId node = choose_stand_in(buckets_.cluster_, candidates, taken_);
    if (!node) {
      keep_here(slot);
      return false;
    }
    taken_.push_back(node);
    ++slots_[slot].stand_ins_asked;
    ++buckets_.statistics_.hinted;
    ask(slot, node);
    return true;
  }

  // Nobody else can: this node, which has the key itself, remembers that the replica has to be told. That is no further copy, so
  // it counts for nothing.
  void keep_here(std::size_t slot) {
    if (std::exchange(slots_[slot].kept_here, true)) return;
    BucketItem item{.key = key_, .hint_for = place_.replicas[slot], .offered = set_, .durability = durability_};
    buckets_.links_.send(buckets_.cluster_.self(), place_.epoch, std::move(item), [](const Result<BucketAnswer>&) {});
  }

  void lose_patience() {
    if (acknowledged() >= place_.needed) return;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i].replica && !slots_[i].stand_in && slots_[i].stand_ins_asked == 0) stand_in(i);
    }
  }

  Buckets& buckets_;
  const DataKey key_;
  Place place_;
  const Durability durability_;
  VersionSet set_;
  std::vector<Slot> slots_;
  std::vector<NodeId> taken_;
  std::vector<std::pair<NodeId, Error>> errors_;
  std::size_t pending_ = 0;
  Hlc newest_;
  std::uint64_t bytes_ = 0;
  bool remote_ = false;
  bool wan_ = false;
  Event changed_;
  TimerId timer_{};
};

// What the key holds after the write.
Result<VersionSet> Buckets::change_of(const BucketWrite& what, const VersionSet& held, bool as_replica) {
  ContextToken seen;
  if (!what.context.empty()) {
    LATIUM_TRY(seen, decode_context_token(what.context));
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
  VersionSet next = with_write(held, seen.context, std::move(version), as_replica);
  LATIUM_CHECKED(check_size(next));
  return next;
}

Task<BucketWritten> Buckets::coordinate(DataKey key, BucketWrite what, MonotonicTime deadline) {
  ++statistics_.writes;
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
      [&](const VersionSet& held) -> Result<VersionSet> {
        out.existed = has_visible(held, runtime_.clock.wall_ms());
        out.newest = held.newest_stamp();
        // In vain already: what wins goes to the copies in its place, and what they hold has to be known.
        in_vain = held.conflicts == Conflicts::last_write_wins && out.newest >= what.stamp;
        LATIUM_TRY(VersionSet next, in_vain ? Result<VersionSet>(held) : change_of(what, held, as_replica));
        if (next.empty()) return next;  // a deletion of what nobody ever wrote
        copies->send(next, slot);
        sent = true;
        return next;
      });
  if (!kept && sent) dots_.begin_life();
  if (!kept) co_return fail(kept.error().code, sent ? Certainty::unknown : Certainty::not_applied, kept.error().message);
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
  out.context = encode_context_token(copies->set());
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

Task<BucketWritten> Buckets::write(DataKey key, BucketWrite what, MonotonicTime deadline) {
  ContextToken seen;
  if (!what.context.empty()) {
    LATIUM_CO_TRY(seen, decode_context_token(what.context));
  }
  const bool last_write_wins = conflicts_of(key.bucket) == Conflicts::last_write_wins;
  CallStats stats;
  bool existed = false;
  bool tried = false;
  what.stamp = std::max(hlc_.now(runtime_.clock.wall_ms()), Hlc{seen.stamp.value + 1});
  // A second time only where some copy holds a higher stamp: a clock that was ahead made that. If it is of a write that a quorum
  // had acknowledged before this one began, this one has to win.
  for (bool again = false;; again = true) {
    auto written = co_await try_write(key, what, deadline);
    if (!written && tried) written.error().certainty = Certainty::unknown;
    LATIUM_CO_CHECKED(written);
    tried = true;
    stats.add(written->stats);
    written->stats = stats;
    existed = existed || written->existed;
    written->existed = existed;
    if (!last_write_wins || written->newest <= what.stamp || again) {
      statistics_.cost.add(stats);
      co_return written;
    }
    what.stamp = Hlc{written->newest.value + 1};
  }
}

Task<BucketWritten> Buckets::try_write(const DataKey& key, const BucketWrite& what, MonotonicTime deadline) {
  for (int attempt = 0;; ++attempt) {
    LATIUM_CO_TRY(const Place place, place_of(key, what.level, what.site));
    const bool here = place.index_of(cluster_.self()) < place.replicas.size();
    auto written = here ? co_await coordinate(key, what, deadline) : co_await forward(key, what, deadline);
    // This node's disk takes nothing: another replica's may.
    const bool no_disk =
        !written && (written.error().code == ErrorCode::read_only || written.error().code == ErrorCode::io_error);
    const bool nothing_done = !written && written.error().certainty == Certainty::not_applied;
    if (here && no_disk && (nothing_done || is_repeatable(key, what))) {
      written = co_await forward(key, what, deadline);
      if (!written && !nothing_done) written.error().certainty = Certainty::unknown;
    }
    const bool stale = !written && written.error().code == ErrorCode::stale_topology;
    if (!stale || attempt >= 2) co_return written;
  }
}

// To the replicas that are up, nearest first; to those that stand in for them; to the others, in case that they are up after all.
Task<BucketWritten> Buckets::forward(DataKey key, BucketWrite what, MonotonicTime deadline) {
  LATIUM_CO_TRY(const Place place, place_of(key, what.level, what.site));
  const auto is_down = [&](NodeId node) { return distance_of(cluster_, node) > 4; };
  std::vector<NodeId> order;
  std::vector<NodeId> doubtful;
  for (const NodeId node : place.replicas) (is_down(node) ? doubtful : order).push_back(node);
  const auto stand_ins = directory_.stand_ins_for(key.tenant, key.partition, place.replicas.front());
  for (const NodeId node : stand_ins) {
    if (node == cluster_.self() || !is_down(node)) order.push_back(node);
    if (order.size() >= place.replicas.size() + kStandInsTried) break;
  }
  order.insert(order.end(), doubtful.begin(), doubtful.end());

  ++statistics_.forwarded;
  bool unsure = false;
  std::vector<std::pair<NodeId, Error>> errors;
  for (const NodeId node : order) {
    if (!errors.empty() && runtime_.clock.monotonic_now() >= deadline) break;
    // A replica that gives a write on has a disk that takes nothing.
    const bool here = node == cluster_.self();
    if (here && place.index_of(node) < place.replicas.size()) continue;
    auto written = here ? co_await coordinate(key, what, deadline) : co_await give_to(node, key, what, deadline);
    if (written) co_return written;
    unsure = unsure || written.error().certainty == Certainty::unknown;
    if (!worth_another(written.error()) || (unsure && !is_repeatable(key, what))) {
      co_return fail(written.error().code, unsure ? Certainty::unknown : Certainty::not_applied, written.error().message);
    }
    errors.emplace_back(node, std::move(written).error());
  }
  ++statistics_.unavailable;
  co_return fail(ErrorCode::unavailable, unsure ? Certainty::unknown : Certainty::not_applied,
                 describe(key) + ": no node coordinates the write" + list_errors(errors));
}

Task<BucketWritten> Buckets::give_to(NodeId node, const DataKey& key, const BucketWrite& what, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, cluster_.peer(node));
  replica::BucketForwardRequest request;
  to_message(key, *request.mutable_key());
  request.set_has_value(what.value.has_value());
  if (what.value) request.set_value(*what.value);
  request.set_context(what.context);
  request.set_expires_ms(what.expires_ms);
  request.set_stamp(what.stamp.value);
  request.set_level(static_cast<std::uint32_t>(what.level));
  request.set_level_site(what.site);
  request.set_buffered(what.durability == Durability::buffered);
  LATIUM_CO_TRY(const auto response,
                co_await watch_peer(runtime_, transport_, peer.address, silence_allowed(runtime_, deadline),
                                    call_enveloped<replica::BucketForwardRequest, replica::BucketForwardResponse>(
                                        cluster_, transport_, node, cluster_.epoch(), wire::METHOD_BUCKET_FORWARD,
                                        std::move(request), {.deadline = deadline})));
  BucketWritten out{.stamp = Hlc{response.stamp()},
                    .context = response.context(),
                    .existed = response.existed(),
                    .newest = Hlc{response.newest()},
                    .stats = {}};
  out.stats = from_message(response.stats());
  out.stats.add({.round_trips = 1, .wan_round_trips = peer.same_site ? 0u : 1u});
  co_return out;
}

}  // namespace latium
