// Rows as bytes: Protocol Buffers' wire format, field number = column id. Byte table: docs/formats.md.
//
// A field is written exactly when the value is not the column's absent_value; so a null of a column that was added with a default
// is written, as a mark, and a row from before the column has no field and reads the default. Fields ascend, so a value has one
// encoding under one schema.
//
// Two versions of a schema meet in one row. Fields of columns that are newer than the reader's schema go to Row::unknown and back
// as they are; fields of columns that the schema has dropped are passed over and are gone after the next write; columns that
// the row lacks read their absent_value, even null where the column is not nullable (the row was written after it was dropped).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "latium/row.h"
#include "relational/schema.h"

namespace latium {

/// `value` as the column keeps it: itself, or an integer made a real (the nearest) for a real column. `invalid_argument`, naming
/// table and column, on any other type, on null where it may not be, on NaN, on text or JSON that is not UTF-8.
Result<Value> fit_value(const TableSchema& schema, const ColumnSchema& column, Value value);

/// All values of the row through fit_value; a count of values that is not that of the columns is `invalid_argument` too.
Result<Row> fit_row(const TableSchema& schema, Row row);

/// Fits the row, then encodes it; errors as fit_row, and `invalid_argument` for a Row::unknown that did not come from decode_row.
Result<Bytes> encode_row(const TableSchema& schema, const Row& row);

/// `corruption`, naming table and column, on what encode_row cannot have written under this or an adjacent version of the schema.
Result<Row> decode_row(const TableSchema& schema, BytesView stored);

}  // namespace latium
