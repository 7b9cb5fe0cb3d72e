// The two implementations behind crc32c() of base/hash.h, apart so that a test can hold one against the other.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace latium::crc32c_impl {

/// Whether this processor has the CRC32 instruction (x86-64 with SSE4.2).
bool has_instruction();
/// Precondition: has_instruction().
std::uint32_t by_instruction(BytesView data, std::uint32_t crc);
/// Any processor: eight bytes a step through eight tables.
std::uint32_t by_table(BytesView data, std::uint32_t crc);

}  // namespace latium::crc32c_impl
