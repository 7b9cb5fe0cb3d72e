// Reading the catalog: leases of schemas, and when a change is settled.
#include "relational/catalog.h"

#include <algorithm>
#include <iterator>

#include "relational/key_codec.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

// Names that a node keeps; leases that have run out go first.
constexpr std::size_t kSlotsMax = 4096;
constexpr std::size_t kReadsAtOnce = 256;
// Uses end on any thread, within milliseconds: a look now and then costs less than telling.
constexpr Duration kLookAtUses = std::chrono::milliseconds(5);

}  // namespace

std::unexpected<Error> Catalog::unknown_table(std::string_view table) {
  return fail(ErrorCode::not_found, "there is no table '" + printable(table) + "': create it first, or see the list of tables");
}

// Keeps a slot where it is, also across waits.
class Catalog::Use {
 public:
  Use(Catalog& catalog, CatalogPlace place, const Bytes& key) : catalog_(catalog) {
    catalog.make_room();
    at_ = catalog.slots_.try_emplace(Name(place.tenant, key)).first;
    ++at_->second.users;
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    Slot& slot = at_->second;
    if (--slot.users > 0 || slot.schema || slot.unsettled_version != 0) return;
    catalog_.forget_ended(slot);
    if (slot.lent.empty()) catalog_.slots_.erase(at_);
  }
  Slot* operator->() const { return &at_->second; }
  Slot& operator*() const { return at_->second; }

 private:
  Catalog& catalog_;
  std::map<Name, Slot>::iterator at_;
};

void Catalog::make_room() {
  if (slots_.size() < kSlotsMax) return;
  const MonotonicTime now = runtime_.clock.monotonic_now();
  std::erase_if(slots_, [&](const auto& slot) { return slot.second.users == 0 && slot.second.until <= now; });
  if (slots_.size() < kSlotsMax) return;
  for (auto& [name, slot] : slots_) {
    if (slot.users > 0) continue;
    stop_lending(name, slot);
    forget_ended(slot);
  }
  // What is in use has to be known of.
  std::erase_if(slots_, [](const auto& slot) { return slot.second.users == 0 && slot.second.lent.empty(); });
}

// After that the schema is in use where it was lent, and nowhere else.
void Catalog::stop_lending(const Name& name, Slot& slot) {
  slot.schema.reset();
  slot.use.reset();
  leases_.drop(name);
}

void Catalog::forget_ended(Slot& slot) const {
  const MonotonicTime now = runtime_.clock.monotonic_now();
  std::erase_if(slot.lent, [&](const Lent& lent) { return lent.use.expired() || lent.until <= now; });
}

Task<void> Catalog::stop() {
  refreshes_.cancel();
  (void)co_await refreshes_.join();
  co_return Result<void>();
}

std::optional<SchemaLease> Catalog::known(CatalogPlace place, std::string_view table) {
  const auto found = slots_.find(Name(place.tenant, catalog_key(table)));
  if (found == slots_.end() || !found->second.schema) return std::nullopt;
  Slot& slot = found->second;
  const MonotonicTime now = runtime_.clock.monotonic_now();
  if (slot.until <= now) return std::nullopt;
  if (slot.until - now <= kSchemaLease / 2 && !slot.refreshing && refreshes_.has_room()) {
    const auto spawned = refreshes_.spawn(refresh(place, found->first.second));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
    slot.refreshing = true;
  }
  ++statistics_.found;
  return SchemaLease{slot.schema, slot.until, slot.use};
}

std::optional<SchemaLease> Catalog::known_here(CatalogPlace place, std::string_view table) const {
  auto found = leases_.find(Name(place.tenant, catalog_key(table)));
  if (!found || found->until - runtime_.clock.monotonic_now() <= kSchemaLease / 2) return std::nullopt;
  return found;
}

Task<Catalog::Found> Catalog::read(CatalogPlace place, Bytes key, MonotonicTime deadline) {
  Found found{.key = key, .record = {}, .version = 0, .began = runtime_.clock.monotonic_now()};
  // No table has such a name, and registers do not take keys of any length.
  if (key.size() > kCatalogKeyPrefix.size() + kMaxTableName) co_return found;
  ++statistics_.reads;
  LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await store_.read(place, std::move(key), deadline));
  found.version = entry.version;
  if (entry.value) {
    LATIUM_CO_TRY(found.record, decode_catalog_record(*entry.value));
  }
  co_return found;
}

// As the name stands: a table that is being renamed to it is there once it has left its old one.
Task<Catalog::Found> Catalog::read_here(CatalogPlace place, Bytes key, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(Found found, co_await read(place, key, deadline));
    if (!found.record.moved_from) co_return std::move(found);
    LATIUM_CO_TRY(const Found old, co_await read(place, catalog_key(found.record.moved_from->name), deadline));
    if (old.record.let_go(found.record)) co_return std::move(found);
    // It is still there, or will not come, or all of that is over.
    LATIUM_CO_TRY(const Found again, co_await read(place, key, deadline));
    if (again.version != found.version) continue;
    found.record.table.reset();
    co_return std::move(found);
  }
}

// Reads the record, and keeps its schema. Nothing: there is no table of this name.
Task<std::optional<SchemaLease>> Catalog::renew(CatalogPlace place, Bytes key, MonotonicTime deadline) {
  const Name name(place.tenant, key);
  const Use slot(*this, place, key);
  std::uint64_t generation = 0;
  Found found;
  do {
    generation = slot->generation;
    LATIUM_CO_TRY(found, co_await read_here(place, key, deadline));
    // It began before this node gave that up.
  } while (found.record.table && found.version < slot->given_up);
  // From the beginning of the read: when it ends, the schema may have been changed since.
  const MonotonicTime until = saturating_add(found.began, kSchemaLease);
  // Another read may have begun later and come back before.
  const bool latest = slot->generation == generation && until >= slot->until;
  if (!found.record.table) {
    if (latest) stop_lending(name, *slot);
    slot->absent_since = std::max(slot->absent_since, found.began);
    co_return std::nullopt;
  }
  auto schema = slot->schema && *slot->schema == *found.record.table
                    ? slot->schema
                    : std::make_shared<const TableSchema>(*std::move(found.record.table));
  const SchemaLease lease{schema, until, std::make_shared<std::shared_ptr<const TableSchema>>(schema)};
  forget_ended(*slot);
  slot->lent.push_back({lease.use, found.version, until});
  // Somebody may have come to name it.
  if (slot->version != found.version) forget_references(place.tenant);
  if (latest) {
    slot->schema = lease.schema;
    slot->use = lease.use;
    slot->version = found.version;
    slot->until = until;
    leases_.put(name, lease);
  }
  co_return lease;
}

// One that fails is made up for by whoever asks when the lease is over.
Task<void> Catalog::refresh(CatalogPlace place, Bytes key) {
  const Use slot(*this, place, key);
  (void)co_await renew(place, std::move(key), saturating_add(runtime_.clock.monotonic_now(), kSchemaLease));
  slot->refreshing = false;
  co_return Result<void>();
}

Task<SchemaLease> Catalog::lease(CatalogPlace place, std::string table, MonotonicTime deadline, Duration left) {
  const MonotonicTime asked = runtime_.clock.monotonic_now();
  const MonotonicTime at_least = saturating_add(asked, left);
  if (auto have = known(place, table); have && have->until >= at_least) co_return *std::move(have);
  const Use slot(*this, place, catalog_key(table));
  // One read of a name at a time; who waited takes what it brought.
  LATIUM_CO_TRY(const Permit permit, co_await with_deadline(runtime_, deadline, slot->reading.acquire()));
  while (true) {
    if (auto have = known(place, table); have && have->until >= at_least) co_return *std::move(have);
    if (slot->absent_since > asked) co_return unknown_table(table);
    LATIUM_CO_TRY(auto lease, co_await renew(place, catalog_key(table), deadline));
    if (!lease) co_return unknown_table(table);
    if (lease->until > runtime_.clock.monotonic_now()) co_return *std::move(lease);
  }
}

Task<std::shared_ptr<const TableSchema>> Catalog::find(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const SchemaLease lent, co_await lease(place, std::move(table), deadline));
  co_return lent.schema;
}

void Catalog::keep_in_use(std::vector<SchemaLease> leases) {
  const MonotonicTime now = runtime_.clock.monotonic_now();
  std::erase_if(kept_, [&](const SchemaLease& lease) { return lease.until <= now; });
  std::ranges::move(leases, std::back_inserter(kept_));
}

Task<void> Catalog::give_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) {
  const Name name(place.tenant, key);
  const Use slot(*this, place, key);
  slot->given_up = std::max(slot->given_up, version);
  if (slot->version < version) stop_lending(name, *slot);
  if (earlier_life_until_ > runtime_.clock.monotonic_now()) {
    LATIUM_CO_CHECKED(co_await sleep_until(runtime_, std::min(earlier_life_until_, deadline)));
  }
  while (runtime_.clock.monotonic_now() < deadline) {
    forget_ended(*slot);
    if (std::ranges::none_of(slot->lent, [&](const Lent& lent) { return lent.version < version; })) co_return Result<void>();
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, kLookAtUses));
  }
  co_return fail(ErrorCode::deadline_exceeded, "the version before is still in use");
}

Task<TableChange> Catalog::describe(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(Found found, co_await read_here(place, catalog_key(table), deadline));
  if (!found.record.table) co_return unknown_table(table);
  co_return TableChange{*std::move(found.record.table), found.record.settled};
}

Task<void> Catalog::read_into(CatalogPlace place, Bytes key, std::shared_ptr<std::vector<Found>> all, MonotonicTime deadline) {
  LATIUM_CO_TRY(Found found, co_await read_here(place, std::move(key), deadline));
  all->push_back(std::move(found));
  co_return Result<void>();
}

// In order of key; names that are as good as absent among them. A table that moved meanwhile may have been looked for where it
// was not yet, and then where it was not any more: so all is read again, until the names without a table are those of before, in
// the same versions. Then nothing has left a name since the reading before the last one.
Task<std::vector<Catalog::Found>> Catalog::read_all(CatalogPlace place, MonotonicTime deadline) {
  std::map<Bytes, std::uint64_t> absent_before;
  while (true) {
    LATIUM_CO_TRY(const std::vector<Bytes> keys, co_await store_.list(place, Bytes(kCatalogKeyPrefix), deadline));
    const auto all = std::make_shared<std::vector<Found>>();
    for (auto key = keys.begin(); key != keys.end();) {
      TaskGroup group(runtime_.executor, kReadsAtOnce);
      for (; key != keys.end() && group.has_room(); ++key) {
        const auto spawned = group.spawn(read_into(place, *key, all, deadline));
        LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
      }
      LATIUM_CO_CHECKED(co_await group.join());
    }
    std::map<Bytes, std::uint64_t> absent;
    for (const Found& each : *all) {
      if (!each.record.table) absent.emplace(each.key, each.version);
    }
    std::ranges::sort(*all, {}, &Found::key);
    if (absent == std::exchange(absent_before, absent)) co_return std::move(*all);
  }
}

Task<std::vector<TableChange>> Catalog::list(CatalogPlace place, MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<Found> all, co_await read_all(place, deadline));
  std::vector<TableChange> tables;
  for (Found& found : all) {
    if (found.record.table) tables.push_back({*std::move(found.record.table), found.record.settled});
  }
  co_return tables;
}

// What is lent before a listing begins, and still is behind it, is not older than what the listing finds of others: a table
// cannot have come to name it meanwhile without another TableSchema::named, nor can one that names it be lent as it was before.
Task<std::vector<std::shared_ptr<const TableSchema>>> Catalog::in_use(CatalogPlace place, MonotonicTime deadline) {
  std::map<TableId, std::shared_ptr<const TableSchema>> before;
  for (const auto& [name, slot] : slots_) {
    const bool lent = name.first == place.tenant && slot.schema && slot.until > runtime_.clock.monotonic_now();
    if (lent) before.emplace(slot.schema->id, slot.schema);
  }
  while (true) {
    LATIUM_CO_TRY(const std::vector<TableChange> all, co_await list(place, deadline));
    std::map<TableId, std::shared_ptr<const TableSchema>> now;
    bool same = true;
    for (const TableChange& each : all) {
      auto schema = co_await find(place, each.schema.name, deadline);
      if (!schema && schema.error().code == ErrorCode::not_found) {
        same = false;  // dropped, or under another name
        continue;
      }
      LATIUM_CO_CHECKED(schema);
      const auto was = before.find((*schema)->id);
      same = same && was != before.end() && *was->second == **schema;
      now.emplace((*schema)->id, *std::move(schema));
    }
    if (same) {
      std::vector<std::shared_ptr<const TableSchema>> out;
      for (auto& [id, schema] : now) out.push_back(std::move(schema));
      co_return out;
    }
    before = std::move(now);
  }
}

Task<std::vector<std::string>> Catalog::referencing(CatalogPlace place, std::string table, MonotonicTime deadline) {
  auto known = references_.find(place.tenant);
  if (known == references_.end() || known->second.until <= runtime_.clock.monotonic_now()) {
    const MonotonicTime began = runtime_.clock.monotonic_now();
    const std::uint64_t forgotten = references_forgotten_;
    LATIUM_CO_TRY(const std::vector<Found> all, co_await read_all(place, deadline));
    References made{.to = {}, .until = saturating_add(began, kSchemaLease)};
    if (forgotten != references_forgotten_) made.until = began;
    for (const Found& found : all) {
      if (!found.record.table) continue;
      for (const ForeignKeySchema& key : found.record.table->foreign_keys) {
        made.to.emplace(fold_nocase(key.table), found.record.table->name);
      }
    }
    if (references_.size() >= kSlotsMax) references_.clear();
    known = references_.insert_or_assign(place.tenant, std::move(made)).first;
  }
  std::vector<std::string> out;
  const auto [first, last] = known->second.to.equal_range(fold_nocase(table));
  for (auto each = first; each != last; ++each) {
    if (std::ranges::find(out, each->second) == out.end()) out.push_back(each->second);
  }
  co_return out;
}

void Catalog::forget_references(TenantId tenant) {
  references_.erase(tenant);
  ++references_forgotten_;
}

Task<void> Catalog::all_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await give_up(place, key, version, deadline));
  co_return co_await peers_.others_gave_up(place, std::move(key), version, deadline);
}

// The record once it is settled; settles it itself when all nodes have given up what was before, or when it has stood there long
// enough. Nothing: that is not before `wait_until`.
//
// Why a wait of the lease is enough: the record was chosen when the read that found it ended, at the latest. A schema in use from
// before was read by a read that began before that, so its lease has run out kSchemaLease after it. And nothing else was written
// meanwhile, or the compare-and-set fails.
Task<std::optional<Catalog::Found>> Catalog::settled(CatalogPlace place, Bytes key, MonotonicTime wait_until,
                                                     MonotonicTime deadline) {
  const Use slot(*this, place, key);
  while (true) {
    LATIUM_CO_TRY(Found found, co_await read(place, key, deadline));
    if (found.record.moved_from) {
      LATIUM_CO_TRY(const bool ended, co_await go_on_moving(place, std::move(found), wait_until, deadline));
      if (!ended) co_return std::nullopt;
      continue;
    }
    if (found.record.settled) {
      slot->unsettled_version = 0;
      co_return std::move(found);
    }
    if (slot->unsettled_version != found.version) {
      slot->unsettled_version = found.version;
      slot->unsettled_since = runtime_.clock.monotonic_now();
    }
    const MonotonicTime until = saturating_add(slot->unsettled_since, kSchemaSettling);
    const MonotonicTime ask_until = std::min(until, wait_until);
    bool agreed = false;
    if (ask_until > runtime_.clock.monotonic_now()) {
      agreed = (co_await all_gave_up(place, key, found.version, ask_until)).has_value();
    }
    if (!agreed) {
      if (until >= wait_until && until > runtime_.clock.monotonic_now()) co_return std::nullopt;
      LATIUM_CO_CHECKED(co_await sleep_until(runtime_, until));
    }
    found.record.settled = true;
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) ++(agreed ? statistics_.agreed : statistics_.waited);
  }
}

}  // namespace latium
