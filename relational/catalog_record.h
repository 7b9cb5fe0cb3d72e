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

/// Where a table comes from that is being renamed, and the version of that name's register: it moves only if that has not
/// changed.
struct MovedFrom {
  std::string name;
  std::uint64_t version = 0;
  std::uint64_t attempt = 0;  ///< drawn: what is left of an attempt is not taken for another one
  bool closes = false;        ///< others name it: before it moves it is closed (TableSchema::moving), and those are changed

  friend bool operator==(const MovedFrom&, const MovedFrom&) = default;
};

/// The name that a table has now which had this one.
struct MovedTo {
  TableId id;
  std::string name;
  std::uint64_t attempt = 0;

  friend bool operator==(const MovedTo&, const MovedTo&) = default;
};

/// A name in use, or one whose dropped tables still have rows, or that a table has just left. All empty: the register is as good
/// as absent.
struct CatalogRecord {
  std::optional<TableSchema> table;
  /// Nobody uses anything older than this record. A change writes false; who has waited long enough after it, true.
  bool settled = true;
  std::vector<DroppedTable> dropped;  ///< by ascending id
  /// `table` is here once the record of that name says that it has moved. Until then it is there, under its old name.
  std::optional<MovedFrom> moved_from{};
  /// Stays until the other record has no `moved_from` any more.
  std::optional<MovedTo> moved_to{};

  bool empty() const { return !table && dropped.empty() && !moved_to; }
  /// The table of `coming`, which has a `moved_from`, has left this name for that one.
  bool let_go(const CatalogRecord& coming) const {
    return moved_to && *moved_to == MovedTo{coming.table->id, coming.table->name, coming.moved_from->attempt};
  }
  friend bool operator==(const CatalogRecord&, const CatalogRecord&) = default;
};

/// Which table is closed: one at a time, so that two that name each other do not wait for each other.
inline constexpr std::string_view kTableMoveKey = "table_move";
/// latium.catalog.TableMove. `corruption`.
Bytes encode_table_move(const TableMove& move);
Result<TableMove> decode_table_move(BytesView stored);

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
