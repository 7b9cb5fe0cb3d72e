// Shadow: an SQLite database that holds the same tables as the catalog, and no rows. It runs the DDL, so that all of SQLite's is
// understood and refused as SQLite does; what it then says about its tables is what the catalog is told, and it answers PRAGMAs
// and questions to sqlite_schema.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relational/sql/connection.h"
#include "relational/sql/table.h"

namespace latium::sql {

/// A query for all columns of a table, generated ones among them: fields of pragma_table_xinfo.
std::string columns_query(std::string_view fields, std::string_view table);

class Shadow {
 public:
  static Result<Shadow> open();

  sqlite3* db() const { return db_.get(); }

  /// Makes the table that the schema describes. A table that is there is replaced.
  Result<void> put(const TableSchema& schema);
  Result<void> drop(std::string_view table);

  /// How SQL sees it.
  Result<SqlTable> describe(Schema schema) const;
  /// What the catalog is told of a table that DDL made here. `invalid_argument`: it has what is not supported.
  Result<TableDefinition> definition_of(const std::string& table) const;
  /// The text in sqlite_schema of a table, index or view; empty: there is none.
  std::string text_of(std::string_view type, std::string_view name) const;
  std::vector<std::string> names_of(std::string_view type) const;
  /// The table of an index; empty: there is no such index.
  std::string table_of_index(std::string_view index) const;

  /// The row as the table takes it: with affinities, after NOT NULL and CHECK. The error is SQLite's. Only of a checked table.
  Result<std::vector<Value>> check_row(const SqlTable& table, const std::vector<Value>& row) const;

  /// As a column of this affinity holds it.
  Result<Value> with_affinity(const Value& value, Affinity affinity) const;
  /// Null: it has none.
  Result<Value> value_of_default(const SqlColumn& column) const;

 private:
  explicit Shadow(Connection db) : db_(std::move(db)) {}

  Connection db_;
};

/// "NOT NULL constraint failed: table.column"
inline std::string not_null_failed(const SqlTable& table, std::size_t column) {
  return "NOT NULL constraint failed: " + table.name + "." + table.columns[column].name;
}

/// A table of the catalog in SQL, where none is written down.
std::string create_table_sql(const TableSchema& schema);

}  // namespace latium::sql
