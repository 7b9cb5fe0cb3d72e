// Tuples of values and keys of tables: what decodes encodes to the same bytes, and sorts as its bytes do; the rest is corruption.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "fuzz/tables.h"
#include "relational/key_codec.h"
#include "relational/row_keys.h"

namespace {

using namespace latium;

void check_tuple(BytesView input) {
  const auto tuple = decode_tuple(input);
  if (!tuple) {
    LATIUM_CHECK(tuple.error().code == ErrorCode::corruption);
    return;
  }
  LATIUM_CHECK(encode_tuple(*tuple) == Bytes(input));
  for (std::size_t i = 1; i < tuple->size(); ++i) {
    const std::span<const Value> values = *tuple;
    const Bytes one = *encode_tuple(values.subspan(i - 1, 1));
    const Bytes next = *encode_tuple(values.subspan(i, 1));
    LATIUM_CHECK((one <=> next) == (values[i - 1] <=> values[i]));
    LATIUM_CHECK(!next.starts_with(one) || one == next, "no encoding is a prefix of another");
    LATIUM_CHECK(tuples_starting_with(values.first(i))->contains(input));
  }
}

void check_table_key(const TableSchema& schema, BytesView input) {
  const auto key = parse_table_key(schema, input);
  if (!key) {
    LATIUM_CHECK(key.error().code == ErrorCode::corruption);
    return;
  }
  LATIUM_CHECK(table_of_key(input) == schema.id && table_range(schema.id).contains(input));
  switch (key->kind) {
    case TableKeyKind::counter:
      LATIUM_CHECK(counter_key(schema.id) == input);
      return;
    case TableKeyKind::row:
      LATIUM_CHECK(row_key(schema, key->values) == Bytes(input) && row_range(schema.id).contains(input));
      return;
    case TableKeyKind::unique_entry:
      LATIUM_CHECK(unique_entry_key(schema, *schema.find_index(key->index), key->values) == Bytes(input));
      return;
    case TableKeyKind::entry: {
      Bytes made = *index_route(schema, *schema.find_index(key->index), key->values);
      LATIUM_CHECK(append_tuple(made, key->primary).has_value() && made == input);
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TableSchema schema = fuzzed_table();
  const BytesView input(reinterpret_cast<const char*>(data), size);
  check_tuple(input);
  check_table_key(schema, input);
  return 0;
}
