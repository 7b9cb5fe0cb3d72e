// What the register of a table's name holds: the schema, whether it is settled, and what is left of tables that were dropped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "relational/schema.h"

namespace latium {

/// Of one name. A table is not made again under it while the rows of so many that had it are still there.
inline constexpr std::size_t kMaxDroppedTables = 256;

struct DroppedTable {
  TableId id;
  std::string name;  ///< as it was given

  friend bool operator==(const DroppedTable&, const DroppedTable&) = default;
};

/// A name in use, or one whose dropped tables still have rows. Both empty: the register is as good as absent.
struct CatalogRecord {
  std::optional<TableSchema> table;
  /// Nobody uses anything older than this record. A change writes false; who has waited long enough after it, true.
  bool settled = true;
  std::vector<DroppedTable> dropped;  ///< by ascending id

  bool empty() const { return !table && dropped.empty(); }
  friend bool operator==(const CatalogRecord&, const CatalogRecord&) = default;
};

/// latium.catalog.CatalogRecord.
Bytes encode_catalog_record(const CatalogRecord& record);
/// `corruption` on what encode_catalog_record cannot have written.
Result<CatalogRecord> decode_catalog_record(BytesView stored);

/// Where the record of a table lies, without regard to the case of its name.
Bytes catalog_key(std::string_view table);
/// What all of these keys begin with.
inline constexpr std::string_view kCatalogKeyPrefix = "table/";
/// The lowest table id that was not given out, as encode_counter() has it.
inline constexpr std::string_view kTableIdsKey = "table_ids";

}  // namespace latium
