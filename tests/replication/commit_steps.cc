// Who can do what next.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/replication/commit_system.h"

namespace latium::explorer {

namespace {

constexpr std::uint64_t kLaterMs = kStartMs + 10 * kTransactionLifeMs;

// Older than all: nothing stands in its way for long.
const Contender kOldest{{0, 1}, Hlc{1}};

std::uint8_t byte(int value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

void CommitSystem::successors(const World& world, std::vector<Successor>& out) {
  out.clear();
  for (int txn = 0; txn < kCommitters; ++txn) {
    committer_steps(world, txn, out);
    deliveries(world, txn, out);
  }
  for (int who = 0; who < plan_.recoverers; ++who) recoverer_steps(world, who, out);
  if (plan_.forgets) time_passes(world, out);
  // Which recoverer is which makes no difference.
  for (Successor& each : out) {
    auto& [first, second] = each.world.recoverers;
    if (second < first) std::swap(first, second);
  }
}

void CommitSystem::committer_steps(const World& world, int txn, std::vector<Successor>& out) const {
  const Committer& now = world.committers[txn];
  const auto emit = [&](const Committer& next, int step) {
    out.push_back({world, {byte(txn), byte(step), now.pc}});
    out.back().world.committers[txn] = next;
  };
  Committer next = now;
  if (now.pc < plan_.keys) {
    const int key = now.pc;
    if (row(world, key).committed.ts.value != 0) set(next.reads, key);
    if (world.lines[key] != 0) set(next.saw, key);
    ++next.pc;
    if (next.pc == plan_.keys) {
      next.pc = kPrewriting;
      set(next.sent, kPrewrite);
    }
    emit(next, kRead);
    return;
  }
  if (now.pc == kOver) return;
  next.pc = kOver;
  next.acks = 0;
  emit(next, kStop);
  if (now.pc != kPrewriting || plan_.parallel) return;
  next.pc = kAborting;
  set(next.sent, kAbort);
  emit(next, kGiveUp);
}

// Whatever was sent arrives, perhaps again; the sender hears of it if it still waits for it.
void CommitSystem::deliveries(const World& world, int txn, std::vector<Successor>& out) {
  const Committer& now = world.committers[txn];
  for (int message = 0; message < kMessages; ++message) {
    if ((now.sent & bit(message)) == 0) continue;
    for (int key = 0; key < plan_.keys; ++key) {
      const bool at_others = message == kForward || message == kBack || message == kFenceOther;
      if (message != kPrewrite && at_others == (key == txn)) continue;
      World next = world;
      const RowRefusal refusal = deliver(next, txn, message, key);
      if (next != world) out.push_back({next, {byte(txn), byte(message), byte(key)}});
      hear(next, txn, message, key, refusal);
      if (next.committers[txn] != now) out.push_back({next, {byte(txn), byte(kHeard + message), byte(key)}});
    }
  }
}

void CommitSystem::hear(World& world, int txn, int message, int key, RowRefusal refusal) const {
  Committer& me = world.committers[txn];
  const bool applied = refusal == RowRefusal::none;
  const auto go = [&](Pc pc, int sends) {
    me.pc = pc;
    me.acks = 0;
    if (sends < kMessages) set(me.sent, sends);
  };
  const bool decides = message == (plan_.parallel ? kPromote : kCommit);
  if (me.pc == kPrewriting && message == kPrewrite) {
    if (!applied) return plan_.parallel && key != txn ? go(kOver, kMessages) : go(kAborting, kAbort);
    set(me.acks, key);
    const bool all = me.acks == bit(plan_.keys) - 1;
    if (plan_.parallel && (all || plan_.broken == Break::acknowledged_early)) me.told = kToldCommitted;
    if (all) go(kDeciding, plan_.parallel ? kPromote : kCommit);
  } else if (me.pc == kDeciding && decides) {
    if (refusal == RowRefusal::aborted) me.told = kToldAborted;
    if (!applied) return go(kOver, refusal == RowRefusal::aborted ? kBack : kMessages);
    me.told = kToldCommitted;
    go(kResolving, kForward);
    if (plan_.broken == Break::finished_unresolved) set(me.sent, kFinish);
  } else if (me.pc == kAborting && message == kAbort) {
    if (applied) me.told = kToldAborted;
    go(kOver, applied ? kBack : kMessages);
  } else if (me.pc == kResolving && message == kForward && applied) {
    set(me.acks, key);
    if ((me.acks | bit(txn)) == bit(plan_.keys) - 1) go(kOver, kFinish);
  }
}

void CommitSystem::recoverer_steps(const World& world, int who, std::vector<Successor>& out) {
  const Recoverer& now = world.recoverers[who];
  if (now.pc == kIdle) return look_around(world, who, out);
  World next = world;
  Recoverer me = now;
  recoverer_step(next, me);
  if (me.pc == kIdle) me = {};
  next.recoverers[who] = me;
  if (next != world) out.push_back({next, {byte(kRecovererActor + who), now.pc, now.key}});
}

void CommitSystem::look_around(const World& world, int who, std::vector<Successor>& out) const {
  const auto emit = [&](const Recoverer& next) {
    out.push_back({world, {byte(kRecovererActor + who), kIdle, next.key}});
    out.back().world.recoverers[who] = next;
  };
  for (int key = 0; key < plan_.keys; ++key) {
    const RowState& found = row(world, key);
    if (found.intent) {
      const int txn = found.intent->txn == id_of(0) ? 0 : 1;
      emit({.pc = kAskPrimary, .txn = byte(txn), .key = byte(key), .at = 0, .seen = 0, .forward = 0, .unused = 0});
    }
    for (int txn = 0; txn < kCommitters; ++txn) {
      const Outcome* outcome = found.outcome_of(id_of(txn));
      if (outcome == nullptr || outcome->settled()) continue;
      for (int other_key = 0; other_key < plan_.keys; ++other_key) {
        if (!std::ranges::binary_search(outcome->unresolved, name_of(other_key))) continue;
        emit({.pc = kResolveOther, .txn = byte(txn), .key = byte(other_key), .at = 0, .seen = 0, .forward = 1, .unused = 0});
      }
    }
  }
}

// What a recoverer sends may come again, too.
RowRefusal CommitSystem::send(World& world, int txn, Message message, int key) {
  set(world.committers[txn].sent, message);
  return deliver(world, txn, message, key);
}

void CommitSystem::recoverer_step(World& world, Recoverer& me) {
  const int txn = me.txn;
  const auto abort = [&](Message message) {
    const RowRefusal refusal = send(world, txn, message, txn);
    const bool over = refusal == RowRefusal::none || refusal == RowRefusal::settled;
    me.pc = !over ? kAskPrimary : me.key == txn ? kIdle : kResolve;
    me.forward = 0;
  };
  switch (me.pc) {
    case kAskPrimary:
      return ask_primary(world, me);
    case kResolve:
      (void)send(world, txn, me.forward != 0 ? kForward : kBack, me.key);
      me.pc = kIdle;
      return;
    case kAbortThere:
      return abort(kAbort);
    case kAskOthers:
      return ask_others(world, me);
    case kFence:
      me.pc = send(world, txn, kFenceOther, other(txn, me.at)) == RowRefusal::none ? kAbortFenced : kAskPrimary;
      me.at = 0;
      return;
    case kPromoteThere:
      (void)send(world, txn, kPromote, txn);
      me.pc = kAskPrimary;
      return;
    case kAbortFenced:
      return abort(kAbortStaged);
    case kResolveOther:
      (void)send(world, txn, kForward, me.key);
      me.pc = kFinishOther;
      return;
    default:
      (void)run(world, txn, kFinishOne, txn, me.key, [&] { return RowFinish{id_of(txn), {name_of(me.key)}, kStartMs}; });
      me.pc = kIdle;
  }
}

void CommitSystem::ask_primary(World& world, Recoverer& me) const {
  Intent met;
  met.txn = id_of(me.txn);
  met.start = start_of(me.txn);
  const IntentVerdict verdict = what_to_do_about(met, row(world, me.txn), kOldest, kStartMs);
  const bool at_primary = me.key == me.txn;
  switch (verdict.action) {
    case IntentAction::roll_forward:
      if (verdict.committed_ts != commit_ts(world, me.txn)) world.wrong = kWrongTs;
      me.pc = at_primary ? kIdle : kResolve;
      me.forward = 1;
      return;
    case IntentAction::roll_back:
      me.pc = at_primary ? kIdle : kResolve;
      return;
    case IntentAction::fence_it:
      me.pc = kAbortThere;
      if (plan_.broken == Break::no_fence) me.pc = at_primary ? kIdle : kResolve;
      return;
    case IntentAction::recover:
      me.pc = plan_.broken == Break::promote_unasked ? kPromoteThere : kAskOthers;
      if (plan_.broken == Break::abort_staged) me.pc = kAbortThere;
      return;
    default:
      me.pc = kAbortThere;
  }
}

// One key a step; with the last one, it decides.
void CommitSystem::ask_others(const World& world, Recoverer& me) const {
  const int key = other(me.txn, me.at);
  if (me.at + 2 < plan_.keys) {
    me.seen = world.rows[key];
    ++me.at;
    return;
  }
  std::vector<RowState> others;
  if (plan_.keys == kKeysMax) others.push_back(rows_[me.seen]);
  others.push_back(row(world, key));
  Intent staged;
  staged.txn = id_of(me.txn);
  staged.start = start_of(me.txn);
  staged.commit_ts = commit_ts(world, me.txn);
  const StagedVerdict verdict = what_became_of(staged, others);
  me.seen = 0;
  me.at = byte(static_cast<int>(verdict.at));
  me.pc = verdict.action == StagedAction::promote ? kPromoteThere : verdict.action == StagedAction::fence ? kFence : kAbortFenced;
}

void CommitSystem::time_passes(const World& world, std::vector<Successor>& out) {
  for (int key = 0; key < plan_.keys; ++key) {
    for (const bool much : {false, true}) {
      World next = world;
      if (much) set(next.late, key);
      run(next, key, kSweep, 0, 0, [&] { return RowSweep{kLaterMs}; });
      if (next != world) out.push_back({next, {kTime, byte(much ? 1 : 0), byte(key)}});
    }
  }
}

}  // namespace latium::explorer
