// Variable-length integers: 7 bits a byte, least significant first, high bit = more follows (as in Protocol Buffers).
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

/// Appends 1 to 10 bytes.
void put_varint(Bytes& out, std::uint64_t value);

/// Takes one varint off the front of `in`. `corruption` when it is cut short, longer than 10 bytes, over 64 bits, or not
/// in its shortest form (a value has one encoding only, so that bytes can be compared).
Result<std::uint64_t> take_varint(BytesView& in);

/// Length as varint, then the bytes.
void put_length_prefixed(Bytes& out, BytesView bytes);
/// A view into `in`. `corruption` when it is cut short.
Result<BytesView> take_length_prefixed(BytesView& in);

}  // namespace latium
