#include "relational/recovery.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/deadline.h"
#include "runtime/task_group.h"

namespace latium {

namespace {

// Between two looks at a transaction that is given time: about as long as a commit takes in one site.
constexpr std::uint64_t kWaitLeastUs = 2'000;
constexpr std::uint64_t kWaitMostUs = 20'000;

}  // namespace

Task<void> Recovery::clear(RegisterKey where, Intent intent, std::optional<Contender> me, MonotonicTime deadline) {
  ++statistics_.met;
  RegisterKey primary = where;
  if (!intent.is_primary()) {
    LATIUM_CO_TRY(primary, parse_register_key(intent.primary));
  }
  LATIUM_CO_TRY(const RowRead at_primary, co_await store_.read(primary, Reading::latest, deadline));
  IntentVerdict verdict = what_to_do_about(intent, at_primary.state, me, runtime_.clock.wall_ms());
  if (verdict.action != IntentAction::wait) {
    met_.erase(intent.txn);
  } else if (outwaited(intent.txn)) {
    // Its end was written by a clock that was ahead.
    verdict = what_to_do_about(intent, at_primary.state, me, std::numeric_limits<std::uint64_t>::max());
  }
  switch (verdict.action) {
    case IntentAction::roll_forward:
      ++statistics_.rolled_forward;
      if (!intent.is_primary()) LATIUM_CO_CHECKED(co_await resolve(std::move(where), intent.txn, verdict.committed_ts, deadline));
      co_return Result<void>();
    case IntentAction::roll_back:
      ++statistics_.rolled_back;
      if (!intent.is_primary()) LATIUM_CO_CHECKED(co_await resolve(std::move(where), intent.txn, Hlc(), deadline));
      co_return Result<void>();
    case IntentAction::wait:
      ++statistics_.waited;
      if (runtime_.clock.monotonic_now() >= deadline) {
        co_return fail(ErrorCode::unavailable, "another transaction holds " + where.describe() + " for longer than the deadline");
      }
      co_return co_await sleep_for(runtime_, std::chrono::microseconds(kWaitLeastUs + random_.below(kWaitMostUs - kWaitLeastUs)));
    case IntentAction::abort_it:
    case IntentAction::fence_it: {
      ++statistics_.aborted;
      LATIUM_CO_TRY(const RowRefusal refusal, co_await abort_at(primary, intent, RowAbort::When::always, false, deadline));
      // It has ended, and all that it committed is resolved: this intent came late, and the primary will say no more about it.
      if (refusal == RowRefusal::settled && !intent.is_primary()) {
        LATIUM_CO_CHECKED(co_await resolve(std::move(where), intent.txn, Hlc(), deadline));
      }
      co_return Result<void>();
    }
    case IntentAction::recover:
      co_return co_await decide_staged(std::move(primary), intent.txn, deadline);
  }
  co_return Result<void>();
}

bool Recovery::outwaited(TransactionId txn) {
  if (met_.size() >= kMetMax) met_.clear();  // they are given their time once more
  const MonotonicTime now = runtime_.clock.monotonic_now();
  return now - met_.try_emplace(txn, now).first->second >= kIntentLife;
}

Task<void> Recovery::decide_staged(RegisterKey primary, TransactionId txn, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(const RowRead at_primary, co_await store_.read(primary, Reading::latest, deadline));
    const Intent* const found = at_primary.state.intent_of(txn);
    if (found == nullptr || !found->staged()) co_return Result<void>();
    if (runtime_.clock.monotonic_now() >= deadline) {
      co_return fail(ErrorCode::unavailable,
                     "what became of a transaction at " + primary.describe() + " was not decided in time");
    }
    const Intent intent = *found;
    std::vector<RegisterKey> keys;
    for (const Bytes& other : intent.others) {
      LATIUM_CO_TRY(keys.emplace_back(), parse_register_key(other));
    }
    LATIUM_CO_TRY(std::vector<RowRead> reads, co_await read_all(runtime_, store_, keys, Reading::latest, deadline));
    std::vector<RowState> others;
    for (RowRead& read : reads) others.push_back(std::move(read.state));
    const StagedVerdict verdict = what_became_of(intent, others);
    switch (verdict.action) {
      case StagedAction::promote:
        LATIUM_CO_CHECKED(co_await store_.change(primary, RowPromote{txn, intent.start, runtime_.clock.wall_ms()}, deadline));
        break;
      case StagedAction::fence: {
        LATIUM_CO_TRY(const RowRefusal refusal,
                      co_await abort_at(keys[verdict.at], intent, RowAbort::When::absent, false, deadline));
        if (refusal != RowRefusal::none) break;
        // Not looked for: where the row remembers nothing of that time there is none, as all that is so old is refused.
        [[fallthrough]];
      }
      case StagedAction::abort:
        ++statistics_.aborted;
        LATIUM_CO_CHECKED(co_await abort_at(primary, intent, RowAbort::When::always, true, deadline));
        break;
    }
  }
}

Task<RowRefusal> Recovery::abort_at(RegisterKey where, const Intent& intent, RowAbort::When when, bool fenced,
                                    MonotonicTime deadline) {
  const RowAbort command{intent.txn, intent.start, when, fenced, runtime_.clock.wall_ms()};
  LATIUM_CO_TRY(const RowChange changed, co_await store_.change(std::move(where), command, deadline));
  co_return changed.applied ? RowRefusal::none : changed.refusal;
}

Task<void> Recovery::resolve(RegisterKey where, TransactionId txn, Hlc committed_ts, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await store_.change(std::move(where), RowResolve{txn, committed_ts, runtime_.clock.wall_ms()}, deadline));
  co_return Result<void>();
}

Task<void> Recovery::finish(RegisterKey primary, TransactionId txn, Hlc committed_ts, std::vector<Bytes> unresolved,
                            MonotonicTime deadline) {
  std::vector<RegisterKey> keys;
  for (const Bytes& stored : unresolved) {
    LATIUM_CO_TRY(keys.emplace_back(), parse_register_key(stored));
  }
  TaskGroup group(runtime_.executor, std::max<std::size_t>(keys.size(), 1));
  for (RegisterKey& key : keys) {
    const auto spawned = group.spawn(resolve(std::move(key), txn, committed_ts, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  LATIUM_CO_CHECKED(co_await group.join());
  if (committed_ts.value == 0) co_return Result<void>();
  LATIUM_CO_CHECKED(
      co_await store_.change(std::move(primary), RowFinish{txn, std::move(unresolved), runtime_.clock.wall_ms()}, deadline));
  co_return Result<void>();
}

}  // namespace latium
