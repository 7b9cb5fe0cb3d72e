#include "replication/row_commands.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

namespace latium {

namespace {

constexpr std::size_t kKeyListBytesMax = kRowBytesMax;

bool ascending(const std::vector<Bytes>& keys) {
  const bool sorted = std::ranges::adjacent_find(keys, std::greater_equal()) == keys.end();
  return sorted && (keys.empty() || !keys.front().empty());
}

bool well_formed(const Intent& intent) {
  const bool stamps = intent.start.value != 0 && (!intent.staged() || intent.commit_ts > intent.start);
  const bool lists = ascending(intent.others) && (intent.is_primary() || intent.others.empty());
  return intent.txn && stamps && lists && (intent.present || intent.row.empty());
}

bool too_large(const Intent& intent) {
  std::size_t keys = intent.primary.size();
  for (const Bytes& key : intent.others) keys += key.size() + 5;
  return intent.row.size() > kRowBytesMax || keys > kKeyListBytesMax;
}

std::uint64_t after(std::uint64_t ms, std::uint64_t span_ms) {
  return ms > UINT64_MAX - span_ms ? UINT64_MAX : ms + span_ms;
}

// What was here may have been forgotten: nothing that old is known to be new.
bool beyond_memory(const RowState& state, Hlc stamp, std::uint64_t clock_ms) {
  return state.empty() && clock_ms > after(stamp.milliseconds(), kRowMemoryMs);
}

Hlc oldest_taken(std::uint64_t clock_ms) {
  return Hlc::from_parts(clock_ms - kRowMemoryMs, 0);
}

struct Applier {
  const RowState& before;
  std::uint64_t clock_ms;

  RowStep operator()(const RowWrite& command) const {
    if (!command.txn || command.commit_ts.value == 0 || (!command.present && !command.row.empty())) {
      return refuse(RowRefusal::malformed);
    }
    const CommittedRow& committed = before.committed;
    if (command.keeps_outcome() && command.commit_ts <= command.start) return refuse(RowRefusal::malformed);
    if (committed.txn == command.txn && (command.keeps_outcome() || committed.ts == command.commit_ts)) return unchanged();
    if (command.keeps_outcome()) {
      if (const Outcome* outcome = before.outcome_of(command.txn)) {
        return outcome->committed() ? unchanged() : refuse(RowRefusal::aborted);
      }
      if (const RowStep old = refuse_old(command.start, command.now_ms); !old.applied()) return old;
    }
    if (before.intent) return refuse(RowRefusal::foreign_intent);
    if (beyond_memory(before, command.commit_ts, clock_ms)) return refuse(RowRefusal::too_old, oldest_taken(clock_ms));
    if (command.expected && *command.expected != committed.ts) return refuse(RowRefusal::ts_differs);
    if (command.commit_ts <= committed.ts) return refuse(RowRefusal::behind);
    if (command.row.size() > kRowBytesMax) return refuse(RowRefusal::too_large);
    // No trace of a deletion where nothing ever was.
    if (!command.present && committed.ts.value == 0) return unchanged();
    RowState state = before;
    state.committed = {command.commit_ts, command.txn, command.present, command.row};
    if (command.keeps_outcome()) record(state, {command.txn, command.start, command.commit_ts, command.now_ms, {}});
    if (row_size_bytes(state) > kRowStateBytesMax) return refuse(RowRefusal::overloaded);
    return changed(std::move(state), command.now_ms);
  }

  RowStep operator()(const RowPrewrite& command) const {
    const Intent& intent = command.intent;
    if (!well_formed(intent)) return refuse(RowRefusal::malformed);
    if (const Outcome* outcome = before.outcome_of(intent.txn)) {
      return refuse(outcome->committed() ? RowRefusal::committed : RowRefusal::aborted);
    }
    if (const Intent* mine = before.intent_of(intent.txn)) {
      if (intent.sequence <= mine->sequence) return unchanged();
      if (mine->staged() || mine->primary != intent.primary) return refuse(RowRefusal::superseded);
    } else if (before.intent) {
      return refuse(RowRefusal::foreign_intent);
    } else if (const RowStep old = refuse_old(intent.start, command.now_ms); !old.applied()) {
      return old;
    }
    if (command.expected != before.committed.ts) return refuse(RowRefusal::ts_differs);
    if (intent.staged() && intent.commit_ts <= before.committed.ts) return refuse(RowRefusal::behind);
    if (too_large(intent)) return refuse(RowRefusal::too_large);
    const auto unresolved = std::ranges::count(before.outcomes, false, &Outcome::settled);
    if (intent.is_primary() && unresolved >= std::ptrdiff_t{kUnresolvedOutcomesMax}) return refuse(RowRefusal::overloaded);
    RowState state = before;
    state.intent = intent;
    if (row_size_bytes(state) > kRowStateBytesMax) return refuse(RowRefusal::overloaded);
    return changed(std::move(state), command.now_ms);
  }

  RowStep operator()(const RowCommit& command) const {
    const Intent* intent = before.intent_of(command.txn);
    if (intent == nullptr) return ended(command.txn, command.start);
    if (!intent->is_primary()) return refuse(RowRefusal::not_primary);
    if (intent->staged()) return refuse(RowRefusal::staged);
    if (command.commit_ts <= std::max(before.committed.ts, intent->start)) return refuse(RowRefusal::behind);
    return commit(command.commit_ts, command.now_ms);
  }

  RowStep operator()(const RowPromote& command) const {
    const Intent* intent = before.intent_of(command.txn);
    if (intent == nullptr) return ended(command.txn, command.start);
    if (!intent->is_primary()) return refuse(RowRefusal::not_primary);
    if (!intent->staged()) return refuse(RowRefusal::not_staged);
    return commit(intent->commit_ts, command.now_ms);
  }

  RowStep operator()(const RowAbort& command) const {
    if (!command.txn || command.start.value == 0) return refuse(RowRefusal::malformed);
    const bool fence = command.when == RowAbort::When::absent;
    if (const Intent* intent = before.intent_of(command.txn)) {
      // No fence is asked for but of a staged transaction, to which an intent of another kind is none.
      if (fence && (intent->staged() || intent->is_primary())) return refuse(RowRefusal::intent_present);
      if (!fence && !intent->is_primary()) return refuse(RowRefusal::not_primary);
      if (!fence && intent->staged() && !command.fenced) return refuse(RowRefusal::staged);
      if (command.when == RowAbort::When::expired && command.now_ms < intent->expires_ms) return refuse(RowRefusal::not_expired);
      RowState state = before;
      state.intent.reset();
      return aborted(std::move(state), command);
    }
    if (const Outcome* outcome = before.outcome_of(command.txn)) {
      return outcome->committed() ? refuse(RowRefusal::committed) : unchanged();
    }
    if (before.committed.txn == command.txn) return refuse(RowRefusal::committed);
    // What it may still send is refused without a fence; but how it ended is not known.
    if (forgotten(command.start)) return fence ? unchanged() : refuse(RowRefusal::settled);
    return aborted(before, command);
  }

  RowStep operator()(const RowResolve& command) const {
    const Intent* intent = before.intent_of(command.txn);
    if (intent == nullptr) return unchanged();
    if (intent->is_primary()) return refuse(RowRefusal::primary);
    RowState state = before;
    if (command.committed_ts.value != 0) {
      if (intent->staged() && command.committed_ts != intent->commit_ts) return refuse(RowRefusal::ts_differs);
      if (command.committed_ts <= before.committed.ts) return refuse(RowRefusal::behind);
      take_intent(state, command.committed_ts);
    }
    state.intent.reset();
    return changed(std::move(state), command.now_ms);
  }

  RowStep operator()(const RowFinish& command) const {
    const Outcome* outcome = before.outcome_of(command.txn);
    if (outcome == nullptr || outcome->settled()) return unchanged();
    RowState state = before;
    const auto at = state.outcomes.begin() + (outcome - before.outcomes.data());
    std::erase_if(at->unresolved, [&](const Bytes& key) { return std::ranges::binary_search(command.resolved, key); });
    if (at->unresolved.size() == outcome->unresolved.size()) return unchanged();
    return changed(std::move(state), command.now_ms);
  }

  RowStep operator()(const RowSweep& command) const { return changed(before, command.now_ms); }

 private:
  RowStep refuse(RowRefusal refusal, Hlc not_before = {}) const { return {before, refusal, not_before}; }
  RowStep unchanged() const { return {before}; }

  RowStep refuse_old(Hlc start, std::uint64_t now_ms) const {
    if (now_ms > after(start.milliseconds(), kTransactionLifeMs)) {
      return refuse(RowRefusal::too_old, Hlc::from_parts(now_ms - kTransactionLifeMs, 0));
    }
    if (start <= before.floor) return refuse(RowRefusal::too_old, Hlc{before.floor.value + 1});
    if (beyond_memory(before, start, clock_ms)) return refuse(RowRefusal::too_old, oldest_taken(clock_ms));
    return unchanged();
  }

  bool forgotten(Hlc start) const { return start <= before.floor || beyond_memory(before, start, clock_ms); }

  // A commit that finds no intent: it came before, or comes in vain.
  RowStep ended(const TransactionId& txn, Hlc start) const {
    if (const Outcome* outcome = before.outcome_of(txn)) {
      return outcome->committed() ? unchanged() : refuse(RowRefusal::aborted);
    }
    if (txn && before.committed.txn == txn) return unchanged();
    return refuse(forgotten(start) ? RowRefusal::settled : RowRefusal::not_prepared);
  }

  static void take_intent(RowState& state, Hlc ts) {
    Intent& intent = *state.intent;
    state.committed = {ts, intent.txn, intent.present, std::move(intent.row)};
  }

  RowStep commit(Hlc ts, std::uint64_t now_ms) const {
    RowState state = before;
    take_intent(state, ts);
    Intent intent = *std::exchange(state.intent, std::nullopt);
    record(state, {intent.txn, intent.start, ts, now_ms, std::move(intent.others)});
    return changed(std::move(state), now_ms);
  }

  RowStep aborted(RowState state, const RowAbort& command) const {
    record(state, {command.txn, command.start, Hlc(), command.now_ms, {}});
    return changed(std::move(state), command.now_ms);
  }

  static void forget(RowState& state, std::vector<Outcome>::iterator outcome) {
    state.floor = std::max(state.floor, outcome->start);
    state.outcomes.erase(outcome);
  }

  // When there are too many, the settled one of the transaction that started first makes room.
  static void record(RowState& state, Outcome outcome) {
    if (state.outcomes.size() >= kOutcomesMax) {
      const auto first = std::ranges::min_element(state.outcomes, {},
                                                  [](const Outcome& each) { return std::pair(!each.settled(), each.start); });
      forget(state, first);
    }
    state.outcomes.insert(std::ranges::lower_bound(state.outcomes, outcome.txn, {}, &Outcome::txn), std::move(outcome));
  }

  RowStep changed(RowState state, std::uint64_t now_ms) const {
    for (auto each = state.outcomes.begin(); each != state.outcomes.end();) {
      const std::uint64_t since_ms = std::max(each->at_ms, each->start.milliseconds());
      if (!each->settled() || now_ms <= after(since_ms, 2 * kTransactionLifeMs)) {
        ++each;
        continue;
      }
      const auto place = each - state.outcomes.begin();
      forget(state, each);
      each = state.outcomes.begin() + place;
    }
    const std::uint64_t last_ms = std::max(state.floor, state.committed.ts).milliseconds();
    const bool nothing_left = !state.committed.present && !state.intent && state.outcomes.empty();
    if (nothing_left && clock_ms > after(last_ms, kRowMemoryMs)) state = RowState();
    return {std::move(state)};
  }
};

struct Made {
  RowState operator()(const RowWrite& command) const {
    return {.committed = {command.commit_ts, command.txn, command.present, command.row}};
  }
  RowState operator()(const RowPrewrite& command) const { return {.intent = command.intent}; }
  RowState operator()(const auto&) const { return {}; }
};

}  // namespace

std::string_view to_string(RowRefusal refusal) {
  static constexpr std::array<std::string_view, 20> kNames = {
      "none",        "not a row",      "malformed", "foreign intent", "ts differs", "behind",    "too old",
      "aborted",     "committed",      "settled",   "not prepared",   "superseded", "staged",    "not staged",
      "not expired", "intent present", "primary",   "not primary",    "too large",  "overloaded"};
  const auto at = static_cast<std::size_t>(refusal);
  return at < kNames.size() ? kNames[at] : "of a kind that is not known here";
}

RowStep apply_row(const RowState& state, const RowCommand& command, std::uint64_t clock_ms) {
  return std::visit(Applier{state, clock_ms}, command);
}

RowState row_made(const RowCommand& command) {
  return std::visit(Made(), command);
}

}  // namespace latium
