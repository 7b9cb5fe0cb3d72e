#include "relational/catalog_record.h"

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
  if (out.table && out.table->id <= last) {
    return fail(ErrorCode::corruption, "the catalog's record of a table has dropped one that is younger");
  }
  return out;
}

Bytes catalog_key(std::string_view table) {
  return Bytes(kCatalogKeyPrefix) + fold_nocase(table);
}

}  // namespace latium
