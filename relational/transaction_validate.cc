// What a commit looks at again: rows and ranges that were only read.
#include <algorithm>
#include <utility>

#include "relational/transaction_phase.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// As often as others make and remove what would have been in a range that was read.
constexpr int kLooksMax = 8;

}  // namespace

// What was read and is not written: still the same, and nobody is about to change it. All intents of this transaction are there,
// so whoever changes it later sees them, or comes after the commit.
//
// All of it has to be so at one moment, and the keys are not looked at in one. A row that is as it was read was so all the time
// since. What is gone may have come after the range was read, and gone before it was looked at again: then there may be no such
// moment. Seen twice in the same state, it was gone in between, when all the rest was as it was read.
Task<void> Transaction::validate(MonotonicTime deadline) {
  std::map<Bytes, Hlc> gone_before;
  for (int look = 0; look < kLooksMax; ++look) {
    LATIUM_CO_TRY(auto gone, co_await look_again(deadline));
    if (look == 0) counts_.validated += static_cast<std::uint64_t>(checked_entries());
    if (std::ranges::includes(gone_before, gone)) co_return Result<void>();
    gone_before = std::move(gone);
  }
  co_return fail(ErrorCode::conflict, "rows come into a range that was read, and go, faster than it is looked at");
}

Task<std::map<Bytes, Hlc>> Transaction::look_again(MonotonicTime deadline) {
  Phase phase;
  const bool reads = checks_reads();
  TaskGroup group(shared_.runtime.executor, entries_.size() + ranges_.size() + absent_.size() + 1);
  for (const RegisterKey& key : absent_) {
    if (!reads) break;
    const auto spawned = group.spawn(validate_absent(key, phase, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  for (auto& [stored, entry] : entries_) {
    if (!is_checked(entry, reads)) continue;
    const auto spawned = group.spawn(validate_read(entry, phase, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  for (const Range& range : ranges_) {
    if (!is_checked(range, reads)) continue;
    const auto spawned = group.spawn(validate_range(range, phase, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  (void)co_await group.join();
  stats_.add(phase.stats);
  if (phase.failure) co_return fail(*std::move(phase.failure));
  co_return std::move(phase.gone);
}

std::ptrdiff_t Transaction::checked_entries() const {
  const bool reads = checks_reads();
  return std::ranges::count_if(entries_, [&](const auto& each) { return is_checked(each.second, reads); });
}

Task<RowRead> Transaction::settled(RegisterKey key, const Phase& phase, MonotonicTime deadline) {
  CallStats cost;
  while (true) {
    auto read = co_await shared_.store.read(key, Reading::latest, deadline);
    if (!read) co_return fail(of_others(std::move(read).error()));
    cost.add(read->stats);
    if (!read->state.intent || read->state.intent->txn == txn_) co_return RowRead{std::move(read->state), cost};
    if (phase.failure) co_return fail(*phase.failure);
    LATIUM_CO_CHECKED(co_await clear(key, *read->state.intent, deadline));
  }
}

// What was not done, or is not known to have been, is tried again as long as there is time. Those who call it look again at the
// key until it is clear, and have no other bound.
Task<void> Transaction::clear(RegisterKey key, Intent intent, MonotonicTime deadline) {
  if (shared_.runtime.clock.monotonic_now() >= deadline) {
    co_return fail(ErrorCode::unavailable, "another transaction holds " + key.describe() + ", and the deadline has passed");
  }
  ++counts_.waits;
  auto cleared = co_await shared_.recovery.clear(std::move(key), std::move(intent), me(), deadline);
  if (cleared) co_return Result<void>();
  Error why = std::move(cleared).error();
  const bool passes = why.code == ErrorCode::unknown_outcome || why.code == ErrorCode::unavailable ||
                      why.code == ErrorCode::deadline_exceeded || why.code == ErrorCode::overloaded;
  if (passes && shared_.runtime.clock.monotonic_now() < deadline) {
    co_return co_await sleep_for(shared_.runtime, std::chrono::milliseconds(5));
  }
  co_return fail(of_others(std::move(why)));
}

Task<void> Transaction::validate_read(Entry& entry, Phase& phase, MonotonicTime deadline) {
  auto read = co_await settled(entry.key, phase, deadline);
  if (!read) {
    phase.fail_with(std::move(read).error());
    co_return Result<void>();
  }
  add_parallel(phase.stats, read->stats);
  if (read->state.committed.ts != entry.seen.ts) {
    shared_.note_seen(entry.key, read->state.committed);
    phase.fail_with(conflict_at(entry.key, "it has changed since it was read").error());
  }
  co_return Result<void>();
}

// What was there is checked with the other reads; here it is about what has come.
Task<void> Transaction::validate_range(const Range& range, Phase& phase, MonotonicTime deadline) {
  TupleRange rest = range.range;
  CallStats cost;
  while (!phase.failure) {
    auto listed = co_await shared_.store.list(range.tenant, range.partitions, rest, 1000, Reading::latest, deadline);
    if (!listed) {
      phase.fail_with(of_others(std::move(listed).error()));
      break;
    }
    cost.add(listed->stats);
    Phase page;
    TaskGroup group(shared_.runtime.executor, std::max<std::size_t>(listed->keys.size(), 1));
    for (const RegisterKey& key : listed->keys) {
      const auto known = entries_.find(key.stored());
      if ((known != entries_.end() && known->second.used) || implied_.contains(BytesView(key.key).substr(1))) continue;
      const auto spawned = group.spawn(validate_absent(key, page, deadline));
      LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    }
    (void)co_await group.join();
    cost.add(page.stats);
    phase.gone.merge(page.gone);
    if (page.failure) phase.fail_with(*std::move(page.failure));
    if (!listed->more) break;
    rest.begin = listed->keys.back().key.substr(1) + '\0';
  }
  add_parallel(phase.stats, cost);
  co_return Result<void>();
}

Task<void> Transaction::validate_absent(RegisterKey key, Phase& phase, MonotonicTime deadline) {
  auto read = co_await settled(key, phase, deadline);
  if (!read) {
    phase.fail_with(std::move(read).error());
    co_return Result<void>();
  }
  add_parallel(phase.stats, read->stats);
  if (read->state.committed.present) {
    shared_.note_seen(key, read->state.committed);
    phase.fail_with(conflict_at(key, "it has come into a range that was read").error());
  } else if (read->state.committed.ts.value != 0) {
    phase.gone.emplace(key.stored(), read->state.committed.ts);
  }
  co_return Result<void>();
}

}  // namespace latium
