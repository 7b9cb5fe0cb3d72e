#include "relational/row_sweeper.h"

#include <algorithm>
#include <utility>

#include "replication/row_recovery.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr Duration kRowTimeout = std::chrono::seconds(10);

}  // namespace

Task<void> RowSweeper::run() {
  // Not all nodes at the same moment.
  const auto half = static_cast<std::uint64_t>(every_ / std::chrono::milliseconds(2));
  Duration pause = std::chrono::milliseconds(half + random_.below(half + 1));
  while (true) {
    LATIUM_CO_CHECKED(co_await sleep_for(shared_.runtime, pause));
    pause = every_;
    const auto done = co_await pass();
    if (done) continue;
    if (done.error().code == ErrorCode::cancelled) co_return done;
    ++statistics_.failures;
    shared_.runtime.events.emit(Severity::warn, "row_sweep_failed", {{"reason", done.error().message}});
  }
}

Task<void> RowSweeper::pass() {
  Runtime& runtime = shared_.runtime;
  RowsLeft left;
  do {
    LATIUM_CO_TRY(left, co_await shared_.store.left_over(std::move(left.last), kLookAtOnce));
    LATIUM_CO_CHECKED(co_await sweep_all(std::move(left.keys)));
    if (left.more) LATIUM_CO_CHECKED(co_await sleep_for(runtime, kPause));
  } while (left.more);
  ++statistics_.passes;
  co_return Result<void>();
}

Task<void> RowSweeper::sweep_all(std::vector<RegisterKey> keys) {
  for (std::size_t from = 0; from < keys.size(); from += kRowsAtOnce) {
    Result<void> spawned;
    for (std::size_t i = from; i < std::min(keys.size(), from + kRowsAtOnce); ++i) {
      if (const auto each = at_work_.spawn(sweep(std::move(keys[i]))); !each) spawned = fail(each.error());
    }
    LATIUM_CO_CHECKED(co_await at_work_.join());
    LATIUM_CO_CHECKED(spawned);
  }
  co_return Result<void>();
}

Task<void> RowSweeper::sweep(RegisterKey key) {
  const MonotonicTime deadline = saturating_add(shared_.runtime.clock.monotonic_now(), kRowTimeout);
  auto done = co_await end_all(key, deadline);
  if (done || done.error().code == ErrorCode::cancelled) co_return done;
  ++statistics_.failures;
  co_return Result<void>();
}

// Step by step, until the latest state has nothing left: a transaction whose intent was ended here may have committed here.
Task<void> RowSweeper::end_all(const RegisterKey& key, MonotonicTime deadline) {
  Runtime& runtime = shared_.runtime;
  for (std::size_t step = 0; step < kStepsMax; ++step) {
    LATIUM_CO_TRY(const RowRead read, co_await shared_.store.read(key, Reading::latest, deadline));
    const RowLeftovers left = leftovers_of(read.state, runtime.clock.wall_ms());
    if (left.intent != nullptr) {
      LATIUM_CO_CHECKED(co_await shared_.recovery.clear(key, *left.intent, std::nullopt, deadline));
      ++statistics_.ended;
    } else if (!left.unresolved.empty()) {
      const Outcome& outcome = *left.unresolved.front();
      LATIUM_CO_CHECKED(co_await shared_.recovery.finish(key, outcome.txn, outcome.committed_ts, outcome.unresolved, deadline));
      ++statistics_.finished;
    } else {
      if (!left.forgettable) co_return Result<void>();
      LATIUM_CO_TRY(const RowChange swept, co_await shared_.store.change(key, RowSweep{runtime.clock.wall_ms()}, deadline));
      if (swept.applied && swept.state.empty()) ++statistics_.forgotten;
      co_return Result<void>();
    }
  }
  co_return fail(ErrorCode::unavailable, key.describe() + ": what transactions have left there was not ended in time");
}

}  // namespace latium
