// Stored rows, schemas and counters: a row that decodes encodes to the same bytes (where columns were dropped: to the same row),
// and goes through a node with an older schema unharmed; the rest is corruption.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "fuzz/tables.h"
#include "relational/id_block.h"
#include "relational/row_codec.h"

namespace {

using namespace latium;

// A column that must not be null is missing from rows that were written after it was dropped: they are read, and not written.
bool writable(const TableSchema& schema, const Row& row) {
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (row.values[i].is_null() && !schema.columns[i].nullable) return false;
  }
  return true;
}

void check_row(const TableSchema& before, const TableSchema& after, BytesView input) {
  const auto old_row = decode_row(before, input);
  if (!old_row) {
    LATIUM_CHECK(old_row.error().code == ErrorCode::corruption);
  } else if (writable(before, *old_row)) {
    LATIUM_CHECK(encode_row(before, *old_row) == Bytes(input));
  }
  const auto new_row = decode_row(after, input);
  if (!new_row) {
    LATIUM_CHECK(new_row.error().code == ErrorCode::corruption);
    return;
  }
  if (!writable(after, *new_row)) return;
  const Bytes stored = encode_row(after, *new_row).value();
  LATIUM_CHECK(decode_row(after, stored) == *new_row);
  const Row through_old = decode_row(before, stored).value();
  LATIUM_CHECK(decode_row(after, encode_row(before, through_old).value()) == *new_row);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TableSchema before = fuzzed_table();
  static const TableSchema after = fuzzed_table_later();
  const BytesView input(reinterpret_cast<const char*>(data), size);
  check_row(before, after, input);
  if (const auto schema = decode_schema(input)) {
    // Protobuf takes several encodings of one message; the value is what must survive.
    LATIUM_CHECK(decode_schema(encode_schema(*schema)) == *schema);
  } else {
    LATIUM_CHECK(schema.error().code == ErrorCode::corruption);
  }
  if (const auto counter = decode_counter(input)) LATIUM_CHECK(encode_counter(*counter) == input);
  return 0;
}
