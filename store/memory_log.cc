#include "store/memory_log.h"

#include <algorithm>

#include "base/hash.h"
#include "base/varint.h"

namespace latium::memory_log {

Bytes encode(const WriteBatch& batch) {
  Bytes out;
  out.reserve(batch.size_bytes() + 8 * batch.operations().size());
  for (const WriteBatch::Operation& operation : batch.operations()) {
    out.push_back(static_cast<char>(operation.kind));
    out.push_back(static_cast<char>(operation.family));
    put_length_prefixed(out, operation.key);
    put_length_prefixed(out, operation.value);
  }
  return out;
}

Result<WriteBatch> decode(BytesView payload) {
  WriteBatch batch;
  while (!payload.empty()) {
    if (payload.size() < 2) return fail(ErrorCode::corruption, "log: an operation is cut short");
    const auto kind = static_cast<WriteBatch::Kind>(payload[0]);
    const auto family = static_cast<Family>(payload[1]);
    payload.remove_prefix(2);
    LATIUM_TRY(const BytesView key, take_length_prefixed(payload));
    LATIUM_TRY(const BytesView value, take_length_prefixed(payload));
    if (static_cast<std::size_t>(family) >= kFamilyCount) return fail(ErrorCode::corruption, "log: unknown family");
    switch (kind) {
      case WriteBatch::Kind::put:
        batch.put(family, key, value);
        continue;
      case WriteBatch::Kind::remove:
        batch.remove(family, key);
        continue;
      case WriteBatch::Kind::remove_range:
        batch.remove_range(family, key, value);
        continue;
      case WriteBatch::Kind::merge_xor:
        batch.merge_xor(family, key, value);
        continue;
    }
    return fail(ErrorCode::corruption, "log: unknown operation");
  }
  return batch;
}

Result<Parsed> take_record(BytesView& rest, BytesView file) {
  constexpr std::size_t kHeader = 12;
  const Parsed torn{.torn = true, .payload = {}};
  if (rest.size() < kHeader) return torn;
  if (get_u32(rest.data() + 8) != crc32c(rest.substr(0, 8))) {
    // Lengths of the records are unknown from here on. Only a write that was cut short inside its header ends in zeros.
    const bool hole = std::ranges::all_of(rest.substr(kHeader), [](char byte) { return byte == '\0'; });
    if (hole) return torn;
    return fail(ErrorCode::corruption, std::string(file) + ": a record header fails its checksum: restore this replica");
  }
  const std::size_t length = get_u32(rest.data());
  if (length > rest.size() - kHeader) return torn;
  const BytesView payload = rest.substr(kHeader, length);
  const bool last = rest.size() == kHeader + length;
  if (get_u32(rest.data() + 4) != crc32c(payload)) {
    if (last) return torn;
    return fail(ErrorCode::corruption, std::string(file) + ": a record fails its checksum: restore this replica");
  }
  rest.remove_prefix(kHeader + length);
  return Parsed{.torn = false, .payload = payload};
}

}  // namespace latium::memory_log
