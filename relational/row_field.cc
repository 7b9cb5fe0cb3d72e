#include "relational/row_field.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <span>

#include "base/check.h"
#include "base/utf8.h"
#include "base/varint.h"
#include "relational/key_codec.h"

namespace latium {
namespace {

constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;  // of Protocol Buffers

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::corruption, std::string(what));
}

// Small magnitudes of either sign are short, as in sint64.
std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t from_zigzag(std::uint64_t stored) {
  return static_cast<std::int64_t>(stored >> 1 ^ (0 - (stored & 1)));
}

WireType wire_of(ValueType type) {
  switch (type) {
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::timestamp:
      return WireType::varint;
    case ValueType::real:
      return WireType::fixed64;
    default:
      return WireType::bytes;
  }
}

// A null of a column is a field of a wire type that the column's values never have, with nothing in it.
WireType null_wire_of(ValueType type) {
  return wire_of(type) == WireType::varint ? WireType::bytes : WireType::varint;
}

void put_tag(Bytes& out, ColumnId column, WireType wire) {
  put_varint(out, std::uint64_t{column.value} << 3 | static_cast<std::uint64_t>(wire));
}

struct Put {
  Bytes& out;
  void operator()(std::monostate) const { put_varint(out, 0); }  // empty bytes and the number 0 are the same byte
  void operator()(bool value) const { put_varint(out, value ? 1 : 0); }
  void operator()(std::int64_t value) const { put_varint(out, zigzag(value)); }
  void operator()(double value) const { put_u64(out, std::bit_cast<std::uint64_t>(value)); }
  void operator()(const std::string& value) const { put_length_prefixed(out, value); }
  void operator()(const Blob& value) const { put_length_prefixed(out, value.bytes); }
  void operator()(Timestamp value) const { put_varint(out, zigzag(value.us)); }
  void operator()(const Uuid& value) const {
    put_length_prefixed(out, BytesView(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()));
  }
  void operator()(const Json& value) const { put_length_prefixed(out, value.text); }
};

Result<Value> text_value(const RowField& field, bool json) {
  if (!is_utf8(field.bytes)) return malformed("is not UTF-8");
  if (json) return Value(Json{std::string(field.bytes)});
  return Value(field.bytes);
}

Result<Value> uuid_value(const RowField& field) {
  Uuid uuid;
  if (field.bytes.size() != uuid.bytes.size()) return malformed("is not 16 bytes");
  std::memcpy(uuid.bytes.data(), field.bytes.data(), uuid.bytes.size());
  return Value(uuid);
}

// The value says itself what it is.
Result<Value> any_value(const RowField& field) {
  BytesView in = field.bytes;
  LATIUM_TRY(Value value, take_key_value(in));
  if (!in.empty() || value.type() < ValueType::integer || value.type() > ValueType::bytes) return malformed("is not one value");
  return value;
}

Result<Value> real_value(const RowField& field) {
  const auto value = std::bit_cast<double>(field.number);
  if (std::isnan(value)) return malformed("is NaN");
  return Value(value);
}

}  // namespace

Result<RowField> take_row_field(BytesView& in) {
  BytesView rest = in;
  LATIUM_TRY(const std::uint64_t tag, take_varint(rest));
  RowField field;
  if (tag >> 3 == 0 || tag >> 3 > kMaxFieldNumber) return malformed("a field without a number");
  field.column = ColumnId{static_cast<std::uint32_t>(tag >> 3)};
  if ((tag & 7) > static_cast<std::uint64_t>(WireType::bytes)) return malformed("a wire type that rows do not use");
  field.wire = static_cast<WireType>(tag & 7);
  switch (field.wire) {
    case WireType::varint: {
      LATIUM_TRY(field.number, take_varint(rest));
      break;
    }
    case WireType::fixed64:
      if (rest.size() < sizeof(std::uint64_t)) return malformed("a real cut short");
      field.number = get_u64(rest.data());
      rest.remove_prefix(sizeof(std::uint64_t));
      break;
    case WireType::bytes: {
      LATIUM_TRY(field.bytes, take_length_prefixed(rest));
      break;
    }
  }
  field.raw = in.substr(0, in.size() - rest.size());
  in = rest;
  return field;
}

void put_row_field(Bytes& out, const ColumnSchema& column, const Value& value) {
  put_tag(out, column.id, value.is_null() ? null_wire_of(column.type) : wire_of(column.type));
  if (column.type == ValueType::any && !value.is_null()) {
    const auto encoded = encode_tuple(std::span(&value, 1));
    LATIUM_CHECK(encoded.has_value(), "a value that fits its column has a place in keys");
    put_length_prefixed(out, *encoded);
    return;
  }
  std::visit(Put{out}, value.held());
}

Result<Value> row_field_value(const ColumnSchema& column, const RowField& field) {
  if (field.wire == null_wire_of(column.type) && field.number == 0 && field.bytes.empty()) return Value();
  if (field.wire != wire_of(column.type)) return malformed("has another type");
  switch (column.type) {
    case ValueType::boolean:
      if (field.number > 1) return malformed("is neither true nor false");
      return Value(field.number == 1);
    case ValueType::integer:
      return Value(from_zigzag(field.number));
    case ValueType::timestamp:
      return Value(Timestamp{from_zigzag(field.number)});
    case ValueType::real:
      return real_value(field);
    case ValueType::text:
      return text_value(field, false);
    case ValueType::json:
      return text_value(field, true);
    case ValueType::bytes:
      return Value(Blob{std::string(field.bytes)});
    case ValueType::uuid:
      return uuid_value(field);
    case ValueType::any:
      return any_value(field);
    case ValueType::null:
      break;
  }
  return malformed("has no type");
}

}  // namespace latium
