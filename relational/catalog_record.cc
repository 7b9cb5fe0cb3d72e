#include "relational/catalog_record.h"

#include <algorithm>
#include <utility>

#include "proto/catalog.pb.h"
#include "relational/key_codec.h"

namespace latium {

Bytes encode_catalog_record(const CatalogRecord& record) {
  catalog::CatalogRecord out;
  if (record.table) out.set_table(encode_schema(*record.table));
  out.set_settled(record.settled);
  for (const DroppedTable& table : record.dropped) {
    catalog::DroppedTable& dropped = *out.add_dropped();
    dropped.set_id(table.id.value);
    dropped.set_name(table.name);
  }
  if (record.moved_from) {
    out.mutable_moved_from()->set_name(record.moved_from->name);
    out.mutable_moved_from()->set_version(record.moved_from->version);
    out.mutable_moved_from()->set_attempt(record.moved_from->attempt);
    out.mutable_moved_from()->set_closes(record.moved_from->closes);
  }
  if (record.moved_to) {
    out.mutable_moved_to()->set_id(record.moved_to->id.value);
    out.mutable_moved_to()->set_name(record.moved_to->name);
    out.mutable_moved_to()->set_attempt(record.moved_to->attempt);
  }
  return out.SerializeAsString();
}

Result<CatalogRecord> decode_catalog_record(BytesView stored) {
  catalog::CatalogRecord record;
  if (!record.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) {
    return fail(ErrorCode::corruption, "the catalog's record of a table does not parse");
  }
  CatalogRecord out;
  out.settled = record.settled();
  if (!record.table().empty()) {
    LATIUM_TRY(out.table, decode_schema(record.table()));
  }
  TableId last;
  for (const catalog::DroppedTable& table : record.dropped()) {
    const TableId id{table.id()};
    if (id <= last) return fail(ErrorCode::corruption, "the catalog's record of a table: the ids of dropped ones do not ascend");
    out.dropped.push_back({id, table.name()});
    last = id;
  }
  if (out.table && std::ranges::find(out.dropped, out.table->id, &DroppedTable::id) != out.dropped.end()) {
    return fail(ErrorCode::corruption, "the catalog's record of a table has dropped it");
  }
  if (const auto& from = record.moved_from(); record.has_moved_from())
    out.moved_from = MovedFrom{from.name(), from.version(), from.attempt(), from.closes()};
  if (const auto& to = record.moved_to(); record.has_moved_to())
    out.moved_to = MovedTo{TableId{to.id()}, to.name(), to.attempt()};
  if (out.moved_from && !out.table) {
    return fail(ErrorCode::corruption, "the catalog's record of a table that is being renamed has no table");
  }
  return out;
}

Bytes encode_table_move(const TableMove& move) {
  catalog::TableMove out;
  out.set_to(move.to);
  out.set_attempt(move.attempt);
  return out.SerializeAsString();
}

Result<TableMove> decode_table_move(BytesView stored) {
  catalog::TableMove move;
  if (!move.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) {
    return fail(ErrorCode::corruption, "the catalog's record of the table that is closed does not parse");
  }
  return TableMove{move.to(), move.attempt()};
}

Bytes catalog_key(std::string_view table) {
  return Bytes(kCatalogKeyPrefix) + fold_nocase(table);
}

}  // namespace latium
