// Renaming tables: from the register of one name to that of another. docs/protocols.md, "Schemas".
#include <algorithm>

#include "relational/catalog.h"
#include "relational/key_codec.h"
#include "relational/schema_parts.h"

namespace latium {

namespace {

bool names(const TableSchema& schema, std::string_view table) {
  const std::vector<std::string> named = tables_named(schema);
  return std::ranges::find(named, fold_nocase(table)) != named.end();
}

}  // namespace

// By foreign keys.
Task<std::vector<TableSchema>> Catalog::naming(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(std::vector<Found> all, co_await read_all(place, deadline));
  std::vector<TableSchema> out;
  for (Found& found : all) {
    if (found.record.table && names(*found.record.table, table)) out.push_back(*std::move(found.record.table));
  }
  co_return out;
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

// Only one table is closed at a time. What another one's maker has left is ended first. False: not by `wait_until`.
Task<bool> Catalog::take_the_move(CatalogPlace place, TableMove move, MonotonicTime wait_until, MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await store_.read(place, Bytes(kTableMoveKey), deadline));
    std::optional<Bytes> next = encode_table_move(move);
    if (entry.value) {
      LATIUM_CO_TRY(const TableMove other, decode_table_move(*entry.value));
      if (other == move) co_return true;
      LATIUM_CO_TRY(const Found its, co_await read(place, catalog_key(other.to), deadline));
      if (its.record.moved_from && its.record.moved_from->attempt == other.attempt) {
        LATIUM_CO_TRY(const auto ended, co_await settled(place, catalog_key(other.to), wait_until, deadline));
        if (!ended) co_return false;
        continue;
      }
      next.reset();
    }
    const auto written = co_await store_.cas(place, Bytes(kTableMoveKey), entry.version, std::move(next), deadline);
    if (!written && written.error().code != ErrorCode::unknown_outcome) co_return fail(written.error());
  }
}

Task<void> Catalog::give_back_the_move(CatalogPlace place, TableMove move, MonotonicTime deadline) {
  LATIUM_CO_TRY(const CatalogStore::Entry entry, co_await store_.read(place, Bytes(kTableMoveKey), deadline));
  if (!entry.value || *entry.value != encode_table_move(move)) co_return Result<void>();
  // Where that is not known, who takes it next finds out that it is over.
  LATIUM_CO_CHECKED((co_await store_.cas(place, Bytes(kTableMoveKey), entry.version, std::nullopt, deadline)));
  co_return Result<void>();
}

// A table that names the one that moves. As long as that is closed for this move and this one names it, it cannot have moved; a
// slow one that drives a move of before changes nothing. False: not by `wait_until`.
Task<bool> Catalog::follow_move(CatalogPlace place, std::string table, std::string from, TableMove move, MonotonicTime wait_until,
                                MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(auto found, co_await settled(place, catalog_key(table), wait_until, deadline));
    if (!found) co_return false;
    if (!found->record.table || !names(*found->record.table, from)) co_return true;
    LATIUM_CO_TRY(const Found named, co_await read(place, catalog_key(from), deadline));
    if (!named.record.table || named.record.table->moving != move) co_return true;
    LATIUM_CO_TRY(found->record.table, names_renamed(*found->record.table, from, move.to));
    found->record.settled = false;
    LATIUM_CO_CHECKED((co_await write(place, *std::move(found), deadline)));
  }
}

// Nobody writes to the closed table any more: those that name it get its new name, and can have no rows until they are announced.
// False: not all by `wait_until`.
Task<bool> Catalog::tell_those_who_name(CatalogPlace place, std::string from, TableMove move, MonotonicTime wait_until,
                                        MonotonicTime deadline) {
  while (true) {
    LATIUM_CO_TRY(const auto closed, co_await settled(place, catalog_key(from), wait_until, deadline));
    if (!closed) co_return false;
    if (!closed->record.table || closed->record.table->moving != move) co_return true;  // it has moved
    LATIUM_CO_TRY(const std::vector<TableSchema> left, co_await naming(place, from, deadline));
    // What another one has changed need not be settled.
    LATIUM_CO_TRY(std::vector<TableSchema> tables, co_await naming(place, move.to, deadline));
    tables.insert(tables.end(), left.begin(), left.end());
    for (const TableSchema& each : tables) {
      LATIUM_CO_TRY(const bool follows, co_await follow_move(place, each.name, from, move, wait_until, deadline));
      if (!follows) co_return false;
    }
    if (left.empty()) co_return true;
  }
}

// A table on its way to the name `found`, whoever began that. It moves where its old name lets go of it: at that moment, if it is
// as it was when that was asked for, or closed for it. Then nobody may use the old name any more, and only then it can be changed
// under the new one: two versions are in use. False: not by `wait_until`.
Task<bool> Catalog::go_on_moving(CatalogPlace place, Found found, MonotonicTime wait_until, MonotonicTime deadline) {
  const MovedFrom from = *found.record.moved_from;
  const TableId id = found.record.table->id;
  const TableMove move{found.record.table->name, from.attempt};
  const Bytes old_key = catalog_key(from.name);
  LATIUM_CO_TRY(Found old, co_await read(place, old_key, deadline));
  const bool moved = old.record.let_go(found.record);
  const bool here = !moved && old.record.table && old.record.table->id == id;
  const bool closed = here && old.record.table->moving == move;
  if (here && from.closes && old.version == from.version) {
    LATIUM_CO_TRY(const bool taken, co_await take_the_move(place, move, wait_until, deadline));
    if (!taken) co_return false;
    old.record.table = latium::closed(*old.record.table, move);
    old.record.settled = false;
    LATIUM_CO_CHECKED((co_await write(place, std::move(old), deadline)));
    co_return true;
  }
  if (closed) {
    LATIUM_CO_TRY(const bool told, co_await tell_those_who_name(place, from.name, move, wait_until, deadline));
    if (!told) co_return false;
    LATIUM_CO_TRY(old, co_await read(place, old_key, deadline));
    if (!old.record.table || old.record.table->moving != move) co_return true;
  }
  if (closed || (here && old.version == from.version)) {
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
  if (!written) co_return true;
  if (moved) LATIUM_CO_CHECKED(co_await forget_moved(place, old_key, deadline));
  if (from.closes) LATIUM_CO_CHECKED(co_await give_back_the_move(place, move, deadline));
  co_return true;
}

// Those that have followed a table to its new name.
Task<void> Catalog::announce_followers(CatalogPlace place, std::string table, MonotonicTime deadline) {
  LATIUM_CO_TRY(const std::vector<TableSchema> tables, co_await naming(place, table, deadline));
  for (const TableSchema& each : tables) {
    if (each.unannounced) LATIUM_CO_CHECKED(co_await announce(place, each.name, each.id, deadline));
  }
  co_return Result<void>();
}

// The record of the new name says that it comes: whether it has, and whether that is settled.
Task<TableChange> Catalog::finish_moving(CatalogPlace place, std::string from, TableSchema schema, MonotonicTime deadline) {
  const auto done = co_await settled(place, catalog_key(schema.name), deadline, deadline);
  if (done && *done) {
    const auto& table = (*done)->record.table;
    if (table && table->id == schema.id) {
      const auto announced = co_await announce_followers(place, schema.name, deadline);
      co_return TableChange{*table, announced.has_value()};
    }
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
    LATIUM_CO_TRY(const std::vector<TableSchema> followers, co_await naming(place, from, deadline));
    const bool closes = !followers.empty();
    if (closes) ++next.version;
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
    found.record.moved_from = MovedFrom{from, old.version, runtime_.random.next(), closes};
    LATIUM_CO_TRY(const bool written, co_await write(place, std::move(found), deadline));
    if (written) co_return co_await finish_moving(place, std::move(from), std::move(next), deadline);
  }
}

}  // namespace latium
