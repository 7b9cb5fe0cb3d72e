// The commit: all at one moment where this node has the only replica of all of it; else one command for one row, or intents on
// all rows and an outcome at the primary.
#include <algorithm>
#include <utility>

#include "relational/transaction_phase.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// What is done after the caller has been answered.
constexpr Duration kBackgroundTimeout = std::chrono::seconds(10);

Task<void> finish_later(Transactions& shared, RegisterKey primary, TransactionId txn, Hlc start, Hlc commit_ts, bool staged,
                        std::vector<Bytes> others) {
  const MonotonicTime deadline = saturating_add(shared.runtime.clock.monotonic_now(), kBackgroundTimeout);
  if (staged) {
    LATIUM_CO_TRY(const RowChange promoted,
                  co_await shared.store.change(primary, RowPromote{txn, start, shared.runtime.clock.wall_ms()}, deadline));
    // Nothing is rolled forward that its primary does not call committed; `settled`: others have done all of it.
    if (!promoted.applied && promoted.refusal != RowRefusal::committed) co_return Result<void>();
  }
  co_return co_await shared.recovery.finish(std::move(primary), txn, commit_ts, std::move(others), deadline);
}

Task<void> abort_later(Transactions& shared, RegisterKey primary, TransactionId txn, Hlc start, std::vector<Bytes> others) {
  const MonotonicTime deadline = saturating_add(shared.runtime.clock.monotonic_now(), kBackgroundTimeout);
  LATIUM_CO_TRY(
      const RowChange aborted,
      co_await shared.store.change(
          std::move(primary), RowAbort{txn, start, RowAbort::When::always, false, shared.runtime.clock.wall_ms()}, deadline));
  if (!aborted.applied) co_return Result<void>();
  co_return co_await shared.recovery.finish(RegisterKey(), txn, Hlc(), std::move(others), deadline);
}

// Of a parallel commit, which is first kept from ever being one.
Task<void> abandon_later(Transactions& shared, RegisterKey primary, TransactionId txn, Hlc start, std::vector<Bytes> others) {
  const MonotonicTime deadline = saturating_add(shared.runtime.clock.monotonic_now(), kBackgroundTimeout);
  LATIUM_CO_CHECKED(co_await shared.recovery.decide_staged(primary, txn, deadline));
  co_return co_await abort_later(shared, std::move(primary), txn, start, std::move(others));
}

}  // namespace

Task<void> Transaction::commit(MonotonicTime deadline) {
  txn_ = shared_.new_id();
  start_ = options_.start.value != 0 ? options_.start : shared_.hlc.now(shared_.runtime.clock.wall_ms());
  start_ = std::max(start_, shared_.not_before);
  std::vector<Entry*> writes = written();
  const bool reads = checks_reads();
  const bool checks = (reads && !absent_.empty()) ||
                      std::ranges::any_of(ranges_, [&](const Range& range) { return is_checked(range, reads); }) ||
                      std::ranges::any_of(entries_, [&](const auto& each) { return is_checked(each.second, reads); });
  counts_.written = writes.size();
  const auto taken = [&](const Entry* entry) { return shared_.turns.is_taken(entry->key.stored()); };
  Result<void> done;
  bool here = false;
  if (const auto at = std::ranges::find_if(writes, taken); options_.gives_way && at != writes.end()) {
    done = conflict(**at, "others take turns at it");
  } else if (writes.empty() && !checks) {
    here = true;
  } else if (auto alone = co_await commit_together(writes, deadline); !alone || *alone) {
    here = true;
    if (!alone) done = fail(std::move(alone).error());
  } else if (writes.empty()) {
    done = co_await validate(deadline);
  } else if (writes.size() == 1 && !checks) {
    one_command_ = true;
    keeps_outcome_ = options_.contended || shared_.turns.is_contended(writes.front()->key.stored());
    done = co_await commit_one(*writes.front(), deadline);
  } else {
    done = co_await commit_many(std::move(writes), !checks, deadline);
  }
  TransactionsStatistics& statistics = shared_.statistics;
  statistics.cost.add(stats_);
  if (!done) commit_ts_ = {};
  if (done) {
    ++statistics.committed;
    // What this node has the only replica of, its local reads see at once.
    CommittedHere::Rows rows;
    for (const Entry* entry : here ? std::vector<Entry*>() : written()) {
      rows.emplace_back(entry->key.stored(), CommittedRow{commit_ts_, txn_, entry->write->present, entry->write->row});
    }
    shared_.note_committed(std::move(rows));
  } else if (done.error().code == ErrorCode::conflict) {
    ++statistics.conflicts;
  } else if (done.error().code == ErrorCode::unknown_outcome) {
    ++statistics.unknown_outcomes;
    doubt_written();
  } else {
    ++statistics.unavailable;
  }
  co_return done;
}

std::unexpected<Error> Transaction::conflict(const Entry& entry, const std::string& why) {
  conflicting_row_ = entry.key.stored();
  shared_.turns.note_conflict(*conflicting_row_);
  return conflict_at(entry.key, why);
}

void Transaction::doubt_written() {
  std::vector<Bytes> keys;
  for (const Entry* entry : written()) keys.push_back(entry->key.stored());
  shared_.note_doubt(keys);
}

Task<void> Transaction::commit_one(Entry& entry, MonotonicTime deadline) {
  std::optional<Error> unsure;  // it may have been done, or may still be
  while (true) {
    commit_ts_ = above_all_seen();
    const Write& write = *entry.write;
    const auto made = co_await shared_.store.change(entry.key,
                                                    RowWrite{.txn = txn_,
                                                             .start = keeps_outcome_ ? start_ : Hlc(),
                                                             .expected = entry.seen.ts,
                                                             .commit_ts = commit_ts_,
                                                             .present = write.present,
                                                             .row = write.row,
                                                             .now_ms = shared_.runtime.clock.wall_ms()},
                                                    deadline);
    if (!made) {
      if (!unsure && made.error().certainty == Certainty::unknown) unsure = made.error();
      if (keeps_outcome_) {
        const auto again = co_await asks_again(made.error(), deadline);
        if (again && *again) continue;
      }
      co_return co_await look_for(entry, unsure.value_or(made.error()), deadline);
    }
    const RowChange& changed = *made;
    stats_.add(changed.stats);
    shared_.not_before = std::max(shared_.not_before, changed.not_before);
    if (changed.applied) {
      // An earlier one, if it was sent again.
      if (changed.state.committed.txn == txn_) commit_ts_ = changed.state.committed.ts;
      if (const Outcome* const outcome = changed.state.outcome_of(txn_)) commit_ts_ = outcome->committed_ts;
      ++shared_.statistics.one_row;
      co_return Result<void>();
    }
    auto refused = co_await after_refusal(entry, changed, deadline);
    if (refused) continue;
    // Of a copy that comes late, too, each row that has changed since is sure to refuse it; of the rest nobody knows.
    const bool surely = changed.refusal == RowRefusal::ts_differs || changed.refusal == RowRefusal::aborted;
    if (unsure && !surely) co_return co_await look_for(entry, *unsure, deadline);
    commit_ts_ = {};
    co_return refused;
  }
}

// What the refusal of the one command means; without an error: it is to be sent again.
Task<void> Transaction::after_refusal(const Entry& entry, const RowChange& changed, MonotonicTime deadline) {
  switch (changed.refusal) {
    case RowRefusal::foreign_intent:
      co_return co_await clear(entry.key, *changed.state.intent, deadline);
    case RowRefusal::overloaded:
      co_return fail(ErrorCode::overloaded, entry.key.describe() + ": too many transactions wait to be resolved: retry");
    case RowRefusal::too_large:
      co_return fail(ErrorCode::invalid_argument,
                     entry.key.describe() + ": the row is larger than " + std::to_string(kRowBytesMax) + " bytes");
    case RowRefusal::not_a_row:
      co_return fail(ErrorCode::corruption, entry.key.describe() + " does not hold a row");
    default:
      shared_.note_seen(entry.key, changed.state.committed);
      co_return conflict(entry, std::string(to_string(changed.refusal)));
  }
}

Task<bool> Transaction::asks_again(const Error& why, MonotonicTime deadline) {
  if (why.code != ErrorCode::unknown_outcome || shared_.runtime.clock.monotonic_now() >= deadline) co_return false;
  LATIUM_CO_CHECKED(co_await sleep_for(shared_.runtime, std::chrono::milliseconds(2)));
  co_return true;
}

// Nobody told whether the one command was run: the row says so, as long as it is the last that was written, or keeps the outcome.
Task<void> Transaction::look_for(Entry& entry, Error why, MonotonicTime deadline) {
  commit_ts_ = {};
  if (why.code != ErrorCode::unknown_outcome && why.certainty == Certainty::not_applied) co_return fail(std::move(why));
  const auto read = co_await shared_.store.read(entry.key, Reading::latest, deadline);
  if (read) {
    const Outcome* const outcome = read->state.outcome_of(txn_);
    if (read->state.committed.txn == txn_) commit_ts_ = read->state.committed.ts;
    if (outcome != nullptr && outcome->committed()) commit_ts_ = outcome->committed_ts;
  }
  if (commit_ts_.value != 0) co_return Result<void>();
  co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, std::move(why.message));
}

Task<void> Transaction::commit_many(std::vector<Entry*> writes, bool staged, MonotonicTime deadline) {
  if (staged) commit_ts_ = above_all_seen();
  const std::vector<Intent> intents = intents_of(writes, staged);
  const auto in_one_step = co_await prewrite_in_one_step(writes, intents, deadline);
  const OneStepEnd end = in_one_step.value_or(OneStepEnd::unsure);
  if (end == OneStepEnd::not_tried || end == OneStepEnd::unsure) {
    if (const auto prewritten = co_await prewrite_all(writes, intents, end == OneStepEnd::unsure, deadline); !prewritten) {
      co_return co_await give_up(std::move(writes), staged, prewritten.error(), deadline);
    }
  }
  if (!staged) {
    const bool checked = end == OneStepEnd::clean && only_looks().has_value();
    if (const auto valid = checked ? Result<void>() : co_await validate(deadline); !valid) {
      co_return co_await give_up(std::move(writes), staged, valid.error(), deadline);
    }
    if (const auto done = co_await commit_at_primary(*writes.front(), deadline); !done) {
      if (done.error().code != ErrorCode::conflict) co_return done;
      co_return co_await give_up(std::move(writes), staged, done.error(), deadline);
    }
  } else {
    ++shared_.statistics.parallel;
  }
  std::vector<Bytes> others;
  for (std::size_t i = 1; i < writes.size(); ++i) others.push_back(writes[i]->key.stored());
  shared_.later(finish_later(shared_, writes.front()->key, txn_, start_, commit_ts_, staged, std::move(others)));
  co_return Result<void>();
}

// The primary is the first of the keys, so that lists of the others are in order.
std::vector<Intent> Transaction::intents_of(const std::vector<Entry*>& writes, bool staged) const {
  const std::uint64_t now_ms = shared_.runtime.clock.wall_ms();
  std::vector<Intent> out;
  out.reserve(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Write& write = *writes[i]->write;
    Intent& mine = out.emplace_back(Intent{.txn = txn_,
                                           .start = start_,
                                           .commit_ts = staged ? commit_ts_ : Hlc(),
                                           .expires_ms = now_ms + kIntentLife / std::chrono::milliseconds(1),
                                           .present = write.present,
                                           .row = write.row});
    if (i > 0) mine.primary = writes.front()->key.stored();
    for (std::size_t other = 1; i == 0 && other < writes.size(); ++other) mine.others.push_back(writes[other]->key.stored());
  }
  return out;
}

std::optional<std::vector<RowsTogether::Look>> Transaction::only_looks() const {
  const bool reads = checks_reads();
  const bool ranges = std::ranges::any_of(ranges_, [&](const Range& range) { return is_checked(range, reads); });
  if (ranges || (reads && !absent_.empty())) return std::nullopt;
  std::vector<RowsTogether::Look> out;
  for (const auto& [stored, entry] : entries_) {
    if (is_checked(entry, reads)) out.push_back({entry.key, entry.seen.ts});
  }
  return out;
}

// Where it is sure to be a conflict nothing is sent, and prewrite() says so.
Task<OneStepEnd> Transaction::prewrite_in_one_step(const std::vector<Entry*>& writes, const std::vector<Intent>& intents,
                                                   MonotonicTime deadline) {
  RowsInOneStep rows{.prewrites = {}, .looks = only_looks().value_or(std::vector<RowsTogether::Look>())};
  const std::uint64_t now_ms = shared_.runtime.clock.wall_ms();
  for (std::size_t i = 0; i < writes.size(); ++i) {
    rows.prewrites.push_back({writes[i]->key, {intents[i], writes[i]->seen.ts, now_ms}});
  }
  const std::size_t looks = rows.looks.size();
  LATIUM_CO_TRY(const OneStepOutcome outcome, co_await shared_.store.prewrite_in_one_step(std::move(rows), deadline));
  stats_.add(outcome.stats);
  if (outcome.end == OneStepEnd::clean && looks > 0) {
    counts_.validated += looks;
    ++shared_.statistics.checked_in_one_step;
  }
  co_return outcome.end;
}

// All at once. `unsure`: they may be there already, or still come, from a step without an answer.
Task<void> Transaction::prewrite_all(const std::vector<Entry*>& writes, const std::vector<Intent>& intents, bool unsure,
                                     MonotonicTime deadline) {
  Phase phase;
  phase.unsure = unsure;
  TaskGroup group(shared_.runtime.executor, writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto spawned = group.spawn(prewrite(*writes[i], intents[i], phase, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  (void)co_await group.join();
  stats_.add(phase.stats);
  if (!phase.failure) co_return Result<void>();
  if (phase.unsure) phase.failure->certainty = Certainty::unknown;
  co_return fail(*std::move(phase.failure));
}

Task<void> Transaction::prewrite(Entry& entry, Intent intent, Phase& phase, MonotonicTime deadline) {
  CallStats cost;
  while (!phase.failure) {
    auto changed =
        co_await shared_.store.change(entry.key, RowPrewrite{intent, entry.seen.ts, shared_.runtime.clock.wall_ms()}, deadline);
    if (!changed) {
      const auto again = co_await asks_again(changed.error(), deadline);
      if (again && *again) {
        phase.unsure = true;
        continue;
      }
      phase.fail_with(std::move(changed).error());
      break;
    }
    cost.add(changed->stats);
    shared_.not_before = std::max(shared_.not_before, changed->not_before);
    if (changed->applied) break;
    // The intent may have been there, been taken for a commit by somebody who met it, and the row have changed since.
    if (changed->unsure) phase.unsure = true;
    if (changed->refusal == RowRefusal::foreign_intent) {
      auto cleared = co_await clear(entry.key, *changed->state.intent, deadline);
      if (cleared) continue;
      // The command that was refused may have a copy under way that is not.
      phase.unsure = true;
      phase.fail_with(std::move(cleared).error());
    } else if (changed->refusal == RowRefusal::overloaded) {
      phase.unsure = true;
      phase.fail_with({ErrorCode::overloaded, Certainty::not_applied,
                       entry.key.describe() + ": too many transactions wait to be resolved: retry"});
    } else if (changed->refusal == RowRefusal::too_large) {
      phase.fail_with({ErrorCode::invalid_argument, Certainty::not_applied,
                       entry.key.describe() + ": the row, or the list of rows of the transaction, is too large"});
    } else if (changed->refusal == RowRefusal::not_a_row) {
      phase.fail_with({ErrorCode::corruption, Certainty::not_applied, entry.key.describe() + " does not hold a row"});
    } else {
      // So that the transaction, done again, does not read what is old here once more.
      shared_.note_seen(entry.key, changed->state.committed);
      phase.fail_with(conflict(entry, std::string(to_string(changed->refusal))).error());
    }
  }
  add_parallel(phase.stats, cost);
  co_return Result<void>();
}

// The commit point. As long as its outcome is open, the same command is sent again: it is recognised.
Task<void> Transaction::commit_at_primary(Entry& primary, MonotonicTime deadline) {
  commit_ts_ = above_all_seen();
  while (true) {
    auto changed = co_await shared_.store.change(primary.key,
                                                 RowCommit{txn_, start_, commit_ts_, shared_.runtime.clock.wall_ms()}, deadline);
    const bool late = shared_.runtime.clock.monotonic_now() >= deadline;
    if (!changed) {
      Result<void> again = fail(changed.error());
      if (!late && changed.error().code != ErrorCode::cancelled) {
        again = co_await sleep_for(shared_.runtime, std::chrono::milliseconds(5));
      }
      if (again) continue;
      // Even if this one was not made, an earlier one may have been; and the intents end by themselves.
      commit_ts_ = {};
      co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                     "whether the transaction has committed is not known: " + again.error().message);
    }
    stats_.add(changed->stats);
    if (changed->applied) co_return Result<void>();
    switch (changed->refusal) {
      case RowRefusal::behind:
        commit_ts_ = std::max(Hlc{changed->state.committed.ts.value + 1}, above_all_seen());
        if (late) {
          commit_ts_ = {};
          co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                         "whether the transaction has committed is not known: its stamps were too low until the deadline");
        }
        break;
      case RowRefusal::committed:
        commit_ts_ = changed->state.outcome_of(txn_) != nullptr ? changed->state.outcome_of(txn_)->committed_ts : commit_ts_;
        co_return Result<void>();
      case RowRefusal::settled:
        co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, "the transaction has ended, and it is not known how");
      default:
        commit_ts_ = {};
        co_return conflict(primary, "another transaction went first (" + std::string(to_string(changed->refusal)) + ")");
    }
  }
}

// Ends the transaction without a commit. One that is staged may have committed by now, if an answer was lost: then its keys say.
Task<void> Transaction::give_up(std::vector<Entry*> writes, bool staged, Error why, MonotonicTime deadline) {
  const RegisterKey primary = writes.front()->key;
  std::vector<Bytes> others;
  for (std::size_t i = 1; i < writes.size(); ++i) others.push_back(writes[i]->key.stored());
  const bool unsure = why.certainty == Certainty::unknown || why.code == ErrorCode::unknown_outcome;
  if (staged && unsure) {
    // Also ends it, where nothing tells that it has committed.
    const auto found = co_await find_outcome(deadline);
    if (found && *found == CommitOutcome::committed) {
      shared_.later(finish_later(shared_, primary, txn_, start_, commit_ts_, false, std::move(others)));
      co_return Result<void>();
    }
    if (!found || *found != CommitOutcome::not_committed) {
      commit_ts_ = {};
      co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                     "whether the transaction has committed is not known: " + why.message);
    }
  }
  if (staged) {
    shared_.later(abandon_later(shared_, primary, txn_, start_, std::move(others)));
  } else {
    shared_.later(abort_later(shared_, primary, txn_, start_, std::move(others)));
  }
  commit_ts_ = {};
  // A step that may have been made changes nothing that anybody sees: the transaction has not committed.
  co_return fail(of_others(std::move(why)));
}

}  // namespace latium
