// The commands of rows, rule by rule: what each changes, what it refuses, and that a second time changes nothing.
#include "replication/row_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "replication/register_state.h"
#include "replication/row_commands.h"
#include "replication/row_recovery.h"

namespace latium {
namespace {

constexpr TransactionId kA{1, 1};
constexpr TransactionId kB{1, 2};
constexpr std::uint64_t kNow = 1'000'000;

Hlc at(std::uint64_t ms) {
  return Hlc::from_parts(ms, 0);
}

const Hlc kStart = at(kNow);

RowPrewrite prewrite(const TransactionId& txn, Bytes row, Hlc expected = {}) {
  RowPrewrite command;
  command.intent = {
      .txn = txn, .start = kStart, .sequence = 1, .expires_ms = kNow + 5'000, .present = true, .row = std::move(row)};
  command.expected = expected;
  command.now_ms = kNow;
  return command;
}

RowPrewrite secondary(const TransactionId& txn, Bytes row, Hlc expected = {}) {
  RowPrewrite command = prewrite(txn, std::move(row), expected);
  command.intent.primary = "p";
  return command;
}

RowPrewrite staged(RowPrewrite command) {
  command.intent.commit_ts = at(kNow + 10);
  return command;
}

RowWrite write(const TransactionId& txn, std::optional<Hlc> expected, Hlc ts, Bytes row = "row") {
  return {.txn = txn, .expected = expected, .commit_ts = ts, .present = true, .row = std::move(row), .now_ms = kNow};
}

RowAbort abort(const TransactionId& txn, RowAbort::When when = RowAbort::When::always) {
  return {.txn = txn, .start = kStart, .when = when, .fenced = false, .now_ms = kNow};
}

RowCommit commit(const TransactionId& txn) {
  return {txn, kStart, at(kNow + 10), kNow};
}

RowStep run(const RowState& state, const RowCommand& command) {
  const RowStep step = apply_row(state, command, kNow);
  if (!step.applied()) EXPECT_EQ(step.state, state) << "what is refused changes nothing";
  return step;
}

RowState after(const RowState& state, const RowCommand& command) {
  const RowStep step = run(state, command);
  EXPECT_EQ(step.refusal, RowRefusal::none) << to_string(step.refusal);
  const RowStep again = run(step.state, command);
  EXPECT_EQ(again.state, step.state) << "a second time changes nothing";
  return step.state;
}

RowRefusal refusal(const RowState& state, const RowCommand& command) {
  return run(state, command).refusal;
}

TEST(RowWriteTest, WritesWhatItExpects) {
  const RowState first = after({}, write(kA, Hlc(), at(kNow)));
  EXPECT_EQ(first.committed, (CommittedRow{at(kNow), kA, true, "row"}));
  EXPECT_EQ(refusal(first, write(kB, Hlc(), at(kNow + 1))), RowRefusal::ts_differs);
  EXPECT_EQ(after(first, write(kB, at(kNow), at(kNow + 1), "new")).committed.row, "new");
  EXPECT_EQ(after(first, write(kB, std::nullopt, at(kNow + 1), "blind")).committed.row, "blind");
  EXPECT_EQ(refusal(first, write(kB, std::nullopt, at(kNow))), RowRefusal::behind);
  EXPECT_EQ(refusal(after(first, prewrite(kA, "x", at(kNow))), write(kB, at(kNow), at(kNow + 1))), RowRefusal::foreign_intent);
}

TEST(RowWriteTest, OneThatKeepsItsOutcomeIsRecognisedAfterOthersHaveWritten) {
  RowWrite mine = write(kA, Hlc(), at(kNow + 1), "mine");
  mine.start = kStart;
  EXPECT_TRUE(is_repeatable(RegisterCommand(RowCommand(mine))));
  EXPECT_FALSE(is_repeatable(RegisterCommand(RowCommand(write(kA, Hlc(), at(kNow + 1))))));
  const RowState written = after({}, mine);
  EXPECT_EQ(written.committed.row, "mine");
  const RowState covered = after(written, write(kB, at(kNow + 1), at(kNow + 2), "other's"));
  RowWrite again = mine;
  again.commit_ts = at(kNow + 9);
  EXPECT_EQ(after(covered, again), covered) << "also with another stamp";
  EXPECT_EQ(after(written, again), written);
  EXPECT_EQ(refusal(covered, abort(kA)), RowRefusal::committed);
  ASSERT_NE(covered.outcome_of(kA), nullptr);
  EXPECT_EQ(covered.outcome_of(kA)->committed_ts, at(kNow + 1));
}

TEST(RowWriteTest, OneThatKeepsItsOutcomeIsRefusedOnceItWasAborted) {
  RowWrite mine = write(kA, Hlc(), at(kNow + 1), "mine");
  mine.start = kStart;
  const RowState fenced = after({}, abort(kA));
  EXPECT_EQ(refusal(fenced, mine), RowRefusal::aborted);
  EXPECT_EQ(refusal({},
                    [&] {
                      RowWrite odd = mine;
                      odd.commit_ts = odd.start;
                      return odd;
                    }()),
            RowRefusal::malformed);
}

TEST(RowWriteTest, OneThatKeepsItsOutcomeIsRefusedWhereOutcomesOfItsTimeWereForgotten) {
  RowState state;
  Hlc last;
  for (std::uint64_t i = 0; i <= kOutcomesMax; ++i) {
    RowWrite each = write({2, i + 1}, last, at(kNow + 2 * i + 1));
    each.start = at(kNow + 2 * i);
    last = each.commit_ts;
    state = after(state, each);
  }
  EXPECT_EQ(state.outcomes.size(), kOutcomesMax);
  EXPECT_EQ(state.floor, kStart) << "that of the oldest one, which made room";
  RowWrite late = write(kA, last, at(kNow + 5'000));
  late.start = kStart;
  const RowStep refused = run(state, late);
  EXPECT_EQ(refused.refusal, RowRefusal::too_old);
  late.start = refused.not_before;
  EXPECT_EQ(refusal(state, late), RowRefusal::none);
}

TEST(RowWriteTest, BoundsAndNonsense) {
  EXPECT_EQ(refusal({}, write(kA, Hlc(), at(kNow), Bytes(kRowBytesMax + 1, 'x'))), RowRefusal::too_large);
  EXPECT_EQ(refusal({}, write({}, Hlc(), at(kNow))), RowRefusal::malformed);
  EXPECT_EQ(refusal({}, write(kA, Hlc(), Hlc())), RowRefusal::malformed);
  RowWrite contradiction = write(kA, Hlc(), at(kNow));
  contradiction.present = false;
  EXPECT_EQ(refusal({}, contradiction), RowRefusal::malformed);
}

TEST(RowWriteTest, ADeletionIsRememberedUntilNothingOldCanCome) {
  RowWrite remove = write(kA, Hlc(), at(kNow), {});
  remove.present = false;
  EXPECT_TRUE(after({}, remove).empty()) << "no trace where nothing ever was";
  const RowState row = after({}, write(kA, Hlc(), at(kNow)));
  remove = {.txn = kB, .expected = at(kNow), .commit_ts = at(kNow + 1), .now_ms = kNow};
  const RowState deleted = after(row, remove);
  EXPECT_EQ(deleted.committed.ts, at(kNow + 1));
  EXPECT_FALSE(visible(deleted).present);
  EXPECT_EQ(apply_row(deleted, RowSweep{kNow * 2}, kNow + 1 + kRowMemoryMs).state, deleted);
  const RowState forgotten = apply_row(deleted, RowSweep{kNow}, kNow + 2 + kRowMemoryMs).state;
  ASSERT_TRUE(forgotten.empty());
  // Who read the deleted row with its ts is in conflict; who wrote before it was deleted is too old.
  EXPECT_EQ(refusal(forgotten, prewrite(kB, "x", at(kNow + 1))), RowRefusal::ts_differs);
  const RowStep late = apply_row(forgotten, write(kA, Hlc(), at(kNow)), kNow + 2 + kRowMemoryMs);
  EXPECT_EQ(late.refusal, RowRefusal::too_old);
  EXPECT_TRUE(apply_row(forgotten, write(kA, Hlc(), late.not_before), kNow + 2 + kRowMemoryMs).applied());
  const RowStep late_intent = apply_row(forgotten, prewrite(kA, "x"), kNow + 1 + kRowMemoryMs);
  EXPECT_EQ(late_intent.refusal, RowRefusal::too_old);
  RowPrewrite anew = prewrite(kA, "x");
  anew.intent.start = late_intent.not_before;
  EXPECT_TRUE(apply_row(forgotten, anew, kNow + 1 + kRowMemoryMs).applied());
}

TEST(RowPrewriteTest, PutsAnIntentWhichNobodySees) {
  const RowState before = after({}, write(kB, Hlc(), at(1), "old"));
  const RowState state = after(before, prewrite(kA, "new", at(1)));
  EXPECT_EQ(visible(state), before.committed);
  EXPECT_EQ(state.intent_of(kA)->row, "new");
  EXPECT_EQ(state.intent_of(kB), nullptr);
  EXPECT_EQ(refusal(state, prewrite(kB, "x", at(1))), RowRefusal::foreign_intent);
  EXPECT_EQ(refusal(before, prewrite(kA, "x")), RowRefusal::ts_differs);
}

TEST(RowPrewriteTest, ALaterSequenceReplacesAPlainIntentOnly) {
  const RowState first = after({}, prewrite(kA, "first"));
  RowPrewrite later = prewrite(kA, "later");
  later.intent.sequence = 2;
  const RowState second = after(first, later);
  EXPECT_EQ(second.intent->row, "later");
  EXPECT_EQ(after(second, prewrite(kA, "first")), second) << "it comes late";
  RowPrewrite stage = staged(later);
  stage.intent.sequence = 3;
  const RowState third = after(second, stage);
  later.intent.sequence = 4;
  EXPECT_EQ(refusal(third, later), RowRefusal::superseded);
  RowPrewrite moved = secondary(kA, "x");
  moved.intent.sequence = 9;
  EXPECT_EQ(refusal(second, moved), RowRefusal::superseded) << "a transaction has one primary";
}

TEST(RowPrewriteTest, RefusesTheOldAndTheEnded) {
  RowPrewrite old = prewrite(kA, "x");
  old.now_ms = kNow + kTransactionLifeMs;
  EXPECT_EQ(refusal({}, old), RowRefusal::none);
  old.now_ms += 1;
  EXPECT_EQ(refusal({}, old), RowRefusal::too_old);
  EXPECT_EQ(refusal(after({}, abort(kA)), prewrite(kA, "x")), RowRefusal::aborted);
  const RowState committed = after(after({}, prewrite(kA, "x")), commit(kA));
  EXPECT_EQ(refusal(committed, prewrite(kA, "x")), RowRefusal::committed);
  const RowState row = after({}, write(kB, Hlc(), at(kNow + 10)));
  EXPECT_EQ(refusal(row, staged(prewrite(kA, "x", at(kNow + 10)))), RowRefusal::behind);
}

TEST(RowPrewriteTest, BoundsAndNonsense) {
  EXPECT_EQ(refusal({}, prewrite(kA, Bytes(kRowBytesMax + 1, 'x'))), RowRefusal::too_large);
  RowPrewrite wide = prewrite(kA, "x");
  wide.intent.others = {Bytes(kRowBytesMax, 'k')};
  EXPECT_EQ(refusal({}, wide), RowRefusal::too_large);
  EXPECT_EQ(refusal({}, prewrite({}, "x")), RowRefusal::malformed);
  for (const std::vector<Bytes>& others : {std::vector<Bytes>{"b", "a"}, {"a", "a"}, {""}}) {
    RowPrewrite disorder = prewrite(kA, "x");
    disorder.intent.others = others;
    EXPECT_EQ(refusal({}, disorder), RowRefusal::malformed);
  }
  RowPrewrite secondary_list = secondary(kA, "x");
  secondary_list.intent.others = {"a"};
  EXPECT_EQ(refusal({}, secondary_list), RowRefusal::malformed);
  RowPrewrite backwards = prewrite(kA, "x");
  backwards.intent.commit_ts = kStart;
  EXPECT_EQ(refusal({}, backwards), RowRefusal::malformed);
  RowPrewrite contradiction = prewrite(kA, "x");
  contradiction.intent.present = false;
  EXPECT_EQ(refusal({}, contradiction), RowRefusal::malformed);
}

TEST(RowCommitTest, ThePrimaryKeepsTheOutcomeUntilAllIsResolved) {
  RowPrewrite first = prewrite(kA, "x");
  first.intent.others = {"k1", "k2"};
  RowState state = after(after({}, first), commit(kA));
  EXPECT_EQ(state.committed, (CommittedRow{at(kNow + 10), kA, true, "x"}));
  EXPECT_FALSE(state.intent);
  EXPECT_EQ(state.outcome_of(kA)->unresolved, first.intent.others);
  EXPECT_EQ(refusal(state, abort(kA)), RowRefusal::committed);
  EXPECT_EQ(apply_row(state, RowSweep{kNow * 100}, kNow).state, state) << "not by age";
  state = after(state, RowFinish{kA, {"k1"}, kNow});
  EXPECT_FALSE(state.outcome_of(kA)->settled());
  state = after(state, RowFinish{kA, {"k0", "k2"}, kNow});
  EXPECT_TRUE(state.outcome_of(kA)->settled());
  EXPECT_NE(apply_row(state, RowSweep{kNow + 2 * kTransactionLifeMs}, kNow).state.outcome_of(kA), nullptr) << "who asks is told";
  state = apply_row(state, RowSweep{kNow + 1 + 2 * kTransactionLifeMs}, kNow).state;
  EXPECT_EQ(state.outcome_of(kA), nullptr);
  EXPECT_EQ(state.floor, kStart);
  EXPECT_EQ(refusal(state, prewrite(kB, "x", at(kNow + 10))), RowRefusal::too_old);
  EXPECT_EQ(run(state, prewrite(kB, "x", at(kNow + 10))).not_before.value, kStart.value + 1);
}

TEST(RowCommitTest, RefusesWhatIsNotPrepared) {
  EXPECT_EQ(refusal({}, commit(kA)), RowRefusal::not_prepared);
  EXPECT_EQ(refusal(after({}, abort(kA)), commit(kA)), RowRefusal::aborted);
  EXPECT_EQ(refusal(after({}, secondary(kA, "x")), commit(kA)), RowRefusal::not_primary);
  EXPECT_EQ(refusal(after({}, secondary(kA, "x")), RowPromote{kA, kStart, kNow}), RowRefusal::not_primary);
  EXPECT_EQ(refusal(after({}, staged(prewrite(kA, "x"))), commit(kA)), RowRefusal::staged);
  EXPECT_EQ(refusal(after({}, prewrite(kA, "x")), RowPromote{kA, kStart, kNow}), RowRefusal::not_staged);
  EXPECT_EQ(refusal(after({}, prewrite(kA, "x")), RowCommit{kA, kStart, kStart, kNow}), RowRefusal::behind);
  RowState forgotten;
  forgotten.floor = kStart;
  EXPECT_EQ(refusal(forgotten, commit(kA)), RowRefusal::settled);
  EXPECT_EQ(apply_row({}, commit(kA), kNow + 1 + kRowMemoryMs).refusal, RowRefusal::settled);
  EXPECT_EQ(after(after({}, prewrite(kB, "x")), abort(kA)).intent->txn, kB) << "a fence beside another's intent";
}

TEST(RowCommitTest, PromoteCommitsAtTheTsFixedBefore) {
  const RowState state = after(after({}, staged(prewrite(kA, "x"))), RowPromote{kA, kStart, kNow});
  EXPECT_EQ(state.committed.ts, at(kNow + 10));
  EXPECT_EQ(state.outcome_of(kA)->committed_ts, at(kNow + 10));
}

TEST(RowAbortTest, EndsWhatHasNotCommitted) {
  const RowState state = after({}, prewrite(kA, "x"));
  EXPECT_EQ(refusal(state, abort(kA, RowAbort::When::expired)), RowRefusal::not_expired);
  RowAbort late = abort(kA, RowAbort::When::expired);
  late.now_ms = kNow + 5'000;
  EXPECT_FALSE(after(state, late).outcome_of(kA)->committed());
  const RowState ended = after(state, abort(kA));
  EXPECT_FALSE(ended.intent);
  EXPECT_EQ(refusal(ended, commit(kA)), RowRefusal::aborted);
  EXPECT_EQ(refusal(after({}, secondary(kA, "x")), abort(kA)), RowRefusal::not_primary);
  EXPECT_EQ(refusal({}, abort({})), RowRefusal::malformed);
}

TEST(RowAbortTest, AStagedIntentOnlyWhenAnotherKeyIsFenced) {
  const RowState state = after({}, staged(prewrite(kA, "x")));
  EXPECT_EQ(refusal(state, abort(kA)), RowRefusal::staged);
  RowAbort fenced = abort(kA);
  fenced.fenced = true;
  EXPECT_FALSE(after(state, fenced).intent);
  const RowAbort fence = abort(kA, RowAbort::When::absent);
  EXPECT_EQ(refusal(after({}, staged(secondary(kA, "x"))), fence), RowRefusal::intent_present);
  EXPECT_EQ(refusal(state, fence), RowRefusal::intent_present);
  const RowState unstaged = after(after({}, secondary(kA, "x")), fence);
  EXPECT_FALSE(unstaged.intent) << "a staged transaction has not committed with this one";
  EXPECT_EQ(refusal(after({}, fence), staged(secondary(kA, "x"))), RowRefusal::aborted);
}

TEST(RowAbortTest, OfWhatIsForgottenNothingIsSaid) {
  RowState forgotten;
  forgotten.floor = kStart;
  EXPECT_EQ(refusal(forgotten, abort(kA)), RowRefusal::settled);
  EXPECT_EQ(after(forgotten, abort(kA, RowAbort::When::absent)), forgotten) << "what it may send is refused already";
  EXPECT_EQ(refusal(after({}, write(kA, Hlc(), at(kNow))), abort(kA)), RowRefusal::committed);
}

TEST(RowResolveTest, TouchesNoOtherIntent) {
  const RowState state = after(after({}, write(kB, Hlc(), at(1), "old")), secondary(kA, "new", at(1)));
  EXPECT_EQ(after(state, RowResolve{kB, at(kNow + 10), kNow}), state);
  EXPECT_EQ(after(state, RowResolve{kA, at(kNow + 10), kNow}).committed, (CommittedRow{at(kNow + 10), kA, true, "new"}));
  const RowState back = after(state, RowResolve{kA, Hlc(), kNow});
  EXPECT_EQ(back.committed.row, "old");
  EXPECT_FALSE(back.intent);
  EXPECT_EQ(refusal(state, RowResolve{kA, at(1), kNow}), RowRefusal::behind);
  EXPECT_EQ(refusal(after({}, prewrite(kA, "x")), RowResolve{kA, at(kNow + 10), kNow}), RowRefusal::primary);
  EXPECT_EQ(refusal(after({}, staged(secondary(kA, "x"))), RowResolve{kA, at(kNow + 11), kNow}), RowRefusal::ts_differs);
}

TEST(RowOutcomesTest, SettledOnesMakeRoomAndTheRestIsBounded) {
  RowState state;
  for (std::uint64_t i = 0; i < 3 * kOutcomesMax; ++i) {
    RowAbort each = abort({2, i + 1});
    each.start = at(kNow + i);
    state = after(state, each);
  }
  EXPECT_EQ(state.outcomes.size(), kOutcomesMax);
  EXPECT_EQ(state.floor, at(kNow + 2 * kOutcomesMax - 1)) << "those that started first have gone";
  state = {};
  RowRefusal last = RowRefusal::none;
  std::uint64_t committed = 0;
  for (; last == RowRefusal::none; ++committed) {
    RowPrewrite each = prewrite({3, committed + 1}, "x", state.committed.ts);
    each.intent.others = {"k"};
    const RowStep step = run(state, each);
    last = step.refusal;
    if (step.applied()) state = after(step.state, RowCommit{each.intent.txn, kStart, at(kNow + 10 + committed), kNow});
  }
  EXPECT_EQ(last, RowRefusal::overloaded);
  EXPECT_EQ(committed, kOutcomesMax / 2 + 1);
  EXPECT_EQ(after(state, secondary(kA, "x", state.committed.ts)).intent->txn, kA) << "elsewhere its outcome is another's";
}

TEST(RowRecoveryTest, WhatToDoAboutAnIntent) {
  const Contender elder{kB, at(kNow - 1)};
  const Contender younger{kB, at(kNow + 1)};
  const Intent intent = secondary(kA, "x").intent;
  const auto verdict = [&](const RowState& primary, const std::optional<Contender>& me, std::uint64_t now_ms = kNow) {
    return what_to_do_about(intent, primary, me, now_ms);
  };
  RowPrewrite listed = prewrite(kA, "x");
  listed.intent.others = {"k"};
  const RowState pending = after({}, listed);
  EXPECT_EQ(verdict(pending, younger).action, IntentAction::wait);
  EXPECT_EQ(verdict(pending, std::nullopt).action, IntentAction::wait);
  EXPECT_EQ(verdict(pending, elder).action, IntentAction::abort_it);
  EXPECT_EQ(verdict(pending, younger, kNow + 5'000).action, IntentAction::abort_it);
  EXPECT_EQ(verdict(after({}, staged(listed)), elder).action, IntentAction::recover);
  EXPECT_EQ(verdict(after({}, staged(listed)), younger).action, IntentAction::wait);
  EXPECT_EQ(verdict({}, younger).action, IntentAction::fence_it);
  EXPECT_EQ(verdict(after({}, abort(kA)), younger).action, IntentAction::roll_back);
  EXPECT_EQ(verdict(after(pending, commit(kA)), younger), (IntentVerdict{IntentAction::roll_forward, at(kNow + 10)}));
  RowState forgotten;
  forgotten.floor = kStart;
  EXPECT_EQ(verdict(forgotten, younger).action, IntentAction::roll_back);
}

TEST(RowRecoveryTest, OlderIsByStartThenId) {
  EXPECT_TRUE(older(at(1), kB, at(2), kA));
  EXPECT_TRUE(older(at(1), kA, at(1), kB));
  EXPECT_FALSE(older(at(1), kA, at(1), kA));
}

TEST(RowRecoveryTest, WhatBecameOfAStagedTransaction) {
  const Intent intent = staged(prewrite(kA, "x")).intent;
  const RowState there = after({}, staged(secondary(kA, "x")));
  const RowState forward = after(there, RowResolve{kA, at(kNow + 10), kNow});
  const RowState fenced = after({}, abort(kA, RowAbort::When::absent));
  RowState floor;
  floor.floor = kStart;
  EXPECT_EQ(what_became_of(intent, {there, forward}).action, StagedAction::promote);
  EXPECT_EQ(what_became_of(intent, {there, {}, {}}), (StagedVerdict{StagedAction::fence, 1}));
  EXPECT_EQ(what_became_of(intent, {there, after({}, secondary(kA, "x"))}), (StagedVerdict{StagedAction::fence, 1}));
  EXPECT_EQ(what_became_of(intent, {{}, there, fenced}).action, StagedAction::abort);
  EXPECT_EQ(what_became_of(intent, {floor}).action, StagedAction::abort);
}

TEST(RowRegisterTest, ARowIsTheValueOfItsRegister) {
  const Ballot ballot{at(kNow), NodeId{1}, 1};
  const CommandResult made = apply({}, RowCommand(write(kA, Hlc(), at(kNow))), {1, 2}, ballot);
  ASSERT_TRUE(made.applied);
  EXPECT_EQ(row_of(made.state)->committed.row, "row");
  EXPECT_EQ(made.state.last_request, (RequestId{1, 2}));
  const CommandResult conflict = apply(made.state, RowCommand(write(kB, Hlc(), at(kNow + 1))), {1, 3}, ballot);
  EXPECT_FALSE(conflict.applied);
  EXPECT_EQ(conflict.refusal, RowRefusal::ts_differs);
  EXPECT_EQ(conflict.state, made.state);
  const CommandResult same = apply(made.state, RowCommand(RowSweep{kNow}), {1, 4}, ballot);
  EXPECT_TRUE(same.applied);
  EXPECT_EQ(same.state, made.state) << "nothing to write";
  EXPECT_EQ(apply({7, {}, true, "a"}, RowCommand(RowSweep{kNow}), {1, 5}, ballot).refusal, RowRefusal::not_a_row);
  EXPECT_EQ(apply({7, {}, true, ""}, RowCommand(RowSweep{kNow}), {1, 5}, ballot).refusal, RowRefusal::not_a_row);
  const auto told = state_made(RowCommand(write(kA, Hlc(), at(kNow))), {1, 2}, made.state.version);
  EXPECT_EQ(*told, made.state);
}

// The ballot is the register's clock: with it a deleted row's register becomes a tombstone, which refuses what is that old.
TEST(RowRegisterTest, ADeletedRowBecomesATombstone) {
  const auto run_at = [](const RegisterState& state, const RowCommand& command, std::uint64_t ms) {
    return apply(state, command, {1, ms}, Ballot{at(ms), NodeId{1}, 1});
  };
  const RegisterState row = run_at({}, write(kA, Hlc(), at(kNow)), kNow).state;
  RowWrite remove{.txn = kB, .expected = at(kNow), .commit_ts = at(kNow + 1), .now_ms = kNow};
  const RegisterState deleted = run_at(row, remove, kNow + 1).state;
  EXPECT_TRUE(deleted.present);
  const RegisterState tombstone = run_at(deleted, RowSweep{kNow}, kNow + 2 + kRowMemoryMs).state;
  EXPECT_FALSE(tombstone.present);
  EXPECT_EQ(tombstone.version, deleted.version + 1);
  const CommandResult late = run_at(tombstone, write(kA, Hlc(), at(kNow)), kNow + 3 + kRowMemoryMs);
  EXPECT_EQ(late.refusal, RowRefusal::too_old);
  EXPECT_EQ(late.not_before, at(kNow + 3));
}

TEST(RowRegisterTest, WhichCommandsMayBeRunTwice) {
  EXPECT_FALSE(is_repeatable(RowCommand(write(kA, Hlc(), at(1)))));
  EXPECT_TRUE(is_repeatable(RowCommand(prewrite(kA, "x"))));
  EXPECT_TRUE(is_repeatable(RowCommand(commit(kA))));
  EXPECT_FALSE(is_repeatable(CasCommand()));
}

}  // namespace
}  // namespace latium
