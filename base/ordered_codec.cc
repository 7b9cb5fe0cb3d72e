#include "base/ordered_codec.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>

// Every decoder accepts exactly what its encoder writes: two byte strings that differ never mean the same value, or a key
// could be stored twice. The byte table is in docs/formats.md; tags are part of the disk format and never change.
namespace latium::ordered {
namespace {

constexpr unsigned char kNull = 0x01;
constexpr unsigned char kFalse = 0x02;
constexpr unsigned char kTrue = 0x03;
constexpr unsigned char kIntZero = 0x18;             // plus or minus the number of magnitude bytes
constexpr unsigned char kIntLowest = kIntZero - 8;   // 0x10
constexpr unsigned char kIntHighest = kIntZero + 8;  // 0x20
constexpr unsigned char kReal = 0x28;
constexpr unsigned char kText = 0x30;
constexpr unsigned char kBytes = 0x38;

constexpr unsigned char kEscape = 0x00;
constexpr unsigned char kEscapedZero = 0xFF;
constexpr unsigned char kEnd = 0x01;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

void put_byte(Bytes& out, unsigned char byte) {
  out.push_back(static_cast<char>(byte));
}
unsigned char byte_at(BytesView in, std::size_t index) {
  return static_cast<unsigned char>(in[index]);
}

unsigned significant_bytes(std::uint64_t magnitude) {
  return (static_cast<unsigned>(std::bit_width(magnitude)) + 7) / 8;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::corruption, "ordered encoding: " + std::string(what));
}

std::uint64_t canonical_bits(double value) {
  if (std::isnan(value)) return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  if (value == 0.0) return 0;
  return std::bit_cast<std::uint64_t>(value);
}

Result<Bytes> take_tagged(BytesView& in, unsigned char tag, std::string_view what) {
  if (in.empty() || byte_at(in, 0) != tag) return malformed(what);
  BytesView rest = in.substr(1);
  LATIUM_TRY(Bytes bytes, take_escaped(rest));
  in = rest;
  return bytes;
}

}  // namespace

void put_null(Bytes& out) {
  put_byte(out, kNull);
}

void put_bool(Bytes& out, bool value) {
  put_byte(out, value ? kTrue : kFalse);
}

void put_int(Bytes& out, std::int64_t value) {
  const bool negative = value < 0;
  const std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  const unsigned length = significant_bytes(magnitude);
  // A larger magnitude sorts later above zero and, with the bits turned round, earlier below it.
  put_byte(out, static_cast<unsigned char>(negative ? kIntZero - length : kIntZero + length));
  const std::uint64_t bits = negative ? ~magnitude : magnitude;
  for (unsigned i = length; i > 0; --i) put_byte(out, static_cast<unsigned char>(bits >> (8 * (i - 1))));
}

void put_real(Bytes& out, double value) {
  const std::uint64_t bits = canonical_bits(value);
  put_byte(out, kReal);
  // IEEE bits of positive numbers sort as integers already; those of negative ones sort backwards.
  put_u64_be(out, (bits & kSignBit) != 0 ? ~bits : bits | kSignBit);
}

void put_text(Bytes& out, BytesView text) {
  put_byte(out, kText);
  put_escaped(out, text);
}

void put_bytes(Bytes& out, BytesView bytes) {
  put_byte(out, kBytes);
  put_escaped(out, bytes);
}

Result<Kind> peek_kind(BytesView in) {
  if (in.empty()) return malformed("no value left");
  const unsigned char tag = byte_at(in, 0);
  if (tag >= kIntLowest && tag <= kIntHighest) return Kind::integer;
  switch (tag) {
    case kNull:
      return Kind::null;
    case kFalse:
    case kTrue:
      return Kind::boolean;
    case kReal:
      return Kind::real;
    case kText:
      return Kind::text;
    case kBytes:
      return Kind::bytes;
    default:
      return malformed("unknown tag 0x" + to_hex(in.substr(0, 1)));
  }
}

Result<void> take_null(BytesView& in) {
  if (in.empty() || byte_at(in, 0) != kNull) return malformed("not a null");
  in.remove_prefix(1);
  return {};
}

Result<bool> take_bool(BytesView& in) {
  if (in.empty() || (byte_at(in, 0) != kFalse && byte_at(in, 0) != kTrue)) return malformed("not a boolean");
  const bool value = byte_at(in, 0) == kTrue;
  in.remove_prefix(1);
  return value;
}

Result<std::int64_t> take_int(BytesView& in) {
  if (in.empty() || byte_at(in, 0) < kIntLowest || byte_at(in, 0) > kIntHighest) return malformed("not an integer");
  const unsigned char tag = byte_at(in, 0);
  const bool negative = tag < kIntZero;
  const unsigned length = negative ? kIntZero - tag : tag - kIntZero;
  if (in.size() - 1 < length) return malformed("integer cut short");
  std::uint64_t magnitude = 0;
  for (unsigned i = 1; i <= length; ++i) {
    const unsigned char byte = byte_at(in, i);
    magnitude = magnitude << 8 | static_cast<unsigned char>(negative ? ~byte : byte);
  }
  if (significant_bytes(magnitude) != length) return malformed("integer not in its shortest form");
  if (magnitude > (negative ? kSignBit : kSignBit - 1)) return malformed("integer over 64 bits");
  in.remove_prefix(1 + length);
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

Result<double> take_real(BytesView& in) {
  if (in.empty() || byte_at(in, 0) != kReal) return malformed("not a real");
  if (in.size() < 9) return malformed("real cut short");
  const std::uint64_t stored = get_u64_be(in.data() + 1);
  const std::uint64_t bits = (stored & kSignBit) != 0 ? stored & ~kSignBit : ~stored;
  const auto value = std::bit_cast<double>(bits);
  if (canonical_bits(value) != bits) return malformed("real not in its one form");
  in.remove_prefix(9);
  return value;
}

Result<Bytes> take_text(BytesView& in) {
  return take_tagged(in, kText, "not a text");
}

Result<Bytes> take_bytes(BytesView& in) {
  return take_tagged(in, kBytes, "not a byte string");
}

void put_escaped(Bytes& out, BytesView bytes) {
  while (true) {
    const std::size_t zero = bytes.find('\0');
    out.append(bytes.substr(0, zero));
    put_byte(out, kEscape);
    if (zero == BytesView::npos) break;
    put_byte(out, kEscapedZero);
    bytes.remove_prefix(zero + 1);
  }
  put_byte(out, kEnd);
}

Result<Bytes> take_escaped(BytesView& in) {
  Bytes bytes;
  BytesView rest = in;
  while (true) {
    const std::size_t escape = rest.find('\0');
    if (escape == BytesView::npos || escape + 1 == rest.size()) return malformed("string without its end");
    bytes.append(rest.substr(0, escape));
    const unsigned char next = byte_at(rest, escape + 1);
    rest.remove_prefix(escape + 2);
    if (next == kEnd) break;
    if (next != kEscapedZero) return malformed("unknown escape in a string");
    bytes.push_back('\0');
  }
  in = rest;
  return bytes;
}

}  // namespace latium::ordered
