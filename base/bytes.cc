#include "base/bytes.h"

namespace latium {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char byte) {
  out.push_back(kHexDigits[byte >> 4]);
  out.push_back(kHexDigits[byte & 0xF]);
}

}  // namespace

Bytes prefix_end(BytesView prefix) {
  // Trailing 0xFF bytes cannot be counted up: the end is that of the prefix before them.
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.remove_suffix(1);
  Bytes end(prefix);
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string printable(BytesView bytes, std::size_t limit) {
  std::string out;
  for (const char c : bytes) {
    const bool plain = c >= 0x20 && c < 0x7F;
    if (out.size() + (plain ? 1 : 4) > limit) return out + "...";
    if (plain) {
      out.push_back(c);
    } else {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string to_hex(BytesView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) append_hex(out, static_cast<unsigned char>(c));
  return out;
}

}  // namespace latium
