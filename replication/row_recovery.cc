#include "replication/row_recovery.h"

#include <algorithm>

#include "replication/row_commands.h"

namespace latium {

IntentVerdict what_to_do_about(const Intent& intent, const RowState& primary, const std::optional<Contender>& me,
                               std::uint64_t now_ms) {
  if (const Outcome* outcome = primary.outcome_of(intent.txn)) {
    if (outcome->committed()) return {IntentAction::roll_forward, outcome->committed_ts};
    return {IntentAction::roll_back};
  }
  const Intent* pending = primary.intent_of(intent.txn);
  if (pending == nullptr) {
    // Forgotten: had it committed, then only after all its keys were resolved, so an intent that is still there comes from a
    // prewrite that was late.
    const bool forgotten = intent.start <= primary.floor;
    return {forgotten ? IntentAction::roll_back : IntentAction::fence_it};
  }
  const bool expired = pending->expires_ms <= now_ms;
  const bool mine_is_older = me && older(me->start, me->txn, intent.start, intent.txn);
  if (!expired && !mine_is_older) return {IntentAction::wait};
  return {pending->staged() ? IntentAction::recover : IntentAction::abort_it};
}

StagedVerdict what_became_of(const Intent& staged, const std::vector<RowState>& others) {
  std::optional<std::size_t> missing;
  for (std::size_t at = 0; at < others.size(); ++at) {
    const RowState& key = others[at];
    const Intent* intent = key.intent_of(staged.txn);
    const bool there = intent != nullptr && intent->commit_ts == staged.commit_ts;
    const bool rolled_forward = key.committed.txn == staged.txn;
    if (there || rolled_forward) continue;
    // Its prewrite is refused from now on, by the fence or by the floor.
    if (key.outcome_of(staged.txn) != nullptr || staged.start <= key.floor) return {StagedAction::abort};
    if (!missing) missing = at;
  }
  if (missing) return {StagedAction::fence, *missing};
  return {StagedAction::promote};
}

RowLeftovers leftovers_of(const RowState& state, std::uint64_t now_ms) {
  const auto is_over = [now_ms](std::uint64_t since_ms) { return now_ms > since_ms && now_ms - since_ms > kLeftAfterMs; };
  RowLeftovers out;
  if (state.intent && is_over(state.intent->expires_ms)) out.intent = &*state.intent;
  for (const Outcome& outcome : state.outcomes) {
    if (!outcome.settled() && is_over(std::max(outcome.at_ms, outcome.start.milliseconds()))) out.unresolved.push_back(&outcome);
  }
  out.forgettable = !state.committed.present && !state.empty() && apply_row(state, RowSweep{now_ms}, now_ms).state.empty();
  return out;
}

}  // namespace latium
