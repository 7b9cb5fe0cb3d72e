#include "base/ids.h"

#include <charconv>

namespace latium {

std::string to_hex(std::uint64_t value) {
  char digits[16];
  const char* end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  std::string out(sizeof digits - length, '0');
  return out.append(digits, length);
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace latium
