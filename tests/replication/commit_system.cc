#include "tests/replication/commit_system.h"

#include <utility>

#include "base/check.h"

namespace latium::explorer {

namespace {

Hlc ts_at(int level, int txn) {
  return Hlc::from_parts(kStartMs + static_cast<std::uint64_t>(10 * level + txn), 0);
}

}  // namespace

CommitSystem::CommitSystem(const Plan& plan) : plan_(plan) {
  LATIUM_CHECK(plan.keys <= kKeysMax && plan.recoverers <= kRecoverers);
  number_of({});
}

std::uint16_t CommitSystem::number_of(RowState state) {
  const auto [at, fresh] = numbers_.try_emplace(encode_row(state), static_cast<std::uint16_t>(rows_.size()));
  LATIUM_CHECK(rows_.size() < UINT16_MAX);
  if (fresh) rows_.push_back(std::move(state));
  return at->second;
}

// Of two, the one that has read the other's commit is the later one.
Hlc CommitSystem::commit_ts(const World& world, int txn) const {
  return ts_at(world.committers[txn].reads != 0 ? 2 : 1, txn);
}

std::vector<Bytes> CommitSystem::others_of(int txn) const {
  std::vector<Bytes> others;
  for (int at = 0; at + 1 < plan_.keys; ++at) others.push_back(name_of(other(txn, at)));
  return others;
}

// The real commands, with one rule less.
RowStep CommitSystem::apply(const RowState& state, RowCommand command, std::uint64_t clock_ms) const {
  RowState before = state;
  if (auto* prewrite = std::get_if<RowPrewrite>(&command)) {
    if (plan_.broken == Break::prewrite_after_abort) {
      std::erase_if(before.outcomes, [&](const Outcome& each) { return each.txn == prewrite->intent.txn && !each.committed(); });
    }
    if (plan_.broken == Break::prewrite_any_ts) prewrite->expected = before.committed.ts;
    if (plan_.broken == Break::memory_forgotten) clock_ms = 0;
  }
  if (auto* resolve = std::get_if<RowResolve>(&command)) {
    if (plan_.broken == Break::resolve_any && before.intent && !before.intent->is_primary()) resolve->txn = before.intent->txn;
  }
  if (auto* abort = std::get_if<RowAbort>(&command)) {
    if (plan_.broken == Break::abort_staged) abort->fenced = true;
    if (plan_.broken == Break::fence_over_intent && abort->when == RowAbort::When::absent) before.intent.reset();
  }
  RowStep step = apply_row(before, command, clock_ms);
  if (plan_.broken == Break::floor_forgotten) step.state.floor = {};
  const auto* commit = std::get_if<RowCommit>(&command);
  if (commit != nullptr && plan_.broken == Break::commit_after_abort && !step.applied()) {
    step = {before};
    step.state.committed = {commit->commit_ts, commit->txn, true, "late"};
  }
  if (!step.applied()) step.state = state;
  return step;
}

void CommitSystem::committed_there(World& world, int key, const TransactionId& id) const {
  const int txn = id == id_of(0) ? 0 : 1;
  std::uint8_t& line = world.lines[key];
  if (on_line(line, txn)) {
    world.wrong = kTwice;
    return;
  }
  const bool after_other = line != 0;
  const bool saw_other = (world.committers[txn].saw & bit(key)) != 0;
  if (after_other != saw_other) world.wrong = kLostUpdate;
  const Hlc ts = row(world, key).committed.ts;
  if (ts.value != 0 && ts != commit_ts(world, txn)) world.wrong = kWrongTs;
  line = static_cast<std::uint8_t>(line | (txn + 1) << (after_other ? 2 : 0));
}

RowRefusal CommitSystem::prewrite(World& world, int txn, int key) {
  const std::uint8_t reads = world.committers[txn].reads;
  return run(world, key, kPrewrite, txn, reads, [&] {
    RowPrewrite command;
    command.intent = {.txn = id_of(txn), .start = start_of(txn), .sequence = 1, .expires_ms = kStartMs, .present = true};
    if (plan_.parallel) command.intent.commit_ts = commit_ts(world, txn);
    if (key == txn) command.intent.others = others_of(txn);
    if (key != txn) command.intent.primary = name_of(txn);
    if (plan_.deletes && txn == 1) command.intent.present = false;
    if ((reads & bit(key)) != 0) command.expected = ts_at(1, 1 - txn);
    command.now_ms = kStartMs;
    return command;
  });
}

RowRefusal CommitSystem::abort(World& world, int txn, int key, RowAbort::When when, bool fenced) {
  const int parameter = static_cast<int>(when) * 2 + (fenced ? 1 : 0);
  return run(world, key, kRecovererAbort, txn, parameter,
             [&] { return RowAbort{id_of(txn), start_of(txn), when, fenced, kStartMs}; });
}

RowRefusal CommitSystem::resolve(World& world, int txn, int key, bool forward) {
  const Hlc ts = forward ? commit_ts(world, txn) : Hlc();
  return run(world, key, forward ? kForward : kBack, txn, world.committers[txn].reads,
             [&] { return RowResolve{id_of(txn), ts, kStartMs}; });
}

RowRefusal CommitSystem::deliver(World& world, int txn, int message, int key) {
  const auto reads = world.committers[txn].reads;
  switch (message) {
    case kPrewrite:
      return prewrite(world, txn, key);
    case kCommit:
      return run(world, key, kCommit, txn, reads,
                 [&] { return RowCommit{id_of(txn), start_of(txn), commit_ts(world, txn), kStartMs}; });
    case kPromote:
      return run(world, key, kPromote, txn, 0, [&] { return RowPromote{id_of(txn), start_of(txn), kStartMs}; });
    case kAbort:
      return abort(world, txn, key, RowAbort::When::always, false);
    case kFenceOther:
      return abort(world, txn, key, RowAbort::When::absent, false);
    case kAbortStaged:
      return abort(world, txn, key, RowAbort::When::always, true);
    case kFinish:
      return run(world, key, kFinish, txn, 0, [&] { return RowFinish{id_of(txn), others_of(txn), kStartMs}; });
    default:
      return resolve(world, txn, key, message == kForward);
  }
}

const char* CommitSystem::violation(const World& world) const {
  static constexpr std::array kWrongs = {"", "a transaction committed twice on one key", "an update was lost",
                                         "a key was committed at another time than its transaction"};
  if (world.wrong != kNothing) return kWrongs[world.wrong];
  for (int txn = 0; txn < kCommitters; ++txn) {
    const Committer& committer = world.committers[txn];
    const Outcome* outcome = row(world, txn).outcome_of(id_of(txn));
    bool committed = committer.told == kToldCommitted || (outcome != nullptr && outcome->committed());
    for (int key = 0; key < plan_.keys; ++key) committed = committed || on_line(world.lines[key], txn);
    if (!committed) continue;
    if (outcome != nullptr && !outcome->committed()) return "a transaction is committed and aborted";
    if (committer.told == kToldAborted) return "a committed transaction was reported as aborted";
    for (int key = 0; key < plan_.keys; ++key) {
      const bool there = on_line(world.lines[key], txn) || row(world, key).intent_of(id_of(txn)) != nullptr;
      if (!there) return committer.told == kToldCommitted ? "an acknowledged commit was lost" : "half of a commit is there";
    }
  }
  return nullptr;
}

const char* CommitSystem::stuck(const World& world) {
  World end = world;
  end.recoverers = {};
  std::vector<Successor> next;
  for (int step = 0; step < 100; ++step) {
    next.clear();
    recoverer_steps(end, 0, next);
    if (next.empty()) {
      for (int key = 0; key < plan_.keys; ++key) {
        if (row(end, key).intent) return "an intent stays that nobody can resolve";
      }
      return violation(end);
    }
    end = next.front().world;
  }
  return "a recoverer does not come to an end";
}

std::string CommitSystem::describe(const std::array<std::uint8_t, 3>& label) {
  const auto [actor, step, key] = label;
  return (actor == kTime ? "time" : (actor >= kRecovererActor ? "recoverer " : "committer ") + std::to_string(actor % 10)) +
         " step " + std::to_string(step) + " key " + std::to_string(key);
}

}  // namespace latium::explorer
