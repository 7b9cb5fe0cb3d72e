#include "base/varint.h"

namespace latium {

void put_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

Result<std::uint64_t> take_varint(BytesView& in) {
  constexpr std::size_t kMaxLength = 10;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < in.size() && i < kMaxLength; ++i) {
    const auto byte = static_cast<unsigned char>(in[i]);
    if (i == kMaxLength - 1 && byte > 1) return fail(ErrorCode::corruption, "varint over 64 bits");
    value |= std::uint64_t{byte & 0x7FU} << (7 * i);
    if (byte >= 0x80) continue;
    if (byte == 0 && i > 0) return fail(ErrorCode::corruption, "varint not in its shortest form");
    in.remove_prefix(i + 1);
    return value;
  }
  return fail(ErrorCode::corruption, "varint cut short");
}

void put_length_prefixed(Bytes& out, BytesView bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

Result<BytesView> take_length_prefixed(BytesView& in) {
  BytesView rest = in;
  LATIUM_TRY(const std::uint64_t length, take_varint(rest));
  if (length > rest.size()) {
    return fail(ErrorCode::corruption,
                "length " + std::to_string(length) + " with " + std::to_string(rest.size()) + " bytes left");
  }
  const BytesView bytes = rest.substr(0, length);
  rest.remove_prefix(length);
  in = rest;
  return bytes;
}

}  // namespace latium
