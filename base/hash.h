// The two hashes: XXH3 places keys and compares trees, CRC32C guards frames and records.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace latium {

/// XXH3 64-bit of `data` with `seed`. The value is part of the disk format (partitions): it never changes.
std::uint64_t xxh3_64(BytesView data, std::uint64_t seed = 0);

/// CRC32C (Castagnoli) of `data`, continuing from `crc` (0 to begin). Uses the processor's instruction where it has one.
std::uint32_t crc32c(BytesView data, std::uint32_t crc = 0);

}  // namespace latium
