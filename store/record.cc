#include "store/record.h"

#include <utility>

namespace latium {

namespace {

constexpr char kFormatPlain = 1;
constexpr std::size_t kHeaderBytes = 9;  // format u8 | version u64 LE

}  // namespace

Bytes encode_record(Hlc version, BytesView value) {
  Bytes out;
  out.reserve(kHeaderBytes + value.size());
  out.push_back(kFormatPlain);
  put_u64(out, version.value);
  out.append(value);
  return out;
}

Result<Record> decode_record(Bytes stored) {
  if (stored.size() < kHeaderBytes) return fail(ErrorCode::corruption, "a stored record is shorter than its header");
  if (stored[0] != kFormatPlain) {
    return fail(ErrorCode::corruption, "a stored record has the unknown format " + std::to_string(stored[0] & 0xFF));
  }
  Record out{Hlc{get_u64(stored.data() + 1)}, {}};
  stored.erase(0, kHeaderBytes);
  out.value = std::move(stored);
  return out;
}

}  // namespace latium
