// Columns, indexes and foreign keys as they are written on the command line.
#pragma once

#include <optional>
#include <string_view>

#include "latium/table.h"

namespace latium::cli {

/// What --help says of them.
extern const char* const kColumnGrammar;

struct ColumnSpec {
  Column column;
  bool primary = false;
};

/// A value as kColumnGrammar writes defaults; nothing: it is not of the type.
std::optional<Value> parse_value(ValueType type, std::string_view text);
/// "NAME:TYPE[:WORD...][:default=VALUE]", as kColumnGrammar says. `invalid_argument`, naming the text and what it may be.
Result<ColumnSpec> parse_column(std::string_view text);
/// "[NAME=]COLUMN,..."; the name is made of the columns' where none is given.
Result<Index> parse_index(std::string_view text, bool unique);
/// "COLUMN,...:TABLE:COLUMN,...".
Result<ForeignKey> parse_foreign_key(std::string_view text);

}  // namespace latium::cli
