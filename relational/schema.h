// TableSchema: a table as the catalog keeps it, and how it changes. All pure: a change takes a schema and gives the next one.
//
// Ids, not names, stand in rows and keys. A table's ids of columns and indexes are given out once and never again, so what is
// stored under one that is gone is never taken for something else. Two adjacent versions of a schema may be in use at once (on
// nodes that have not heard of the change yet), and every change is safe under that; a third must not be made before the first is
// out of use. Source: Rae et al., "Online, Asynchronous Schema Change in F1" (VLDB 2013).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "latium/table.h"

namespace latium {

/// Never reused in a database; 0 is none.
using TableId = StrongId<struct TableIdTag, std::uint32_t>;
/// From 1, never reused in a table: the field number of the column in stored rows.
using ColumnId = StrongId<struct ColumnIdTag, std::uint32_t>;
/// From 1, never reused in a table.
using IndexId = StrongId<struct IndexIdTag, std::uint32_t>;

/// Field numbers of stored rows end here: a table has that many columns in all its life.
inline constexpr std::uint32_t kMaxColumnId = 18'999;
/// A schema as stored: it is the value of one register.
inline constexpr std::size_t kMaxSchemaBytes = 512u << 10;

/// The numbers are stored: never reuse one.
enum class IndexState : std::uint8_t {
  write_only = 1,  ///< writers keep it up, readers do not use it yet: rows of before are being added
  published = 2,   ///< written and read ("public" in F1, which is a word of the language here)
  dropping = 3,    ///< still written, since nodes of the version before may read it; no longer read
};
std::string_view to_string(IndexState state);

struct ColumnSchema {
  ColumnId id;
  std::string name;
  ValueType type = ValueType::text;
  bool nullable = false;
  Value default_value;  ///< for inserts that leave the column out; null: none
  /// What a stored row without the column holds: null, or for a column that was added later the default that it was added with.
  /// Never changes afterwards, or old rows would.
  Value absent_value;
  bool nocase = false;
  bool auto_increment = false;

  friend bool operator==(const ColumnSchema&, const ColumnSchema&) = default;
};

struct IndexSchema {
  IndexId id;
  std::string name;
  std::vector<ColumnId> columns;
  bool unique = false;
  IndexState state = IndexState::published;

  friend bool operator==(const IndexSchema&, const IndexSchema&) = default;
};

/// The other table goes by name, as in SQL: it may come into being later.
struct ForeignKeySchema {
  std::vector<ColumnId> columns;
  std::string table;
  std::vector<std::string> referenced;

  friend bool operator==(const ForeignKeySchema&, const ForeignKeySchema&) = default;
};

/// On its way to another name, by this attempt.
struct TableMove {
  std::string to;
  std::uint64_t attempt = 0;

  friend bool operator==(const TableMove&, const TableMove&) = default;
};

struct TableSchema {
  TableId id;
  std::uint32_t version = 1;  ///< up by one with every change
  std::string name;
  std::vector<ColumnSchema> columns;  ///< by ascending id: the order of a Row's values
  std::vector<ColumnId> primary_key;
  std::vector<IndexSchema> indexes;  ///< by ascending id
  std::vector<ForeignKeySchema> foreign_keys;
  std::string parent;       ///< empty: none
  ColumnId tenant_by;       ///< 0: none
  ColumnId next_column{1};  ///< above every id ever given out
  IndexId next_index{1};    ///< above every id ever given out
  /// Indexes that are gone, whose entries may still be there, ascending.
  std::vector<IndexId> unswept_indexes{};
  std::string sql;  ///< as TableDefinition has it
  std::vector<std::string> sql_references{};
  /// How often another table has come to have foreign keys to this one. Not part of `version`: rows are as they were, and only
  /// who removes one has to know.
  std::uint32_t named = 0;
  /// Who uses a table that this one has come to name has not heard of it yet: no row is written until that is so.
  bool unannounced = false;
  /// It is closed: others name it, and it is being renamed. No row is written or removed until it has its new name.
  std::optional<TableMove> moving{};

  /// Where the column stands in `columns` and in a Row. Precondition of the first: the table has it.
  std::size_t position(ColumnId column) const;
  const ColumnSchema& column(ColumnId id) const { return columns[position(id)]; }

  /// By name, without regard to case; nullptr when there is none.
  const ColumnSchema* find_column(std::string_view column) const;
  const IndexSchema* find_index(std::string_view index) const;
  const IndexSchema* find_index(IndexId index) const;
  /// nullptr when there is none.
  const ColumnSchema* auto_increment_column() const;

  friend bool operator==(const TableSchema&, const TableSchema&) = default;
};

/// The other tables that foreign keys name, folded, each once.
std::vector<std::string> tables_named(const TableSchema& schema);

/// Of the same table, and no change of its rows' form between them.
inline bool same_version(const TableSchema& one, const TableSchema& other) {
  return one.id == other.id && one.version == other.version;
}

/// Version 1 of a new table; its indexes are published. `invalid_argument`, saying what of the definition cannot be and why.
Result<TableSchema> make_schema(const TableDefinition& definition, TableId id);

/// What must hold of every schema; all that the functions here give passes it. `invalid_argument`.
Result<void> check_schema(const TableSchema& schema);

// Changes. Each gives the next version. `invalid_argument`: the change cannot be, and why; `not_found`: the table has no such
// column or index; `already_exists`: the name is taken; `conflict`: the index is not in the state that the step starts from.

/// The column is nullable or has a default, which rows of before then hold; no auto_increment.
Result<TableSchema> add_column(const TableSchema& schema, const Column& column);
/// Not one that a key, an index, a foreign key or tenant_by uses. Rows lose its values when they are next written.
Result<TableSchema> drop_column(const TableSchema& schema, std::string_view column);
/// Foreign keys of other tables that name the column are not changed: they are theirs to change.
Result<TableSchema> rename_column(const TableSchema& schema, std::string_view from, std::string_view to);

/// write_only. Once every node writes it, the rows of before are added; then index_became_public.
Result<TableSchema> add_index(const TableSchema& schema, const Index& index);
/// write_only -> published.
Result<TableSchema> index_became_public(const TableSchema& schema, std::string_view index);
/// write_only or published -> dropping. Once no node reads it: forget_index, then remove its entries.
Result<TableSchema> drop_index(const TableSchema& schema, std::string_view index);
/// dropping -> gone, its entries not yet.
Result<TableSchema> forget_index(const TableSchema& schema, std::string_view index);

/// `sql`: the statement as it is with the new name; empty where it was made otherwise. What it says of itself follows it; foreign
/// keys of other tables do not.
Result<TableSchema> rename_table(const TableSchema& schema, std::string_view to, std::string sql);
/// Another table has come to have foreign keys to it. The version stays.
TableSchema named_once_more(const TableSchema& schema);
/// Another table that it names is called otherwise. Nobody has heard of it under that name: it is unannounced.
Result<TableSchema> names_renamed(const TableSchema& schema, std::string_view from, std::string_view to);
/// What it is while it is renamed.
TableSchema closed(const TableSchema& schema, TableMove move);
/// `conflict`: it is no longer unannounced.
Result<TableSchema> announced(const TableSchema& schema);

/// latium.catalog.TableRecord.
Bytes encode_schema(const TableSchema& schema);
/// `corruption` on what encode_schema cannot have written.
Result<TableSchema> decode_schema(BytesView stored);

}  // namespace latium
