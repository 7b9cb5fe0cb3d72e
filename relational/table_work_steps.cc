// The work itself.
#include <algorithm>
#include <utility>

#include "relational/table_work.h"
#include "relational/transact.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr TransactionOptions kStepOptions{.isolation = Isolation::read_committed, .reading = Reading::latest};
constexpr std::size_t kKeysAtOnce = 32;
// Of rows that change between two looks at them.
constexpr int kLooksAtDuplicates = 3;

Task<void> run_step(TableSession& session, Task<IndexStep> (TableSession::*step)(std::string, IndexId, Bytes, MonotonicTime),
                    std::string table, IndexId index, Bytes after, IndexStep& out, MonotonicTime deadline) {
  LATIUM_CO_TRY(out, co_await (session.*step)(std::move(table), index, std::move(after), deadline));
  co_return Result<void>();
}

}  // namespace

// Until there is nothing left to do about the index. The error of a build that was refused is told in the end.
Task<void> TableWork::drive_index(CatalogPlace place, std::string table, TableId id, IndexId index) {
  LATIUM_CO_TRY(auto lease, co_await take(place, {place.tenant, id, index}, patience()));
  if (!lease) co_return fail(ErrorCode::conflict, "another node does the work");
  Result<void> outcome;
  while (true) {
    LATIUM_CO_TRY(const bool more, co_await step_index(place, table, id, index, *lease, outcome));
    if (!more) break;
    LATIUM_CO_CHECKED(co_await keep(place, *lease, patience()));
  }
  (void)co_await give_back(place, *lease, patience());
  co_return outcome;
}

// False: nothing is left to do.
Task<bool> TableWork::step_index(CatalogPlace place, std::string table, TableId id, IndexId index, Lease& lease,
                                 Result<void>& outcome) {
  LATIUM_CO_TRY(const TableSchema schema, co_await tables_.settle(place, table, patience()));
  if (schema.id != id) co_return false;
  const IndexSchema* const found = schema.find_index(index);
  if (found == nullptr) {
    if (std::ranges::find(schema.unswept_indexes, index) == schema.unswept_indexes.end()) co_return false;
    LATIUM_CO_CHECKED(co_await remove_keys(place, index_range(id, IndexSchema{.id = index, .name = {}, .columns = {}}), lease));
    LATIUM_CO_CHECKED(
        co_await remove_keys(place, index_range(id, IndexSchema{.id = index, .name = {}, .columns = {}, .unique = true}), lease));
    LATIUM_CO_CHECKED(co_await tables_.forget_entries(place, table, index, patience()));
    co_return false;
  }
  switch (found->state) {
    case IndexState::published:
      co_return false;
    case IndexState::dropping:
      LATIUM_CO_CHECKED((co_await tables_.forget_index(place, table, found->name, patience())));
      co_return true;
    case IndexState::write_only:
      break;
  }
  const Result<void> built = co_await build(place, table, index, lease);
  if (built) {
    LATIUM_CO_CHECKED((co_await tables_.index_became_public(place, table, found->name, patience())));
    ++statistics_.indexes_built;
    runtime_.events.emit(Severity::info, "index_built", {{"table", schema.name}, {"index", found->name}});
    // It may have been dropped while that was settled.
    co_return true;
  }
  if (built.error().code != ErrorCode::already_exists) co_return fail(built.error());
  ++statistics_.builds_refused;
  runtime_.events.emit(Severity::warn, "index_build_refused",
                       {{"table", schema.name}, {"index", found->name}, {"why", built.error().message}});
  outcome = built;
  LATIUM_CO_CHECKED((co_await tables_.drop_index(place, table, found->name, patience())));
  co_return true;
}

Task<void> TableWork::build(CatalogPlace place, std::string table, IndexId index, Lease& lease) {
  LATIUM_CO_CHECKED((co_await all_steps(place, table, index, &TableSession::sweep_entries, lease)));
  for (int look = 1;; ++look) {
    const auto added = co_await all_steps(place, table, index, &TableSession::add_entries, lease);
    if (added) {
      statistics_.entries_added += *added;
      co_return Result<void>();
    }
    if (added.error().code != ErrorCode::already_exists || look == kLooksAtDuplicates) co_return fail(added.error());
  }
}

Task<std::uint64_t> TableWork::all_steps(CatalogPlace place, std::string table, IndexId index, Step step, Lease& lease) {
  std::uint64_t changed = 0;
  IndexStep done;
  do {
    const Bytes after = std::exchange(done.next, Bytes());
    LATIUM_CO_CHECKED((co_await transact(
        transactions_, tables_, place, kStepOptions,
        [&](TableSession& session, MonotonicTime deadline) {
          return run_step(session, step, table, index, after, done, deadline);
        },
        patience())));
    changed += done.changed;
    LATIUM_CO_CHECKED(co_await keep(place, lease, patience()));
  } while (!done.next.empty());
  co_return changed;
}

Task<void> TableWork::drive_announcing(CatalogPlace place, std::string table, TableId id) {
  LATIUM_CO_TRY(auto lease, co_await take(place, {place.tenant, id, kAnnouncing}, patience()));
  if (!lease) co_return fail(ErrorCode::conflict, "another node does the work");
  const auto settled = co_await tables_.settle(place, table, patience());
  if (settled) {
    LATIUM_CO_CHECKED(co_await tables_.announce(place, std::move(table), id, patience()));
  } else if (settled.error().code != ErrorCode::not_found) {
    co_return fail(settled.error());
  }
  co_return co_await give_back(place, *lease, patience());
}

Task<void> TableWork::drive_dropped(CatalogPlace place, DroppedTable table) {
  LATIUM_CO_TRY(auto lease, co_await take(place, {place.tenant, table.id, IndexId{}}, patience()));
  if (!lease) co_return fail(ErrorCode::conflict, "another node does the work");
  LATIUM_CO_CHECKED(co_await remove_keys(place, table_range(table.id), *lease));
  LATIUM_CO_CHECKED(co_await tables_.forget_dropped(place, table, patience()));
  runtime_.events.emit(Severity::info, "dropped_table_removed", {{"table", table.name}});
  co_return co_await give_back(place, *lease, patience());
}

// Nobody writes in the range any more.
Task<void> TableWork::remove_keys(CatalogPlace place, TupleRange range, Lease& lease) {
  std::vector<PartitionId> partitions;
  for (std::uint16_t i = 0; i < place.partitions; ++i) partitions.push_back(PartitionId{i});
  while (true) {
    LATIUM_CO_TRY(RowKeys page,
                  co_await transactions_.store.list(place.tenant, partitions, range, 1000, Reading::latest, patience()));
    if (page.more) range.begin = page.keys.back().key.substr(1) + '\0';
    for (auto key = page.keys.begin(); key != page.keys.end();) {
      TaskGroup group(runtime_.executor, kKeysAtOnce);
      for (; key != page.keys.end() && group.has_room(); ++key) {
        const auto spawned = group.spawn(remove_key(std::move(*key), patience()));
        LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
      }
      LATIUM_CO_CHECKED(co_await group.join());
      // The join is deaf to a stop, this is not.
      LATIUM_CO_CHECKED(co_await sleep_for(runtime_, Duration(0)));
      LATIUM_CO_CHECKED(co_await keep(place, lease, patience()));
    }
    if (!page.more) co_return Result<void>();
  }
}

Task<void> TableWork::remove_key(RegisterKey key, MonotonicTime deadline) {
  while (true) {
    Transaction transaction(transactions_, kStepOptions);
    LATIUM_CO_TRY(const auto there, co_await transaction.get({key}, deadline));
    if (!there[0]) co_return Result<void>();
    transaction.remove(key);
    const Result<void> done = co_await transaction.commit(deadline);
    if (done) ++statistics_.keys_removed;
    const bool again = !done && (done.error().code == ErrorCode::conflict || done.error().code == ErrorCode::unknown_outcome);
    if (done || !again || runtime_.clock.monotonic_now() >= deadline) co_return done;
  }
}

}  // namespace latium
