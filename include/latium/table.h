// TableDefinition: what a table is to be, as its maker says it.
//
// Names of tables, columns and indexes are 1 to 128 bytes of UTF-8 without control characters, the first no quote or [. As in
// SQL, names that differ only in the case of A-Z are the same name; they are shown as they were given. Names of tables that begin
// with sqlite_ or latium_ are reserved.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "latium/value.h"

namespace latium {

inline constexpr std::size_t kMaxColumns = 1000;    ///< of a table
inline constexpr std::size_t kMaxIndexes = 64;      ///< of a table
inline constexpr std::size_t kMaxForeignKeys = 64;  ///< of a table
inline constexpr std::size_t kMaxKeyColumns = 16;   ///< of a primary key, an index or a foreign key
inline constexpr std::size_t kMaxTableName = 128;   ///< bytes of any name here

struct Column {
  std::string name;
  ValueType type = ValueType::text;
  bool nullable = false;
  /// What an insert that leaves the column out gets. Null: no default; then a nullable column gets null, another must be given.
  Value default_value{};
  /// Text that keys, indexes and uniqueness take without regard to the case of A-Z, as SQLite's NOCASE: 'É' and 'é' differ.
  bool nocase = false;
  /// An insert that leaves the column out gets a number that no row had: unique, mostly growing, with gaps. One integer column of
  /// a table at most, not nullable, without a default.
  bool auto_increment = false;

  friend bool operator==(const Column&, const Column&) = default;
};

struct Index {
  std::string name;  ///< unique inside the table
  std::vector<std::string> columns;
  /// No two rows have equal values in all columns; rows with a null in one of them are not compared, as in SQL.
  bool unique = false;

  friend bool operator==(const Index&, const Index&) = default;
};

/// The values of `columns` are those of `referenced` in some row of `table`, or one of them is null.
struct ForeignKey {
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> referenced;  ///< as many as `columns`

  friend bool operator==(const ForeignKey&, const ForeignKey&) = default;
};

struct TableDefinition {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::string> primary_key;  ///< at least one column; none of them nullable
  std::vector<Index> indexes{};
  std::vector<ForeignKey> foreign_keys{};
  /// A table beside whose rows those of this one lie: the row that this table's one foreign key to it names. Empty: none.
  std::string parent{};
  /// The text column with the name of the tenant that a row belongs to, in a table shared by tenants. Empty: the table is its
  /// database's tenant's. Not together with `parent`.
  std::string tenant_by{};
  /// The CREATE TABLE statement that made it, as SQL's schema table shows it: it has what the rest here has no place for, CHECK
  /// constraints for instance. Empty: it was made otherwise. Set by SqlSession.
  std::string sql{};
  /// The tables that foreign keys in `sql` name. Set by SqlSession.
  std::vector<std::string> sql_references{};

  friend bool operator==(const TableDefinition&, const TableDefinition&) = default;
};

}  // namespace latium
