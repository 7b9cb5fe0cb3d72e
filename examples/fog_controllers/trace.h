// The recorded SQL of a controller: its tables, its statements, and what each of them gave back. examples/data/README.md.
#pragma once

#include <latium/error.h>
#include <latium/value.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fog {

using latium::Result;
using latium::Value;

struct ColumnRecord {
  std::string name;
  std::string type;  ///< as it was declared
  bool nullable = true;
};

struct Reference {
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> referenced;
};

struct TableRecord {
  std::string database;
  std::string name;
  std::vector<ColumnRecord> columns;
  std::vector<std::string> primary_key;
  std::vector<std::vector<std::string>> unique;
  std::vector<std::vector<std::string>> indexes;
  std::vector<Reference> references;
  std::vector<std::vector<Value>> rows;  ///< what was there before the first boot

  /// The place of a column, or nothing.
  std::optional<std::size_t> column(const std::string& wanted) const;
};

enum class Kind : std::uint8_t { select, insert, update, remove, savepoint, release };

/// What a value of a statement stands for.
enum class Role : std::uint8_t { plain, row_id, generation, next_generation };
struct Parameter {
  Role role = Role::plain;
  std::string table{};  ///< row_id: whose
};

struct Shape {
  Kind kind = Kind::select;
  std::string sql;
  std::vector<Parameter> parameters{};  ///< of each `?`, in order

  bool writes() const { return kind == Kind::insert || kind == Kind::update || kind == Kind::remove; }
};

struct RecordedStatement {
  std::size_t shape = 0;
  std::vector<Value> parameters;
  std::int64_t rows = 0;                    ///< that it returned
  std::int64_t changes = 0;                 ///< that it changed; 0 of what is no write
  std::optional<std::int64_t> inserted_id;  ///< that the database gave to the row it inserted
};

struct RecordedTransaction {
  std::string database;
  bool commits = false;  ///< else it was rolled back: it had only read
  std::vector<RecordedStatement> statements;
};

struct RecordedBoot {
  std::vector<RecordedTransaction> transactions;
  std::string host;                 ///< the compute host that the instance came to
  std::int64_t provider = 0;        ///< that host, as the placement service numbers it
  std::int64_t allocations = 0;     ///< that the instance takes of it
  std::vector<std::string> tokens;  ///< uuids, names, addresses and the like that are this boot's own
};

struct Trace {
  std::vector<TableRecord> tables;
  std::vector<Shape> shapes;
  std::vector<RecordedBoot> boots;

  const TableRecord* table(const std::string& database, const std::string& name) const;
  std::vector<std::string> databases() const;  ///< each once, by name
};

/// `invalid_argument` naming the line that is wrong.
Result<Trace> read_trace(std::istream& in);
Result<Trace> read_trace_file(const std::string& path);

/// CREATE TABLE and CREATE INDEX of a table, one statement each.
std::vector<std::string> schema_of(const Trace& trace, const TableRecord& table);
/// INSERT of whole rows, `rows` of them at once.
std::string insert_of(const TableRecord& table, std::size_t rows);

}  // namespace fog
