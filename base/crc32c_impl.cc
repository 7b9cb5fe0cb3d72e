#include "base/crc32c_impl.h"

#include <array>

#include "base/check.h"

namespace latium::crc32c_impl {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, bits reversed
using Table = std::array<std::uint32_t, 256>;

// tables[k][b]: what byte b adds to the remainder when k more bytes follow it ("slicing by eight", Kounavis and Berry, 2005).
constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >> 8) ^ tables[0][shorter & 0xFF];
    }
  }
  return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

}  // namespace

std::uint32_t by_table(BytesView data, std::uint32_t crc) {
  std::uint32_t state = ~crc;
  while (data.size() >= 8) {
    const std::uint64_t word = get_u64(data.data()) ^ state;
    state = 0;
    for (unsigned i = 0; i < 8; ++i) state ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
    data.remove_prefix(8);
  }
  for (const char c : data) state = (state >> 8) ^ kTables[0][(state ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~state;
}

#if defined(__x86_64__)

bool has_instruction() {
  return __builtin_cpu_supports("sse4.2") != 0;
}

// Only this function may hold SSE4.2 code: the rest of the library runs on any x86-64.
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(BytesView data, std::uint32_t crc) {
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  while (data.size() >= 8) {
    state = __builtin_ia32_crc32di(state, get_u64(data.data()));
    data.remove_prefix(8);
  }
  auto narrow = static_cast<std::uint32_t>(state);
  for (const char c : data) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(c));
  return ~narrow;
}

#else

bool has_instruction() {
  return false;
}

std::uint32_t by_instruction(BytesView, std::uint32_t) {
  LATIUM_CHECK(false, "this processor has no CRC32C instruction that we use");
}

#endif

}  // namespace latium::crc32c_impl
