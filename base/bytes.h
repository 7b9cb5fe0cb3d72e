// Byte strings. Bytes are std::string throughout: RocksDB, protobuf and std::string_view agree on it without copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace latium {

using Bytes = std::string;
using BytesView = std::string_view;

/// Little-endian fixed-width integers, for headers and records.
void put_u16(Bytes& out, std::uint16_t value);
void put_u32(Bytes& out, std::uint32_t value);
void put_u64(Bytes& out, std::uint64_t value);
/// Precondition: at least 2, 4 or 8 bytes at `data`.
std::uint16_t get_u16(const char* data);
std::uint32_t get_u32(const char* data);
std::uint64_t get_u64(const char* data);

/// Big-endian, so that byte order is value order, for keys.
void put_u16_be(Bytes& out, std::uint16_t value);
void put_u32_be(Bytes& out, std::uint32_t value);
void put_u64_be(Bytes& out, std::uint64_t value);
std::uint16_t get_u16_be(const char* data);
std::uint32_t get_u32_be(const char* data);
std::uint64_t get_u64_be(const char* data);

/// The least byte string above every string that starts with `prefix`; empty when there is none (all 0xFF).
Bytes prefix_end(BytesView prefix);

/// A key for people: printable ASCII as it is, the rest as \xNN, cut after `limit` characters.
std::string printable(BytesView bytes, std::size_t limit = 80);

/// Lower-case hexadecimal.
std::string to_hex(BytesView bytes);

}  // namespace latium
