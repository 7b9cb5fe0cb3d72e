// SqlTable: a table as SQL sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relational/sql/table_access.h"
#include "relational/sql/values.h"

namespace latium::sql {

/// The primary key of a table that SQL made without one; not a column that SQL sees.
inline constexpr std::string_view kHiddenKey = "latium_rowid";

struct SqlColumn {
  std::string name;
  std::string declared;  ///< its type, as it was written
  Affinity affinity = Affinity::blob;
  bool not_null = false;
  bool nocase = false;
  std::string default_sql{};  ///< an expression; empty: none
  bool generated = false;     ///< GENERATED ALWAYS AS, which is worked out when a row is written
};

/// A FOREIGN KEY of a table that SQL made. Those of tables that C++ made are the session's business, which enforces them always.
struct SqlForeignKey {
  enum class Action : std::uint8_t { no_action, restrict, cascade, set_null, set_default };

  std::vector<std::size_t> columns;       ///< of SqlTable::columns
  std::string table;                      ///< that it names
  std::vector<std::string> referenced{};  ///< columns there; empty: the primary key
  Action on_delete = Action::no_action;
  Action on_update = Action::no_action;
  bool deferred = false;  ///< DEFERRABLE INITIALLY DEFERRED
};

struct SqlTable {
  Schema schema;
  std::string name;
  std::vector<SqlColumn> columns;  ///< as SQL has them: that of the schema at `first` is the first one
  std::size_t first = 0;           ///< 1 where the key is hidden
  /// Where the integer stands in a row of the schema that is SQL's rowid; nothing: rows are numbered by the session.
  std::optional<std::size_t> rowid;
  /// It has CHECK constraints or generated columns, or is STRICT: SQLite itself has to look at each row.
  bool checked = false;
  std::vector<SqlForeignKey> foreign_keys{};

  std::size_t position(std::size_t column) const { return column + first; }
  Affinity affinity_at(std::size_t position) const {
    return position < first ? Affinity::integer : columns[position - first].affinity;
  }
  const ColumnSchema& stored(std::size_t column) const { return schema->columns[position(column)]; }
  /// "CREATE TABLE x(...)", for sqlite3_declare_vtab().
  std::string declaration() const;
};
using TablePtr = std::shared_ptr<const SqlTable>;

}  // namespace latium::sql
