// Changing the catalog: each change is one compare-and-set of a table's record.
#include <algorithm>

#include "relational/catalog.h"
#include "relational/id_block.h"
#include "relational/schema_parts.h"

namespace latium {

namespace {

// A node that is cut off holds back three changes, one after the other.
constexpr Duration kAnnouncingMax = std::chrono::seconds(30);

}  // namespace

Task<bool> Catalog::write(CatalogPlace place, Found found, MonotonicTime deadline) {
  std::optional<Bytes> value;
  if (!found.record.empty() || !found.record.settled) value = encode_catalog_record(found.record);
  const Name name(place.tenant, found.key);
  auto written = co_await store_.cas(place, std::move(found.key), found.version, std::move(value), deadline);
  // Whatever became of it: who asks on this node next sees it.
  forget_references(place.tenant);
  if (const auto slot = slots_.find(name); slot != slots_.end()) {
    ++slot->second.generation;
    stop_lending(name, slot->second);
  }
  co_return written;
}

// The settled record that the next change starts from.
Task<Catalog::Found> Catalog::wait_for_turn(CatalogPlace place, std::string table, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(auto found, co_await settled(place, catalog_key(table), deadline, deadline));
    const bool closed = found && found->record.table && found->record.table->moving;
    if (found && !closed) co_return *std::move(found);
    if (!found) break;
    // It goes on to where it moves to.
    LATIUM_CO_TRY(const auto moved, co_await settled(place, catalog_key(found->record.table->moving->to), deadline, deadline));
    if (!moved) break;
  }
  co_return fail(ErrorCode::conflict, "table " + quoted(table) +
                                          " was changed a moment ago, and some node may still use the version before: retry "
                                          "with a timeout above " +
                                          std::to_string(std::chrono::ceil<std::chrono::seconds>(kSchemaSettling).count()) +
                                          " s");
}

// After a change that was made: no error takes that back.
Task<TableChange> Catalog::finish(CatalogPlace place, Bytes key, TableSchema schema, MonotonicTime deadline) {
  const auto done = co_await settled(place, std::move(key), deadline, deadline);
  co_return TableChange{std::move(schema), done && *done};
}

Task<TableChange> Catalog::change(CatalogPlace place, std::string table, Change apply, MonotonicTime deadline) {
  // What is not there needs no wait for its turn.
  LATIUM_CO_TRY(const TableChange seen, co_await describe(place, table, deadline));
  bool lost = false;
  while (true) {
    LATIUM_CO_TRY(Found found, co_await wait_for_turn(place, table, deadline));
    if (!found.record.table) co_return unknown_table(table);
    const std::vector<std::string> names = tables_named(*found.record.table);
    lost = lost || found.record.table->version != seen.schema.version || found.record.table->id != seen.schema.id;
    Result<TableSchema> next = apply(*found.record.table);
    if (!next && lost) {
      co_return fail(ErrorCode::conflict,
                     "another change of the table was first, and this one does not apply any more: " + next.error().message);
    }
    if (!next) co_return fail(std::move(next).error());
    const bool names_more = !std::ranges::includes(names, tables_named(*next));
    if (names_more) next->unannounced = true;
    const Bytes key = found.key;
    found.record.table = *next;
    found.record.settled = false;
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) {
      LATIUM_CO_TRY(TableChange made, co_await finish(place, key, *std::move(next), deadline));
      if (!names_more) co_return std::move(made);
      co_return co_await finish_announcing(place, std::move(made), deadline);
    }
    lost = true;
  }
}

Task<void> Catalog::announce_to(CatalogPlace place, std::string table, MonotonicTime deadline) {
  // It may be on its way here.
  LATIUM_CO_CHECKED((co_await wait_for_turn(place, table, deadline)));
  const auto told = co_await change(
      place, table, [](const TableSchema& schema) -> Result<TableSchema> { return named_once_more(schema); }, deadline);
  // Whoever makes it later than this one knows of this one.
  if (!told && told.error().code == ErrorCode::not_found) co_return Result<void>();
  LATIUM_CO_CHECKED(told);
  if (told->settled) co_return Result<void>();
  co_return fail(ErrorCode::deadline_exceeded, "not all who use table " + quoted(table) + " have heard of it");
}

// From when all is settled here, nobody uses a table that this one names without knowing of this one.
Task<void> Catalog::announce(CatalogPlace place, std::string table, TableId id, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto schema, co_await unannounced(place, table, id, deadline));
  if (!schema) co_return Result<void>();
  const std::vector<std::string> names = tables_named(*schema);
  TaskGroup group(runtime_.executor, std::max<std::size_t>(names.size(), 1));
  for (const std::string& name : names) {
    const auto spawned = group.spawn(announce_to(place, name, deadline));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  LATIUM_CO_CHECKED(co_await group.join());
  const auto done = co_await change(
      place, table,
      [id](const TableSchema& now) -> Result<TableSchema> {
        if (now.id != id) return unknown_table(now.name);
        return announced(now);
      },
      deadline);
  if (done && done->settled) co_return Result<void>();
  if (done) co_return fail(ErrorCode::deadline_exceeded, "not all have heard of table " + quoted(table));
  // Another one may have done it meanwhile.
  LATIUM_CO_TRY(const auto left, co_await unannounced(place, table, id, deadline));
  if (!left) co_return Result<void>();
  co_return fail(done.error());
}

// Nothing: it is announced, or gone.
Task<std::optional<TableSchema>> Catalog::unannounced(CatalogPlace place, std::string table, TableId id, MonotonicTime deadline) {
  LATIUM_CO_TRY(Found found, co_await read_here(place, catalog_key(table), deadline));
  auto& schema = found.record.table;
  if (!schema || schema->id != id || !schema->unannounced) co_return std::nullopt;
  co_return std::move(schema);
}

// A change that makes the table name others is made already.
Task<TableChange> Catalog::finish_announcing(CatalogPlace place, TableChange made, MonotonicTime deadline) {
  const std::string table = made.schema.name;
  const TableId id = made.schema.id;
  const auto done = co_await announce(place, table, id, deadline);
  made.settled = done.has_value();
  if (done) {
    made.schema.unannounced = false;
  } else if (refreshes_.has_room()) {
    const MonotonicTime until = saturating_add(runtime_.clock.monotonic_now(), kAnnouncingMax);
    const auto spawned = refreshes_.spawn(announce(place, table, id, until));
    LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  }
  co_return std::move(made);
}

Task<TableId> Catalog::new_table_id(CatalogPlace place, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await store_.read(place, Bytes(kTableIdsKey), deadline));
    std::int64_t counter = 1;
    if (entry.value) {
      LATIUM_CO_TRY(counter, decode_counter(*entry.value));
    }
    const TableId id{static_cast<std::uint32_t>(counter)};
    if (id.value != counter) co_return fail(ErrorCode::conflict, "the tenant has had all the tables that there are ids for");
    const auto taken = co_await store_.cas(place, Bytes(kTableIdsKey), entry.version, encode_counter(counter + 1), deadline);
    // Where it is not known whether the id was taken, the next one is.
    if (!taken && taken.error().code != ErrorCode::unknown_outcome) co_return fail(taken.error());
    if (taken && *taken) co_return id;
  }
}

// Rows lie beside their parent's, which they find by the foreign key alone: it has to be the parent's primary key.
Task<void> Catalog::check_parent(CatalogPlace place, TableSchema child, MonotonicTime deadline) {
  if (child.parent.empty()) co_return Result<void>();
  LATIUM_CO_TRY(const Found found, co_await read(place, catalog_key(child.parent), deadline));
  if (!found.record.table) co_return refused(child, "its parent " + quoted(child.parent) + " does not exist: create it first");
  const TableSchema& parent = *found.record.table;
  const auto key = std::ranges::find_if(child.foreign_keys, [&](const auto& each) { return same_name(each.table, parent.name); });
  LATIUM_CHECK(key != child.foreign_keys.end(), "a schema with a parent has a foreign key to it");
  bool same = key->columns.size() == parent.primary_key.size();
  for (std::size_t i = 0; same && i < key->columns.size(); ++i) {
    const ColumnSchema& there = parent.column(parent.primary_key[i]);
    const ColumnSchema& here = child.column(key->columns[i]);
    same = same_name(key->referenced[i], there.name) && here.type == there.type && here.nocase == there.nocase && !here.nullable;
  }
  if (same) co_return Result<void>();
  co_return refused(child, "its foreign key to its parent " + quoted(parent.name) +
                               " must name the columns of the parent's primary key, in their order, by columns of the same types "
                               "that are not nullable");
}

Task<TableChange> Catalog::create_table(CatalogPlace place, TableDefinition definition, MonotonicTime deadline) {
  LATIUM_CO_TRY(TableSchema schema, make_schema(definition, TableId{1}));
  const auto exists = [](const TableDefinition& table) {
    return fail(ErrorCode::already_exists, "table " + quoted(table.name) + " exists already");
  };
  schema.unannounced = !tables_named(schema).empty();
  LATIUM_CO_TRY(const Found now, co_await read_here(place, catalog_key(definition.name), deadline));
  if (now.record.table) co_return exists(definition);
  LATIUM_CO_CHECKED(co_await check_parent(place, schema, deadline));
  TableId id;
  while (true) {
    LATIUM_CO_TRY(Found found, co_await wait_for_turn(place, definition.name, deadline));
    if (found.record.table) co_return exists(definition);
    const auto& dropped = found.record.dropped;
    if (dropped.size() >= kMaxDroppedTables) {
      co_return fail(ErrorCode::conflict, "the rows of " + std::to_string(dropped.size()) + " dropped tables of the name " +
                                              quoted(definition.name) + " are not removed yet: wait, or take another name");
    }
    // Drawn again when others were made and dropped meanwhile: ids of one name ascend.
    if (!id || (!dropped.empty() && dropped.back().id >= id)) {
      LATIUM_CO_TRY(id, co_await new_table_id(place, deadline));
      continue;
    }
    schema.id = id;
    found.record.table = schema;
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (!written) continue;
    // Nobody has used a version before it.
    TableChange made{std::move(schema), true};
    if (!made.schema.unannounced) co_return std::move(made);
    co_return co_await finish_announcing(place, std::move(made), deadline);
  }
}

Task<void> Catalog::check_childless(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const std::vector<Found> all, co_await read_all(place, deadline));
  for (const Found& found : all) {
    if (!found.record.table || !same_name(found.record.table->parent, table)) continue;
    co_return fail(ErrorCode::conflict, "table " + quoted(table) + " is the parent of " + quoted(found.record.table->name) +
                                            ", whose rows lie beside its own: drop that first");
  }
  co_return Result<void>();
}

Task<TableChange> Catalog::drop_table(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_CHECKED((co_await describe(place, table, deadline)));
  while (true) {
    LATIUM_CO_TRY(Found found, co_await wait_for_turn(place, table, deadline));
    if (!found.record.table) co_return unknown_table(table);
    LATIUM_CO_CHECKED(co_await check_childless(place, table, deadline));
    const Bytes key = found.key;
    TableSchema schema = *std::move(found.record.table);
    found.record.table.reset();
    found.record.settled = false;
    const auto place_of = std::ranges::upper_bound(found.record.dropped, schema.id, {}, &DroppedTable::id);
    found.record.dropped.insert(place_of, {schema.id, schema.name});
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) co_return co_await finish(place, key, std::move(schema), deadline);
  }
}

Task<TableSchema> Catalog::settle(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(Found found, co_await wait_for_turn(place, table, deadline));
  if (!found.record.table) co_return unknown_table(table);
  co_return *std::move(found.record.table);
}

Task<void> Catalog::forget_entries(CatalogPlace place, std::string table, IndexId index, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(Found found, co_await read(place, catalog_key(table), deadline));
    if (!found.record.table || std::erase(found.record.table->unswept_indexes, index) == 0) co_return Result<void>();
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) co_return Result<void>();
  }
}

Task<std::vector<DroppedTable>> Catalog::dropped_tables(CatalogPlace place, MonotonicTime deadline) {
  LATIUM_CO_TRY(const std::vector<Found> all, co_await read_all(place, deadline));
  std::vector<DroppedTable> out;
  for (const Found& each : all) {
    if (each.record.moved_to) LATIUM_CO_CHECKED(co_await forget_moved(place, each.key, deadline));
    if (each.record.dropped.empty()) continue;
    LATIUM_CO_TRY(const auto found, co_await settled(place, each.key, runtime_.clock.monotonic_now(), deadline));
    if (found) out.insert(out.end(), found->record.dropped.begin(), found->record.dropped.end());
  }
  co_return out;
}

Task<void> Catalog::forget_dropped(CatalogPlace place, DroppedTable table, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(Found found, co_await read(place, catalog_key(table.name), deadline));
    if (std::erase_if(found.record.dropped, [&](const DroppedTable& each) { return each.id == table.id; }) == 0) {
      co_return Result<void>();
    }
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) co_return Result<void>();
  }
}

Task<TableChange> Catalog::alter(CatalogPlace place, std::string table,
                                 std::function<Result<TableSchema>(const TableSchema&)> change, MonotonicTime deadline) {
  return this->change(place, std::move(table), std::move(change), deadline);
}

Task<TableChange> Catalog::add_column(CatalogPlace place, std::string table, Column column, MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [column = std::move(column)](const TableSchema& schema) { return latium::add_column(schema, column); }, deadline);
}

Task<TableChange> Catalog::drop_column(CatalogPlace place, std::string table, std::string column, MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [column = std::move(column)](const TableSchema& schema) { return latium::drop_column(schema, column); }, deadline);
}

Task<TableChange> Catalog::rename_column(CatalogPlace place, std::string table, std::string from, std::string to,
                                         MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [from = std::move(from), to = std::move(to)](const TableSchema& schema) { return latium::rename_column(schema, from, to); },
      deadline);
}

Task<TableChange> Catalog::add_index(CatalogPlace place, std::string table, Index index, MonotonicTime deadline) {
  return change(
      place, std::move(table), [index = std::move(index)](const TableSchema& schema) { return latium::add_index(schema, index); },
      deadline);
}

Task<TableChange> Catalog::index_became_public(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [index = std::move(index)](const TableSchema& schema) { return latium::index_became_public(schema, index); }, deadline);
}

Task<TableChange> Catalog::drop_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [index = std::move(index)](const TableSchema& schema) { return latium::drop_index(schema, index); }, deadline);
}

Task<TableChange> Catalog::forget_index(CatalogPlace place, std::string table, std::string index, MonotonicTime deadline) {
  return change(
      place, std::move(table),
      [index = std::move(index)](const TableSchema& schema) { return latium::forget_index(schema, index); }, deadline);
}

}  // namespace latium
