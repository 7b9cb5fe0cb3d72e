// transact(): work on tables that is done again until it commits.
#pragma once

#include <functional>

#include "relational/session.h"

namespace latium {

/// It may run several times, each time in a new session. What it keeps outlives the call.
using SessionWork = std::move_only_function<Task<void>(TableSession&, MonotonicTime)>;

/// Between two attempts of the same work: until it is this one's turn at the row where the last one was a conflict, or for half a
/// second without it. With a backoff where it had the turn, since then others than this node's transactions are in the way, or
/// where it was no row that it writes. `attempt`: of the one that has ended, from 0. `cancelled`.
Task<void> wait_for_next(Transactions& shared, std::optional<Bytes> conflict_at, std::uint32_t attempt, MonotonicTime deadline,
                         RowTurns::Turn& turn);

/// Runs `work` in a session and commits it, again as long as the commit is a conflict, with backoff, until the deadline. An error
/// of `work` ends it without a commit; after local reads, which may have been old, once it has come again from the latest state.
/// The cost is that of all tries.
Task<CallStats> transact(Transactions& shared, Catalog& tables, CatalogPlace database, TransactionOptions options,
                         SessionWork work, MonotonicTime deadline);

}  // namespace latium
