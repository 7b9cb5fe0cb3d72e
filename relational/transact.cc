#include "relational/transact.h"

#include <algorithm>

#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr BackoffPolicy kAgain{.base = std::chrono::milliseconds(2), .cap = std::chrono::milliseconds(200)};
// Whoever has the turn may be held up by its own program, for ever: then the others go ahead.
constexpr Duration kTurnAwaitedFor = std::chrono::milliseconds(500);

}  // namespace

Task<void> wait_for_next(Transactions& shared, std::optional<Bytes> conflict_at, std::uint32_t attempt, MonotonicTime deadline,
                         RowTurns::Turn& turn) {
  if (conflict_at && !turn.is_at(*conflict_at)) {
    turn = RowTurns::Turn();
    const MonotonicTime patience = saturating_add(shared.runtime.clock.monotonic_now(), kTurnAwaitedFor);
    auto taken = co_await shared.turns.take(*std::move(conflict_at), std::min(patience, deadline));
    if (!taken && taken.error().code == ErrorCode::cancelled) co_return fail(std::move(taken).error());
    if (taken) turn = *std::move(taken);
    co_return Result<void>();
  }
  const MonotonicTime next = saturating_add(shared.runtime.clock.monotonic_now(), kAgain.wait(attempt, shared.random()));
  co_return co_await sleep_until(shared.runtime, std::min(next, deadline));
}

Task<CallStats> transact(Transactions& shared, Catalog& tables, CatalogPlace database, TransactionOptions options,
                         SessionWork work, MonotonicTime deadline) {
  CallStats cost;
  options.gives_way = true;
  RowTurns::Turn turn;
  for (std::uint32_t attempt = 0;; ++attempt) {
    TableSession session(shared, tables, database, options);
    const Result<void> worked = co_await work(session, deadline);
    // It may have failed for what a local read has not heard of yet.
    const bool stale = !worked && options.reading == Reading::local;
    Result<void> done = worked;
    if (worked) done = co_await session.commit(deadline);
    cost.add(session.transaction().stats());
    if (done) co_return cost;
    const bool again = worked ? done.error().code == ErrorCode::conflict : stale;
    if (!again || shared.runtime.clock.monotonic_now() >= deadline) co_return fail(std::move(done).error());
    options.reading = Reading::latest;
    options.contended = true;
    options.gives_way = false;
    LATIUM_CO_CHECKED(co_await wait_for_next(shared, session.transaction().conflicting_row(), attempt, deadline, turn));
  }
}

}  // namespace latium
