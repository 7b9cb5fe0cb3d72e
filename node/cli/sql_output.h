// Rows of SQL as people and programs want them.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "node/cli/output.h"
#include "proto/sql.pb.h"

namespace latium::cli {

enum class SqlMode { table, csv, json, line };

/// "table", "csv", "json" or "line"; `invalid_argument`.
Result<SqlMode> parse_sql_mode(std::string_view text);
std::string_view to_string(SqlMode mode);

Json to_json(const client::SqlStats& stats);

/// Prints one statement's pages, in order, as they come.
class SqlPrinter {
 public:
  virtual ~SqlPrinter() = default;
  virtual void page(const client::SqlPage& page) = 0;
  /// After the last page.
  virtual void finish() {}
};

/// table: columns aligned by the first page. csv: as RFC 4180 has it, a line of names first, null an empty field. json: one
/// object with all rows, at the end. line: "column = value" lines, an empty line between rows. Bytes are X'...' in hexadecimal;
/// in json
/// {"base64": ...}. A statement without columns prints nothing but in json.
std::unique_ptr<SqlPrinter> make_sql_printer(SqlMode mode, std::ostream& out);

}  // namespace latium::cli
