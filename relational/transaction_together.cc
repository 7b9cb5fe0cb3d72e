// The commit where this node has the only replica of all that is written and looked at: at one moment, in one write to the disk.
#include <algorithm>
#include <utility>

#include "relational/transaction_phase.h"

namespace latium {

RowsTogether Transaction::together(const std::vector<Entry*>& writes) const {
  const bool reads = checks_reads();
  RowsTogether out;
  for (const Entry* entry : writes) {
    out.writes.push_back({entry->key,
                          {.txn = txn_,
                           .expected = entry->seen.ts,
                           .commit_ts = commit_ts_,
                           .present = entry->write->present,
                           .row = entry->write->row,
                           .now_ms = shared_.runtime.clock.wall_ms()}});
  }
  for (const auto& [stored, entry] : entries_) {
    if (is_checked(entry, reads)) out.looks.push_back({entry.key, entry.seen.ts});
  }
  if (reads) {
    for (const RegisterKey& key : absent_) {
      const auto known = entries_.find(key.stored());
      if (known == entries_.end() || !(known->second.is_written() || is_checked(known->second, reads))) out.absent.push_back(key);
    }
    std::ranges::sort(out.absent);
    const auto twice = std::ranges::unique(out.absent);
    out.absent.erase(twice.begin(), twice.end());
  }
  for (const Range& range : ranges_) {
    if (is_checked(range, reads)) out.gaps.push_back({range.tenant, range.partitions, range.range, range.rests});
  }
  out.is_known = [this](BytesView stored) {
    const auto known = entries_.find(stored);
    return (known != entries_.end() && known->second.used) || implied_.contains(stored.substr(kStoredNameAt));
  };
  return out;
}

// Of one of the keys, before all of them are gathered.
bool Transaction::may_be_alone() const {
  if (!entries_.empty()) {
    const RegisterKey& key = entries_.begin()->second.key;
    return shared_.store.is_alone(key.tenant, {key.partition});
  }
  return ranges_.empty() || shared_.store.is_alone(ranges_.front().tenant, {ranges_.front().partitions.front()});
}

// False: not all of it is on this node alone.
Task<bool> Transaction::commit_together(const std::vector<Entry*>& writes, MonotonicTime deadline) {
  if (!may_be_alone()) co_return false;
  while (true) {
    commit_ts_ = above_all_seen();
    const RowsTogether all = together(writes);
    // What becomes of one without an answer its first row tells, and the others with it.
    one_command_ = true;
    auto ended = co_await shared_.store.change_together(all, deadline);
    if (ended && ended->alone && !ended->at) {
      counts_.validated += all.looks.size();
      stats_.add(ended->refused.stats);
      ++shared_.statistics.together;
      if (writes.empty()) commit_ts_ = {};
      co_return true;
    }
    if (!ended && ended.error().certainty == Certainty::unknown) {
      commit_ts_ = {};
      co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, std::move(ended).error().message);
    }
    one_command_ = false;
    if (!ended || !ended->alone) commit_ts_ = {};
    LATIUM_CO_CHECKED(ended);
    if (!ended->alone) co_return false;
    auto refused = co_await after_refusal_together(*ended, deadline);
    if (refused) continue;
    commit_ts_ = {};
    co_return fail(std::move(refused).error());
  }
}

// Without an error: it is to be tried again.
Task<void> Transaction::after_refusal_together(const TogetherEnd& ended, MonotonicTime deadline) {
  const RowChange& refused = ended.refused;
  shared_.not_before = std::max(shared_.not_before, refused.not_before);
  const auto known = entries_.find(ended.at->stored());
  if (known != entries_.end() && known->second.is_written()) co_return co_await after_refusal(known->second, refused, deadline);
  if (refused.refusal == RowRefusal::foreign_intent) co_return co_await clear(*ended.at, *refused.state.intent, deadline);
  shared_.note_seen(*ended.at, refused.state.committed);
  co_return conflict_at(*ended.at,
                        known != entries_.end() ? "it has changed since it was read" : "it has come into a range that was read");
}

}  // namespace latium
