// Values between SQLite's and the tables'.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "latium/value.h"
#include "relational/schema.h"

namespace latium::sql {

/// What a column makes of the values that are put in, as SQLite has it ("Datatypes in SQLite", section 3).
enum class Affinity : std::uint8_t { blob, text, numeric, integer, real };

Affinity affinity_of(std::string_view declared_type);

Value value_of(sqlite3_value* value);
/// The value as a column of this affinity holds it.
Value with_affinity(sqlite3_value* value, Affinity affinity);

/// `stays`: the value is there, as it is, for as long as the statement runs.
void return_value(sqlite3_context* context, const Value& value, bool stays = false);
/// SQLite's code.
int bind_value(sqlite3_stmt* statement, int at, const Value& value);
Value column_value(sqlite3_stmt* statement, int at);

/// As the table's column takes it; nothing where it does not. A column of any type takes all.
std::optional<Value> stored_form(const ColumnSchema& column, Value value);
/// As SQL sees what the table has: null, integer, real, text or bytes.
Value sql_form(const Value& value);

/// The type that SQL sees in a column, for tables that SQL did not make.
std::string_view declared_type(ValueType type);

}  // namespace latium::sql
