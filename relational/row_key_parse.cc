// Keys of tables taken apart. What parses is what row_keys.cc makes of the values that come out, byte by byte.
#include <algorithm>
#include <cmath>

#include "relational/row_keys.h"

namespace latium {
namespace {

std::unexpected<Error> malformed(const std::string& what) {
  return fail(ErrorCode::corruption, "key of a table: " + what);
}

bool known_kind(char kind) {
  switch (static_cast<TableKeyKind>(kind)) {
    case TableKeyKind::counter:
    case TableKeyKind::row:
    case TableKeyKind::unique_entry:
    case TableKeyKind::entry:
      return true;
  }
  return false;
}

// The form that key_value() gives: the column's type, folded where it is nocase.
bool in_key_form(const ColumnSchema& column, const Value& value, bool nulls) {
  if (value.is_null()) return nulls && column.nullable;
  const bool any = column.type == ValueType::any && value.type() >= ValueType::integer && value.type() <= ValueType::bytes;
  if (value.type() != column.type && !any) return false;
  const auto* text = value.get_if<std::string>();
  return !column.nocase || text == nullptr || fold_nocase(*text) == *text;
}

// What row_keys.cc makes of a number where any type may be: the nearest real, then what is missing to it.
Result<Value> take_number(double nearest, BytesView& in) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  LATIUM_TRY(const Value missing, take_key_value(in));
  const auto* rest = missing.get_if<std::int64_t>();
  if (rest == nullptr) return malformed("a number is cut short");
  const bool whole = std::abs(nearest) <= kEnd && std::trunc(nearest) == nearest;
  if (!whole && *rest == 0) return Value(nearest);
  const __int128 sum = whole ? static_cast<__int128>(nearest) + *rest : 0;
  const auto number = static_cast<std::int64_t>(sum);
  if (*rest == 0 && number != sum) return Value(nearest);
  if (!whole || number != sum || static_cast<double>(number) != nearest) return malformed("a number of two parts is none");
  return Value(number);
}

Result<std::vector<Value>> take_values(const TableSchema& schema, const std::vector<ColumnId>& columns, bool nulls,
                                       BytesView& in) {
  std::vector<Value> out;
  for (const ColumnId id : columns) {
    LATIUM_TRY(Value value, take_key_value(in));
    const ColumnSchema& column = schema.column(id);
    if (column.type == ValueType::any && value.type() == ValueType::integer) {
      return malformed("an integer where a real is first");
    }
    if (const auto* real = value.get_if<double>(); real != nullptr && column.type == ValueType::any) {
      LATIUM_TRY(value, take_number(*real, in));
    }
    if (!in_key_form(column, value, nulls)) {
      return malformed("column '" + printable(column.name) + "' of table '" + printable(schema.name) + "' has the value " +
                       value.to_string() + " there, which no key has");
    }
    out.push_back(std::move(value));
  }
  return out;
}

Result<const IndexSchema*> take_index(const TableSchema& schema, TableKeyKind kind, BytesView& in) {
  if (in.size() < sizeof(std::uint32_t)) return malformed("cut short");
  const IndexId id{get_u32_be(in.data())};
  in.remove_prefix(sizeof(std::uint32_t));
  const IndexSchema* index = schema.find_index(id);
  if (index == nullptr || index->unique != (kind == TableKeyKind::unique_entry)) {
    return malformed("table '" + printable(schema.name) + "' has no such index " + std::to_string(id.value));
  }
  return index;
}

}  // namespace

Result<TableId> table_of_key(BytesView key) {
  if (key.size() <= sizeof(std::uint32_t) || key.size() > kMaxTableKeyBytes || !known_kind(key[sizeof(std::uint32_t)])) {
    return malformed("it is none");
  }
  const TableId table{get_u32_be(key.data())};
  if (!table) return malformed("it is of table 0");
  return table;
}

Result<TableKey> parse_table_key(const TableSchema& schema, BytesView key) {
  TableKey out;
  LATIUM_TRY(out.table, table_of_key(key));
  if (out.table != schema.id) return malformed("it is of table " + std::to_string(out.table.value));
  key.remove_prefix(sizeof(std::uint32_t));
  out.kind = static_cast<TableKeyKind>(key.front());
  key.remove_prefix(1);
  switch (out.kind) {
    case TableKeyKind::counter:
      break;
    case TableKeyKind::row: {
      LATIUM_TRY(out.values, take_values(schema, schema.primary_key, false, key));
      break;
    }
    case TableKeyKind::unique_entry:
    case TableKeyKind::entry: {
      const bool unique = out.kind == TableKeyKind::unique_entry;
      LATIUM_TRY(const IndexSchema* index, take_index(schema, out.kind, key));
      out.index = index->id;
      LATIUM_TRY(out.values, take_values(schema, index->columns, !unique, key));
      if (!unique) {
        LATIUM_TRY(out.primary, take_values(schema, schema.primary_key, false, key));
      }
      break;
    }
  }
  if (!key.empty()) return malformed("bytes follow its end");
  return out;
}

}  // namespace latium
