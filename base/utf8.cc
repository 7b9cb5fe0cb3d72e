#include "base/utf8.h"

namespace latium {
namespace {

bool within(unsigned char byte, unsigned char low, unsigned char high) {
  return low <= byte && byte <= high;
}

// The length of the sequence that `bytes` starts with, or 0 when it is ill-formed (Unicode 15, table 3-7). The second byte
// carries all the exceptions: overlong forms, surrogates, and the end of the code space.
std::size_t sequence_length(BytesView bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (!within(lead, 0xC2, 0xF4)) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!within(at(1), low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!within(at(i), 0x80, 0xBF)) return 0;
  }
  return length;
}

}  // namespace

bool is_utf8(BytesView bytes) {
  while (!bytes.empty()) {
    // Most text is ASCII: eight bytes at a time.
    if (bytes.size() >= 8 && (get_u64(bytes.data()) & 0x8080808080808080) == 0) {
      bytes.remove_prefix(8);
      continue;
    }
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace latium
