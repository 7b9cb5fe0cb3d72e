#include "relational/auto_increment.h"

#include <algorithm>

#include "relational/row_keys.h"
#include "relational/transaction.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr Duration kRefillTimeout = std::chrono::seconds(10);
constexpr BackoffPolicy kAgain{.base = std::chrono::milliseconds(2), .cap = std::chrono::milliseconds(200)};

// Whatever became of a lease without an answer, the next one begins behind it, or where it began.
bool passes(const Error& error) {
  return error.code == ErrorCode::conflict || error.code == ErrorCode::unknown_outcome || error.code == ErrorCode::overloaded;
}

}  // namespace

std::shared_ptr<AutoIncrement::Table> AutoIncrement::table_of(CatalogPlace place, TableId id) {
  const auto found = tables_.find({place.tenant, id});
  if (found != tables_.end()) return found->second;
  // What is forgotten leaves a gap in the numbers, and nothing worse.
  if (tables_.size() >= kTablesMax) std::erase_if(tables_, [](const auto& each) { return each.second.use_count() == 1; });
  return tables_.emplace(std::pair(place.tenant, id), std::make_shared<Table>()).first->second;
}

Task<std::int64_t> AutoIncrement::next(CatalogPlace place, TableId id, MonotonicTime deadline) {
  const std::shared_ptr<Table> table = table_of(place, id);
  if (table->ids.left() == 0) {
    ++statistics_.waited;
    LATIUM_CO_TRY(const Permit permit, co_await with_deadline(shared_.runtime, deadline, table->leasing.acquire()));
    // Others may have used up what they were waited for.
    while (table->ids.left() == 0) LATIUM_CO_CHECKED(co_await lease(place, id, table, 0, deadline));
  } else if (table->ids.needs_block() && !table->refilling) {
    table->refilling = shared_.later(refill(place, id, table));
  }
  ++statistics_.numbers;
  co_return *table->ids.next();
}

Task<void> AutoIncrement::refill(CatalogPlace place, TableId id, std::shared_ptr<Table> table) {
  const MonotonicTime deadline = saturating_add(shared_.runtime.clock.monotonic_now(), kRefillTimeout);
  const Result<void> leased = co_await lease(place, id, table, 0, deadline);
  table->refilling = false;
  co_return leased;
}

Task<void> AutoIncrement::reserve(CatalogPlace place, TableId id, std::int64_t chosen, MonotonicTime deadline) {
  if (chosen < 1) co_return Result<void>();
  const std::shared_ptr<Table> table = table_of(place, id);
  if (chosen >= table->counter) {
    LATIUM_CO_TRY(const Permit permit, co_await with_deadline(shared_.runtime, deadline, table->leasing.acquire()));
    if (chosen >= table->counter) LATIUM_CO_CHECKED(co_await lease(place, id, table, chosen, deadline));
  }
  table->ids.skip_through(chosen);
  co_return Result<void>();
}

Task<void> AutoIncrement::lease(CatalogPlace place, TableId id, std::shared_ptr<Table> table, std::int64_t above,
                                MonotonicTime deadline) {
  LATIUM_CO_TRY(const IdLease lease,
                co_await retry_with_backoff<IdLease>(
                    shared_.runtime, kAgain, deadline,
                    [&](std::uint32_t /*attempt*/) { return try_lease(place, id, above, deadline); }, passes));
  ++statistics_.leases;
  table->counter = std::max(table->counter, lease.counter);
  table->ids.add_block(lease.block);
  co_return Result<void>();
}

Task<IdLease> AutoIncrement::try_lease(CatalogPlace place, TableId id, std::int64_t above, MonotonicTime deadline) {
  const Bytes name = counter_key(id);
  const RegisterKey key = table_register(place.tenant, place.partitions, name, name);
  Transaction transaction(shared_, {.isolation = Isolation::read_committed, .reading = Reading::latest});
  LATIUM_CO_TRY(const auto found, co_await transaction.get({key}, deadline));
  std::int64_t counter = 1;
  if (found[0]) {
    LATIUM_CO_TRY(counter, decode_counter(*found[0]));
  }
  counter = counter_after_explicit(counter, above).value_or(counter);
  auto lease = lease_ids(counter);
  if (!lease) {
    // The last number of all was chosen: it is taken, and nothing is left to lease.
    if (above == 0) co_return fail(lease.error());
    lease = IdLease{.block = {.first = 1, .count = 0}, .counter = counter};
  }
  transaction.put(key, encode_counter(lease->counter));
  LATIUM_CO_CHECKED(co_await transaction.commit(deadline));
  co_return *lease;
}

}  // namespace latium
