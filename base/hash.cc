#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/crc32c_impl.h"

namespace latium {

std::uint64_t xxh3_64(BytesView data, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

std::uint32_t crc32c(BytesView data, std::uint32_t crc) {
  return crc32c_impl::has_instruction() ? crc32c_impl::by_instruction(data, crc) : crc32c_impl::by_table(data, crc);
}

}  // namespace latium
