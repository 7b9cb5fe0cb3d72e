// Who does the work, and waiting for it.
#include "relational/table_work.h"

#include <algorithm>
#include <utility>

#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr Duration kRenewEvery = std::chrono::seconds(3);
constexpr Duration kStepTimeout = std::chrono::seconds(30);
constexpr Duration kAskAgain = std::chrono::milliseconds(500);
constexpr Duration kLookForEnd = std::chrono::milliseconds(50);

Bytes lease_key(TenantId /*tenant*/, TableId table, IndexId index) {
  return "work/" + std::to_string(table.value) + "/" + std::to_string(index.value);
}

const IndexSchema* index_named(const TableSchema& schema, TableId id, const std::string& name) {
  return schema.id == id ? schema.find_index(name) : nullptr;
}

}  // namespace

MonotonicTime TableWork::patience() const {
  return saturating_add(runtime_.clock.monotonic_now(), kStepTimeout);
}

Task<void> TableWork::stop() {
  jobs_group_.cancel();
  (void)co_await jobs_group_.join();
  co_return Result<void>();
}

Task<void> TableWork::run(std::function<std::vector<CatalogPlace>()> mine) {
  while (true) {
    // Not all nodes at the same moment.
    const auto half = static_cast<std::uint64_t>(kLookEvery / std::chrono::milliseconds(2));
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, std::chrono::milliseconds(half + random_.below(half))));
    for (const CatalogPlace place : mine()) (void)co_await look(place, patience());
  }
}

Task<void> TableWork::look(CatalogPlace place, MonotonicTime deadline) {
  LATIUM_CO_TRY(const std::vector<TableChange> tables, co_await tables_.list(place, deadline));
  for (const TableChange& table : tables) {
    if (table.schema.unannounced || table.schema.moving) {
      start({place.tenant, table.schema.id, kAnnouncing}, drive_announcing(place, table.schema.name, table.schema.id));
    }
    std::vector<IndexId> unfinished = table.schema.unswept_indexes;
    for (const IndexSchema& index : table.schema.indexes) {
      if (index.state != IndexState::published) unfinished.push_back(index.id);
    }
    for (const IndexId index : unfinished) {
      start({place.tenant, table.schema.id, index}, drive_index(place, table.schema.name, table.schema.id, index));
    }
  }
  LATIUM_CO_TRY(const std::vector<DroppedTable> dropped, co_await tables_.dropped_tables(place, deadline));
  for (const DroppedTable& table : dropped) start({place.tenant, table.id, IndexId{}}, drive_dropped(place, table));
  co_return Result<void>();
}

// Nothing: there is too much to do already.
std::shared_ptr<TableWork::Job> TableWork::start(JobKey key, Task<void> work) {
  if (const auto found = jobs_.find(key); found != jobs_.end()) return found->second;
  if (!jobs_group_.has_room()) return nullptr;
  const auto job = std::make_shared<Job>();
  const auto spawned = jobs_group_.spawn(finish(job, key, std::move(work)));
  LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  jobs_.emplace(key, job);
  return job;
}

Task<void> TableWork::finish(std::shared_ptr<Job> job, JobKey key, Task<void> work) {
  job->result = co_await std::move(work);
  jobs_.erase(key);
  job->ended.set();
  co_return Result<void>();
}

// Nothing: somebody else has it, who has shown himself not long ago.
Task<std::optional<TableWork::Lease>> TableWork::take(CatalogPlace place, JobKey key, MonotonicTime deadline) {
  const Bytes name = lease_key(std::get<0>(key), std::get<1>(key), std::get<2>(key));
  const Bytes at = RegisterKey{place.tenant, PartitionId{}, name}.stored();
  LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await records_.read(place, name, deadline));
  const MonotonicTime now = runtime_.clock.monotonic_now();
  if (entry.value) {
    Seen& seen = seen_[at];
    if (seen.version != entry.version) seen = {entry.version, now};
    if (now - seen.since < kAbandoned) co_return std::nullopt;
  }
  LATIUM_CO_TRY(const bool taken, co_await records_.cas(place, name, entry.version, Bytes("taken"), deadline));
  seen_.erase(at);
  if (!taken) co_return std::nullopt;
  LATIUM_CO_TRY(const CatalogStore::Entry mine, co_await records_.read(place, name, deadline));
  co_return Lease{name, mine.version, now};
}

// Two that take it at the same moment do the work twice, which does no harm.
Task<void> TableWork::keep(CatalogPlace place, Lease& lease, MonotonicTime deadline) {
  const MonotonicTime now = runtime_.clock.monotonic_now();
  if (now - lease.renewed < kRenewEvery) co_return Result<void>();
  LATIUM_CO_TRY(const bool kept, co_await records_.cas(place, lease.key, lease.version, Bytes("kept"), deadline));
  if (!kept) co_return fail(ErrorCode::conflict, "another node goes on with the work");
  LATIUM_CO_TRY(const CatalogStore::Entry mine, co_await records_.read(place, lease.key, deadline));
  lease.version = mine.version;
  lease.renewed = now;
  co_return Result<void>();
}

Task<void> TableWork::give_back(CatalogPlace place, Lease lease, MonotonicTime deadline) {
  LATIUM_CO_CHECKED((co_await records_.cas(place, lease.key, lease.version, std::nullopt, deadline)));
  co_return Result<void>();
}

Task<TableChange> TableWork::create_index(CatalogPlace place, std::string table, Index index, MonotonicTime deadline) {
  const std::string name = index.name;
  LATIUM_CO_TRY(const TableChange added, co_await tables_.add_index(place, table, std::move(index), deadline));
  const TableId id = added.schema.id;
  const IndexId made = added.schema.find_index(name)->id;
  while (true) {
    const auto job = start({place.tenant, id, made}, drive_index(place, table, id, made));
    const Result<void> waited = job == nullptr ? Result<void>() : co_await with_deadline(runtime_, deadline, job->ended.wait());
    if (job != nullptr && job->ended.is_set() && !job->result && job->result.error().code == ErrorCode::already_exists) {
      co_return fail(job->result.error());
    }
    // What is done is done, also when there is no time left to look at it.
    const MonotonicTime until = std::max(deadline, saturating_add(runtime_.clock.monotonic_now(), kAskAgain));
    auto now = co_await tables_.describe(place, table, until);
    const bool late = !waited || runtime_.clock.monotonic_now() >= deadline;
    if (!now && late) co_return added;
    if (!now) co_return fail(now.error());
    const IndexSchema* const found = index_named(now->schema, id, name);
    if (found == nullptr || found->id != made || found->state == IndexState::dropping) {
      co_return fail(ErrorCode::conflict, "index '" + name +
                                              "' was dropped while it was built: by somebody, or since rows have the "
                                              "same values");
    }
    if (found->state == IndexState::published || late) co_return *std::move(now);
    // Another node is at it.
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, kAskAgain));
  }
}

Task<TableChange> TableWork::drop_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline) {
  LATIUM_CO_TRY(TableChange dropped, co_await tables_.drop_index(place, table, index, deadline));
  const IndexId id = dropped.schema.find_index(index)->id;
  // Who has just built it may not have ended, and does not look again.
  if (const auto building = jobs_.find({place.tenant, dropped.schema.id, id}); building != jobs_.end()) {
    const std::shared_ptr<Job> job = building->second;
    (void)co_await with_deadline(runtime_, deadline, job->ended.wait());
  }
  start({place.tenant, dropped.schema.id, id}, drive_index(place, table, dropped.schema.id, id));
  // By this node or another one.
  while (true) {
    auto now = co_await tables_.describe(place, table, deadline);
    if (!now || now->schema.id != dropped.schema.id) break;
    const bool gone = now->schema.find_index(id) == nullptr;
    const bool late = runtime_.clock.monotonic_now() >= deadline;
    // That it is gone is a change too, which is to be settled.
    if (gone && (now->settled || late)) co_return *std::move(now);
    if (late) break;
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, kLookForEnd));
  }
  co_return std::move(dropped);
}

}  // namespace latium
