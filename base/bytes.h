// Byte strings. Bytes are std::string throughout: RocksDB, protobuf and std::string_view agree on it without copies.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace latium {

using Bytes = std::string;
using BytesView = std::string_view;

namespace detail {

/// Between the processor's byte order and `order`: its own inverse.
template <std::endian order, class T>
constexpr T in_byte_order(T value) {
  return order == std::endian::native ? value : std::byteswap(value);
}

template <std::endian order, class T>
void append_fixed(Bytes& out, T value) {
  value = in_byte_order<order>(value);
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

template <class T, std::endian order>
T load_fixed(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return in_byte_order<order>(value);
}

}  // namespace detail

/// Little-endian fixed-width integers, for headers and records.
inline void put_u16(Bytes& out, std::uint16_t value) {
  detail::append_fixed<std::endian::little>(out, value);
}
inline void put_u32(Bytes& out, std::uint32_t value) {
  detail::append_fixed<std::endian::little>(out, value);
}
inline void put_u64(Bytes& out, std::uint64_t value) {
  detail::append_fixed<std::endian::little>(out, value);
}
/// Precondition: at least 2, 4 or 8 bytes at `data`.
inline std::uint16_t get_u16(const char* data) {
  return detail::load_fixed<std::uint16_t, std::endian::little>(data);
}
inline std::uint32_t get_u32(const char* data) {
  return detail::load_fixed<std::uint32_t, std::endian::little>(data);
}
inline std::uint64_t get_u64(const char* data) {
  return detail::load_fixed<std::uint64_t, std::endian::little>(data);
}

/// Big-endian, so that byte order is value order, for keys.
inline void put_u16_be(Bytes& out, std::uint16_t value) {
  detail::append_fixed<std::endian::big>(out, value);
}
inline void put_u32_be(Bytes& out, std::uint32_t value) {
  detail::append_fixed<std::endian::big>(out, value);
}
inline void put_u64_be(Bytes& out, std::uint64_t value) {
  detail::append_fixed<std::endian::big>(out, value);
}
/// Precondition: at least 2, 4 or 8 bytes at `data`.
inline std::uint16_t get_u16_be(const char* data) {
  return detail::load_fixed<std::uint16_t, std::endian::big>(data);
}
inline std::uint32_t get_u32_be(const char* data) {
  return detail::load_fixed<std::uint32_t, std::endian::big>(data);
}
inline std::uint64_t get_u64_be(const char* data) {
  return detail::load_fixed<std::uint64_t, std::endian::big>(data);
}

/// The least byte string above every string that starts with `prefix`; empty when there is none (all 0xFF).
Bytes prefix_end(BytesView prefix);

/// A key for people: printable ASCII as it is, the rest as \xNN; cut to at most `limit` characters, "..." then follows.
std::string printable(BytesView bytes, std::size_t limit = 80);

/// Lower-case hexadecimal.
std::string to_hex(BytesView bytes);

}  // namespace latium
