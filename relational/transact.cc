#include "relational/transact.h"

#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr BackoffPolicy kAgain{.base = std::chrono::milliseconds(2), .cap = std::chrono::milliseconds(200)};

}  // namespace

Task<CallStats> transact(Transactions& shared, Catalog& tables, CatalogPlace database, TransactionOptions options,
                         SessionWork work, MonotonicTime deadline) {
  CallStats cost;
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
    const MonotonicTime next = saturating_add(shared.runtime.clock.monotonic_now(), kAgain.wait(attempt, shared.random()));
    if (!again || next >= deadline) co_return fail(std::move(done).error());
    options.reading = Reading::latest;
    options.contended = true;
    LATIUM_CO_CHECKED(co_await sleep_until(shared.runtime, next));
  }
}

}  // namespace latium
