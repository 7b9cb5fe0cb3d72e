// Where the things of a table lie: the keys of rows and of index entries. Byte table: docs/formats.md.
//
//   table id u32 BE | 'r'            | primary key tuple                                a row
//   table id u32 BE | 'u' | index u32 BE | values tuple                                 an entry of a unique index
//   table id u32 BE | 'x' | index u32 BE | values tuple | primary key tuple             an entry of another index
//   table id u32 BE | 'a'                                                               the counter of the auto_increment column
//
// So a table is one range, and so are its rows and each of its indexes; within, keys sort as the tuples do. Values are fitted to
// their columns (an integer becomes a real for a real column), and text of nocase columns is folded: what comes back from a key
// is that form. A number of a column of any type is two elements: the nearest real, and the integer that is missing to it.
// Functions that take values answer `invalid_argument` as fit_value does, and for a key above kMaxTableKeyBytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "latium/row.h"
#include "relational/key_codec.h"
#include "relational/schema.h"

namespace latium {

/// The longest key: what registers and buckets take (64 KiB), less room for what is put in front.
inline constexpr std::size_t kMaxTableKeyBytes = (64u << 10) - 256;

enum class TableKeyKind : char { counter = 'a', row = 'r', unique_entry = 'u', entry = 'x' };

/// All keys of the table: for dropping it.
TupleRange table_range(TableId table);
/// The rows, in the order of the primary key.
TupleRange row_range(TableId table);
/// The entries of one index, in the order of its values.
TupleRange index_range(TableId table, const IndexSchema& index);

/// The row's key, from the values of its primary key in that order (as many as it has columns), or from the row.
Result<Bytes> row_key(const TableSchema& schema, std::span<const Value> primary_key);
Result<Bytes> row_key(const TableSchema& schema, const Row& row);

/// The rows or entries that begin with these values; at most as many as the key has columns. Fitted and folded as above, and
/// nulls are allowed.
Result<TupleRange> rows_starting_with(const TableSchema& schema, std::span<const Value> values);
Result<TupleRange> entries_starting_with(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values);
/// The same, then a value of the next column within the bounds (see tuples_between).
Result<TupleRange> rows_between(const TableSchema& schema, std::span<const Value> values, std::optional<KeyBound> low,
                                std::optional<KeyBound> high);
Result<TupleRange> entries_between(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values,
                                   std::optional<KeyBound> low, std::optional<KeyBound> high);

/// The same, then a text of the next column, which must be one of text, that begins with `prefix`.
Result<TupleRange> rows_with_prefix(const TableSchema& schema, std::span<const Value> values, std::string_view prefix);
Result<TupleRange> entries_with_prefix(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values,
                                       std::string_view prefix);

/// The key that stands for the values in a unique index; it holds the primary key of their row (encode_tuple). Nothing when one
/// of them is null: such rows never collide and have no entry.
Result<std::optional<Bytes>> unique_entry_key(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values);
Result<std::optional<Bytes>> unique_entry_key(const TableSchema& schema, const IndexSchema& index, const Row& row);

/// An entry of an index that is not unique; nulls are values here. All entries of equal values share their route, which is what
/// decides the partition: one look-up asks one.
struct IndexEntryKey {
  Bytes key;
  std::size_t route_bytes = 0;

  BytesView route() const { return BytesView(key).substr(0, route_bytes); }
};
Result<IndexEntryKey> index_entry_key(const TableSchema& schema, const IndexSchema& index, const Row& row);
/// The route alone, from the index's values: for a look-up.
Result<Bytes> index_route(const TableSchema& schema, const IndexSchema& index, std::span<const Value> values);

/// The register with the next number of the table's auto_increment column (relational/id_block.h).
Bytes counter_key(TableId table);

/// The primary key of a row, in its order.
std::vector<Value> primary_key_of(const TableSchema& schema, const Row& row);
/// The values of an index's columns in a row, in its order.
std::vector<Value> indexed_values(const TableSchema& schema, const IndexSchema& index, const Row& row);

/// A key taken apart.
struct TableKey {
  TableKeyKind kind = TableKeyKind::row;
  TableId table;
  IndexId index;               ///< 0 in rows and counters
  std::vector<Value> values;   ///< of the primary key in rows, of the index in entries
  std::vector<Value> primary;  ///< in entries of indexes that are not unique
};
/// `corruption` when the key is of another table than the schema's, of an index that it has not, or none of the above.
Result<TableKey> parse_table_key(const TableSchema& schema, BytesView key);
/// The table that a key belongs to, without its schema. `corruption` when it is none of the above.
Result<TableId> table_of_key(BytesView key);

}  // namespace latium
