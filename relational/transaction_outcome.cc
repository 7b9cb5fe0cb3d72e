// What became of a commit that ended without an answer.
#include <algorithm>
#include <utility>

#include "relational/transaction.h"
#include "runtime/deadline.h"

namespace latium {

void Transaction::hold(const RegisterKey& key) {
  const auto found = entries_.find(key.stored());
  LATIUM_CHECK(found != entries_.end(), "a key is read before it is held");
  found->second.held = true;
}

void Transaction::hold(const Footprint& footprint) {
  use(footprint);
  for (const RegisterKey& key : footprint.keys) hold(key);
  // Those that use() has added.
  const std::size_t first = ranges_.size() - footprint.ranges.size();
  for (std::size_t i = first; i < ranges_.size(); ++i) hold(ranges_[i]);
}

void Transaction::hold(Range& range) {
  range.held = true;
  // Also those that were not there, and may come.
  for (auto& [stored, entry] : entries_) {
    const BytesView key = BytesView(entry.key.key).substr(1);
    if (entry.key.tenant == range.tenant && range.range.contains(key)) entry.held = true;
  }
}

void Transaction::hold_last_range() {
  LATIUM_CHECK(!ranges_.empty(), "a range is read before it is held");
  hold(ranges_.back());
}

Task<CommitOutcome> Transaction::outcome(MonotonicTime deadline) {
  if (commit_ts_.value != 0 || written().empty()) co_return CommitOutcome::committed;
  LATIUM_CO_TRY(const CommitOutcome found, co_await find_outcome(deadline));
  // From now on it counts as acknowledged, whatever was read meanwhile.
  if (found == CommitOutcome::committed) doubt_written();
  co_return found;
}

Task<CommitOutcome> Transaction::find_outcome(MonotonicTime deadline) {
  const std::vector<Entry*> writes = written();
  // Whichever way it was committed: a trace at the primary is that of several rows.
  const RegisterKey primary = writes.front()->key;
  if (one_command_ && !keeps_outcome_) co_return co_await outcome_of_one(*writes.front(), deadline);
  while (true) {
    auto aborted = co_await shared_.store.change(
        primary, RowAbort{txn_, start_, RowAbort::When::always, false, shared_.runtime.clock.wall_ms()}, deadline);
    Result<void> decided;
    if (aborted) {
      stats_.add(aborted->stats);
      if (aborted->applied) co_return CommitOutcome::not_committed;
      if (aborted->refusal == RowRefusal::committed) co_return CommitOutcome::committed;
      if (aborted->refusal != RowRefusal::staged) co_return co_await outcome_in_rows(deadline);
      decided = co_await shared_.recovery.decide_staged(primary, txn_, deadline);
    } else {
      decided = fail(aborted.error());
    }
    if (shared_.runtime.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, "what became of the transaction is not known yet" +
                                                 (decided ? std::string() : ": " + decided.error().message));
    }
    if (!decided) LATIUM_CO_CHECKED(co_await sleep_for(shared_.runtime, std::chrono::milliseconds(5)));
  }
}

// Another write of the row as it was, under a later ts, keeps the one command from being run from now on. Of a row that never was
// only a commit leaves a trace.
Task<RowChange> Transaction::fence_one(const Entry& entry, TransactionId fence, MonotonicTime deadline) {
  const CommittedRow& seen = entry.seen;
  const std::uint64_t now_ms = shared_.runtime.clock.wall_ms();
  if (seen.ts.value != 0) {
    const RowWrite same{.txn = fence,
                        .expected = seen.ts,
                        .commit_ts = above_all_seen(),
                        .present = seen.present,
                        .row = seen.row,
                        .now_ms = now_ms};
    co_return co_await shared_.store.change(entry.key, same, deadline);
  }
  const Hlc start = std::max(shared_.hlc.now(now_ms), shared_.not_before);
  const Intent nothing{.txn = fence, .start = start, .expires_ms = now_ms + kIntentLife / std::chrono::milliseconds(1)};
  LATIUM_CO_TRY(RowChange made, co_await shared_.store.change(entry.key, RowPrewrite{nothing, seen.ts, now_ms}, deadline));
  if (!made.applied) co_return std::move(made);
  co_return co_await shared_.store.change(
      entry.key, RowCommit{fence, start, std::max(above_all_seen(), Hlc{start.value + 1}), now_ms}, deadline);
}

Task<CommitOutcome> Transaction::outcome_of_one(const Entry& entry, MonotonicTime deadline) {
  std::set<TransactionId> fences;
  while (true) {
    const TransactionId fence = shared_.new_id();
    fences.insert(fence);
    const auto changed = co_await fence_one(entry, fence, deadline);
    if (changed) stats_.add(changed->stats);
    if (changed && changed->applied) co_return CommitOutcome::not_committed;
    if (changed && changed->refusal == RowRefusal::ts_differs) {
      const TransactionId last = changed->state.committed.txn;
      if (last == txn_) co_return CommitOutcome::committed;
      co_return fences.contains(last) ? CommitOutcome::not_committed : CommitOutcome::unknown;
    }
    if (shared_.runtime.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable, "what became of the transaction is not known yet: " +
                                                 (changed ? std::string(to_string(changed->refusal)) : changed.error().message));
    }
    if (changed && changed->refusal == RowRefusal::foreign_intent) {
      LATIUM_CO_CHECKED(co_await clear(entry.key, *changed->state.intent, deadline));
    } else {
      if (changed) shared_.not_before = std::max(shared_.not_before, changed->not_before);
      LATIUM_CO_CHECKED(co_await sleep_for(shared_.runtime, std::chrono::milliseconds(5)));
    }
  }
}

// It has ended, and its primary has forgotten how: a row that it wrote last tells.
Task<CommitOutcome> Transaction::outcome_in_rows(MonotonicTime deadline) {
  for (const Entry* entry : written()) {
    LATIUM_CO_TRY(const RowRead read, co_await shared_.store.read(entry->key, Reading::latest, deadline));
    stats_.add(read.stats);
    if (read.state.committed.txn == txn_) co_return CommitOutcome::committed;
  }
  co_return CommitOutcome::unknown;
}

}  // namespace latium
