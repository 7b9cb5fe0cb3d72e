// One write of a bucket on its way to the copies: who has it, who keeps it for whom, when that is enough.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "replication/bucket_place.h"
#include "runtime/runtime.h"

namespace latium {

/// Goes on after its caller has been answered: for whoever cannot be reached, somebody else keeps the write. Loop thread only; it
/// dies with the last answer.
class Buckets::Copies : public std::enable_shared_from_this<Copies> {
 public:
  /// So long a write that is not acknowledged yet waits for a replica before a stand-in is asked too.
  static constexpr Duration kPatience = std::chrono::milliseconds(400);
  /// Stand-ins that are tried for one replica.
  static constexpr std::size_t kStandInsTried = 3;

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
      const auto waited = co_await changed_.wait_until(buckets_.runtime_, deadline);
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
    stats.round_trips = trips_;
    stats.wan_round_trips = wan_trips_;
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
      note_round_trips(node, 1 + answer->refusals);
    } else if (answer.error().code == ErrorCode::stale_topology && same_place()) {
      ask(slot, node);
      return;
    } else {
      errors_.emplace_back(node, std::move(answer).error());
      if (!slots_[slot].replica && !slots_[slot].stand_in) stand_in(slot);
    }
    changed_.set();
  }

  void note_round_trips(NodeId node, std::uint32_t trips) {
    if (node == buckets_.cluster_.self()) return;
    trips_ = std::max(trips_, trips);
    const auto peer = buckets_.cluster_.peer(node);
    if (!peer || !peer->same_site) wan_trips_ = std::max(wan_trips_, trips);
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
  std::uint32_t trips_ = 0;
  std::uint32_t wan_trips_ = 0;
  Event changed_;
  TimerId timer_{};
};

}  // namespace latium
