#include "base/base64.h"

#include <array>
#include <cstdint>

namespace latium {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kForeign = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kForeign);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}

constexpr std::array<std::uint8_t, 256> kValues = make_values();

}  // namespace

std::string base64_encode(BytesView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  while (!bytes.empty()) {
    const std::size_t taken = bytes.size() < 3 ? bytes.size() : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < taken ? static_cast<unsigned char>(bytes[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(i <= taken ? kAlphabet[(group >> (18 - 6 * i)) & 0x3F] : '=');
    bytes.remove_prefix(taken);
  }
  return text;
}

Result<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return fail(ErrorCode::invalid_argument, "base64: the length must be a multiple of 4, with padding");
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  while (!text.empty()) {
    // Padding stands at the very end only: elsewhere '=' is a foreign character like any other.
    std::size_t digits = 4;
    if (text.size() == 4 && text[3] == '=') digits = text[2] == '=' ? 2 : 3;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t value = i < digits ? kValues[static_cast<unsigned char>(text[i])] : 0;
      if (value == kForeign) {
        return fail(ErrorCode::invalid_argument, "base64: unexpected character '" + printable(text.substr(i, 1)) + "'");
      }
      group = group << 6 | value;
    }
    const std::size_t taken = digits - 1;
    if ((group & (0xFFFFFFU >> (8 * taken))) != 0) {
      return fail(ErrorCode::invalid_argument, "base64: the last character has bits beyond the last byte");
    }
    for (std::size_t i = 0; i < taken; ++i) bytes.push_back(static_cast<char>(group >> (16 - 8 * i)));
    text.remove_prefix(4);
  }
  return bytes;
}

}  // namespace latium
