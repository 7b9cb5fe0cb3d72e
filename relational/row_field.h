// One field of a stored row: Protocol Buffers' wire format, read strictly.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "relational/schema.h"

namespace latium {

/// The wire types that rows use.
enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2 };

struct RowField {
  ColumnId column;
  WireType wire = WireType::varint;
  std::uint64_t number = 0;  ///< of a varint or fixed64
  BytesView bytes;           ///< of the others
  BytesView raw;             ///< the whole field, as it is stored
};

/// Takes one field off the front of `in`; views point into it. `corruption`, with `in` as it was, on a field that is cut short,
/// has another wire type, has no number, or whose varints have a shorter form.
Result<RowField> take_row_field(BytesView& in);

/// Appends the value, which fits the column and is not its absent_value; null as the column's mark.
void put_row_field(Bytes& out, const ColumnSchema& column, const Value& value);

/// The field's value in a column; null for the mark. `corruption` on what put_row_field cannot have made.
Result<Value> row_field_value(const ColumnSchema& column, const RowField& field);

}  // namespace latium
