#include "node/row_access.h"

#include <utility>

#include "proto/row.pb.h"
#include "relational/key_codec.h"

namespace latium {

namespace {

Result<std::optional<KeyBound>> bound_from(const char* what, BytesView bytes, bool exclusive) {
  if (bytes.empty()) return std::nullopt;
  LATIUM_TRY(std::vector<Value> values, tuple_from_message(what, bytes));
  if (values.size() != 1) return fail(ErrorCode::invalid_argument, std::string(what) + " of a range is not one value");
  return KeyBound{std::move(values.front()), !exclusive};
}

}  // namespace

Result<std::vector<Value>> tuple_from_message(const char* what, BytesView bytes) {
  auto values = decode_tuple(bytes);
  if (values) return values;
  return fail(ErrorCode::invalid_argument,
              std::string(what) + " holds a value that this node does not know: " + values.error().message);
}

Bytes tuple_to_message(const std::vector<Value>& values) {
  auto bytes = encode_tuple(values);
  return bytes ? *std::move(bytes) : Bytes("?");
}

Result<NamedValues> from_message(const client::Row& message) {
  LATIUM_TRY(std::vector<Value> values, tuple_from_message("the row", message.values()));
  if (values.size() != static_cast<std::size_t>(message.columns_size())) {
    return fail(ErrorCode::invalid_argument, "the row has " + std::to_string(values.size()) + " values for " +
                                                 std::to_string(message.columns_size()) + " columns");
  }
  NamedValues out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.emplace_back(message.columns(static_cast<int>(i)), std::move(values[i]));
  }
  return out;
}

void to_message(const std::vector<std::string>& columns, const std::vector<Value>& values, client::Row& out) {
  for (const std::string& column : columns) out.add_columns(column);
  out.set_values(tuple_to_message(values));
}

void to_message(const NamedValues& values, client::Row& out) {
  std::vector<Value> bare;
  for (const auto& [column, value] : values) {
    out.add_columns(column);
    bare.push_back(value);
  }
  out.set_values(tuple_to_message(bare));
}

Result<RowRange> from_message(const client::RowFindRequest& message) {
  RowRange range;
  LATIUM_TRY(range.equal, tuple_from_message("the range", message.equal()));
  LATIUM_TRY(range.low, bound_from("the low end", message.low(), message.low_exclusive()));
  LATIUM_TRY(range.high, bound_from("the high end", message.high(), message.high_exclusive()));
  if (message.has_prefix()) range.prefix = message.prefix();
  range.descending = message.descending();
  range.after = message.after();
  return range;
}

}  // namespace latium
