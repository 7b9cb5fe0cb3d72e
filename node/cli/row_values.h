// Values of rows as JSON and as arguments, by the types of their columns.
#pragma once

#include <string_view>

#include "node/cli/output.h"
#include "relational/named_row.h"

namespace latium::cli {

/// What --help says of them.
extern const char* const kValueGrammar;

/// As kValueGrammar says. `invalid_argument`, naming the column and what it takes.
Result<Value> value_from_json(const Column& column, const nlohmann::ordered_json& json);
/// The same as an argument, without quotation marks; only JSON's null has none to tell it from a text, so it is never meant.
Result<Value> value_from_text(const Column& column, std::string_view text);

Json value_to_json(const Value& value);

/// The column of this name, without regard to case. `invalid_argument`: the table has none.
Result<const Column*> column_named(const TableDefinition& table, std::string_view name);
/// `{"column":value,...}`. `invalid_argument`: no JSON object, or values that do not fit.
Result<NamedValues> row_from_json(const TableDefinition& table, std::string_view text);
Json row_to_json(const std::vector<std::string>& columns, const std::vector<Value>& values);

}  // namespace latium::cli
