#include "replication/locks.h"

#include <algorithm>
#include <utility>

#include "runtime/deadline.h"

namespace latium {

namespace {

// Locks whose holders are watched; the one watched for longest makes room.
constexpr std::size_t kSightings = 4096;
constexpr std::chrono::milliseconds kLongestLease = std::chrono::hours(24 * 366);  // nobody waits for longer
// A lock may be released through another node, which is not heard of here.
constexpr Duration kLookAgain = std::chrono::milliseconds(250);
// Replicas that are tried before this node runs a command itself: with both silent, so is a majority of three.
constexpr std::size_t kHomes = 2;

Result<LockOutcome> outcome_of(CommandOutcome command) {
  LATIUM_TRY(LockState lock, decode_lock(command.result.state));
  return LockOutcome{command.result.applied, std::move(lock), command.result.state.version, command.stats};
}

}  // namespace

// One who waits, while the frame lives.
struct Locks::Place {
  Place(Locks& owner, Bytes key) : locks(owner), stored(std::move(key)) {
    locks.queues_[stored].waiting.push_back(&turn);
    if (locks.queues_[stored].waiting.size() == 1) turn.set();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    auto& queue = locks.queues_[stored];
    std::erase(queue.waiting, &turn);
    if (queue.waiting.empty()) {
      locks.queues_.erase(stored);
    } else {
      queue.waiting.front()->set();
    }
  }
  bool first() const { return locks.queues_[stored].waiting.front() == &turn; }

  Locks& locks;
  Bytes stored;
  Event turn;
};

std::vector<NodeId> Locks::homes(const RegisterKey& key) const {
  std::vector<NodeId> homes;
  const auto set = cluster_.replicas(key.tenant, key.partition);
  if (!set) return homes;
  for (const NodeId node : set->members) {
    const bool here = node == cluster_.self();
    const auto peer = cluster_.peer(node);
    if (here || (peer && peer->up())) homes.push_back(node);
    if (here || homes.size() == kHomes) break;
  }
  return homes;
}

Task<LockOutcome> Locks::run(RegisterKey key, RegisterCommand command, RequestId request, MonotonicTime deadline) {
  LATIUM_CO_TRY(CommandOutcome outcome, co_await registers_.execute(std::move(key), std::move(command), request, deadline));
  co_return outcome_of(std::move(outcome));
}

MonotonicTime Locks::next_try(const LockState& lock) const {
  const auto now_ms = static_cast<std::int64_t>(runtime_.clock.wall_ms());
  const auto free_ms = static_cast<std::int64_t>(lock.expires_ms) + clock_offset_.count();
  const auto until_free = std::chrono::milliseconds(std::max<std::int64_t>(free_ms - now_ms, 1));
  return saturating_add(runtime_.clock.monotonic_now(), std::min<Duration>(until_free, kLookAgain));
}

Task<LockOutcome> Locks::acquire(RegisterKey key, Bytes owner, std::chrono::milliseconds ttl, RequestId request, LockWait wait,
                                 MonotonicTime deadline) {
  Place place(*this, key.stored());
  LockOutcome outcome;
  while (true) {
    if (place.first()) {
      LockAcquireCommand command{owner, runtime_.clock.wall_ms(), static_cast<std::uint64_t>(ttl.count()),
                                 static_cast<std::uint64_t>(clock_offset_.count()), outwaited(place.stored)};
      const MonotonicTime until = std::min(deadline, saturating_add(runtime_.clock.monotonic_now(), wait.patience));
      LATIUM_CO_TRY(LockOutcome tried, co_await run(key, std::move(command), request, until));
      tried.stats.add(outcome.stats);
      outcome = std::move(tried);
      saw(place.stored, outcome);
    } else if (runtime_.clock.monotonic_now() >= wait.until) {
      // Never first in the queue: say who holds it.
      LATIUM_CO_TRY(outcome, co_await show(key, deadline));
      outcome.done = false;
    }
    const MonotonicTime now = runtime_.clock.monotonic_now();
    if (outcome.done || now >= wait.until) co_return outcome;
    place.turn.clear();
    const MonotonicTime next = place.first() ? std::min(next_try(outcome.lock), wait.until) : wait.until;
    const auto waited = co_await with_deadline(runtime_, next, place.turn.wait());
    if (!waited && waited.error().code != ErrorCode::deadline_exceeded) co_return fail(waited.error());
  }
}

Task<LockOutcome> Locks::renew(RegisterKey key, Bytes owner, std::uint64_t token, std::chrono::milliseconds ttl,
                               MonotonicTime deadline) {
  LockRenewCommand command{std::move(owner), token, runtime_.clock.wall_ms(), static_cast<std::uint64_t>(ttl.count())};
  co_return co_await run(std::move(key), std::move(command), registers_.new_request_id(), deadline);
}

Task<LockOutcome> Locks::release(RegisterKey key, Bytes owner, std::uint64_t token, MonotonicTime deadline) {
  const Bytes stored = key.stored();
  auto outcome = co_await run(std::move(key), LockReleaseCommand{std::move(owner), token}, registers_.new_request_id(), deadline);
  if (outcome && outcome->done) wake_next(stored);
  co_return outcome;
}

std::uint64_t Locks::outwaited(const Bytes& stored) const {
  const auto seen = sightings_.find(stored);
  if (seen == sightings_.end()) return 0;
  const Duration lease = std::chrono::milliseconds(std::min<std::uint64_t>(seen->second.ttl_ms, kLongestLease.count()));
  const MonotonicTime over = saturating_add(seen->second.since, lease + Duration(clock_offset_));
  return runtime_.clock.monotonic_now() >= over ? seen->second.version : 0;
}

void Locks::saw(const Bytes& stored, const LockOutcome& outcome) {
  if (outcome.done) {
    sightings_.erase(stored);
    return;
  }
  const auto [seen, fresh] = sightings_.try_emplace(stored);
  if (!fresh && seen->second.version == outcome.version) return;
  seen->second = {outcome.version, outcome.lock.ttl_ms, runtime_.clock.monotonic_now()};
  if (sightings_.size() <= kSightings) return;
  sightings_.erase(std::ranges::min_element(sightings_, {}, [](const auto& each) { return each.second.since; }));
}

void Locks::wake_next(const Bytes& stored) {
  const auto queue = queues_.find(stored);
  if (queue != queues_.end()) queue->second.waiting.front()->set();
}

Task<LockOutcome> Locks::show(RegisterKey key, MonotonicTime deadline) {
  LATIUM_CO_TRY(ReadOutcome found, co_await registers_.read(std::move(key), deadline));
  LATIUM_CO_TRY(LockState lock, decode_lock(found.state));
  const bool held = !lock.owner.empty() && lock.expires_ms > runtime_.clock.wall_ms();
  co_return LockOutcome{held, std::move(lock), found.state.version, found.stats};
}

}  // namespace latium
