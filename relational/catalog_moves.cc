// Renaming tables: from the register of one name to that of another. docs/protocols.md, "Schemas".
#include <algorithm>

#include "relational/catalog.h"
#include "relational/key_codec.h"
#include "relational/schema_parts.h"

namespace latium {

Task<void> Catalog::check_unnamed(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const std::vector<Found> all, co_await read_all(place, deadline));
  for (const Found& found : all) {
    if (!found.record.table) continue;
    const std::vector<std::string> names = tables_named(*found.record.table);
    if (std::ranges::find(names, fold_nocase(table)) == names.end()) continue;
    co_return fail(ErrorCode::conflict, "table " + quoted(table) + " cannot be renamed: table " +
                                            quoted(found.record.table->name) + " names it by a foreign key: drop that first");
  }
  co_return Result<void>();
}

// Once nothing else says of the table that it is on its way.
Task<void> Catalog::forget_moved(CatalogPlace place, Bytes key, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(Found left, co_await read(place, key, deadline));
    if (!left.record.moved_to) co_return Result<void>();
    const MovedTo moved = *left.record.moved_to;
    LATIUM_CO_TRY(const Found now, co_await read(place, catalog_key(moved.name), deadline));
    if (now.record.moved_from && left.record.let_go(now.record)) co_return Result<void>();
    left.record.moved_to.reset();
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(left), deadline));
    if (written) co_return Result<void>();
  }
}

// A table on its way to the name `found`, whoever began that. It moves where its old name lets go of it: at that moment, if it is
// as it was when that was asked for. Then nobody may use the old name any more, and only then it can be changed under the new
// one: two versions are in use. False: not by `wait_until`.
Task<bool> Catalog::go_on_moving(CatalogPlace place, Found found, MonotonicTime wait_until, MonotonicTime deadline) {
  const MovedFrom from = *found.record.moved_from;
  const TableId id = found.record.table->id;
  const Bytes old_key = catalog_key(from.name);
  LATIUM_CO_TRY(Found old, co_await read(place, old_key, deadline));
  const bool moved = old.record.let_go(found.record);
  if (!moved && old.version == from.version && old.record.table && old.record.table->id == id) {
    old.record.table.reset();
    old.record.settled = false;
    old.record.moved_to = MovedTo{id, found.record.table->name, from.attempt};
    LATIUM_CO_CHECKED((co_await write(place, std::move(old), deadline)));
    co_return true;
  }
  if (!moved) {
    // It was changed meanwhile, and will not come.
    found.record.table.reset();
  } else {
    LATIUM_CO_TRY(const auto left, co_await settled(place, old_key, wait_until, deadline));
    if (!left) co_return false;
  }
  found.record.moved_from.reset();
  found.record.settled = true;
  LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
  if (written && moved) LATIUM_CO_CHECKED(co_await forget_moved(place, old_key, deadline));
  co_return true;
}

// The record of the new name says that it comes: whether it has, and whether that is settled.
Task<TableChange> Catalog::finish_moving(CatalogPlace place, std::string from, TableSchema schema, MonotonicTime deadline) {
  const auto done = co_await settled(place, catalog_key(schema.name), deadline, deadline);
  if (done && *done) {
    const auto& table = (*done)->record.table;
    if (table && table->id == schema.id) co_return TableChange{*table, true};
    co_return fail(ErrorCode::conflict, "table " + quoted(from) + " was changed while it was renamed: do it again");
  }
  // Also when there is no time left.
  const MonotonicTime until = saturating_add(runtime_.clock.monotonic_now(), std::chrono::seconds(1));
  const auto now = co_await describe(place, schema.name, until);
  if (now && now->schema.id == schema.id) co_return TableChange{now->schema, false};
  co_return fail(ErrorCode::unknown_outcome, Certainty::unknown,
                 "whether table " + quoted(from) + " is renamed to " + quoted(schema.name) + " is not known: look again");
}

Task<TableChange> Catalog::rename_table(CatalogPlace place, std::string from, std::string to, std::string sql,
                                        MonotonicTime deadline) {
  LATIUM_CO_CHECKED((co_await describe(place, from, deadline)));
  if (same_name(from, to)) {
    co_return co_await change(
        place, from, [to, sql](const TableSchema& schema) { return latium::rename_table(schema, to, sql); }, deadline);
  }
  while (true) {
    LATIUM_CO_TRY(const Found old, co_await wait_for_turn(place, from, deadline));
    if (!old.record.table) co_return unknown_table(from);
    LATIUM_CO_TRY(TableSchema next, latium::rename_table(*old.record.table, to, sql));
    LATIUM_CO_CHECKED(co_await check_childless(place, from, deadline));
    LATIUM_CO_CHECKED(co_await check_unnamed(place, from, deadline));
    LATIUM_CO_TRY(Found found, co_await wait_for_turn(place, to, deadline));
    if (found.record.table) co_return fail(ErrorCode::already_exists, "table " + quoted(to) + " exists already");
    // A name says of one table where it has gone.
    if (old.record.moved_to) {
      LATIUM_CO_CHECKED((co_await wait_for_turn(place, old.record.moved_to->name, deadline)));
      LATIUM_CO_CHECKED(co_await forget_moved(place, old.key, deadline));
      continue;
    }
    // Who announces it would look for it in vain.
    if (next.unannounced) {
      LATIUM_CO_CHECKED(co_await announce(place, from, next.id, deadline));
      continue;
    }
    // It came here meanwhile, and was dropped.
    if (std::ranges::find(found.record.dropped, next.id, &DroppedTable::id) != found.record.dropped.end()) continue;
    found.record.table = next;
    found.record.settled = false;
    found.record.moved_from = MovedFrom{from, old.version, runtime_.random.next()};
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) co_return co_await finish_moving(place, std::move(from), std::move(next), deadline);
  }
}

}  // namespace latium
