#include "store/format.h"

#include <string>

#include "base/hash.h"

namespace latium {
namespace {

constexpr BytesView kMagic = "LTMF";
constexpr std::size_t kRecordBytes = 12;

Result<bool> is_empty(Engine& engine) {
  for (const Family family : kFamilies) {
    LATIUM_TRY(const auto cursor, engine.scan(family, {}));
    LATIUM_CHECKED(cursor->status());
    if (cursor->valid()) return false;
  }
  return true;
}

}  // namespace

Bytes encode_format(std::uint32_t version) {
  Bytes record(kMagic);
  put_u32(record, version);
  put_u32(record, crc32c(record));
  return record;
}

Result<std::uint32_t> decode_format(BytesView record) {
  // A longer record is of a newer format: the first 12 bytes are the same for ever.
  if (record.size() < kRecordBytes || record.substr(0, kMagic.size()) != kMagic ||
      get_u32(record.data() + 8) != crc32c(record.substr(0, 8))) {
    return fail(ErrorCode::corruption, "the format record is damaged: " + to_hex(record));
  }
  return get_u32(record.data() + kMagic.size());
}

Result<void> check_format(Engine& engine, BytesView where) {
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kFormatKey, ReadMode::may_block));
  if (found.presence == Presence::found) {
    LATIUM_TRY(const std::uint32_t version, decode_format(found.value));
    if (version <= kFormatVersion) return {};
    return fail(ErrorCode::incompatible_format, std::string(where) + " is in format " + std::to_string(version) +
                                                    ", this software reads up to " + std::to_string(kFormatVersion) +
                                                    ": run the newer software, or restore an older checkpoint");
  }
  LATIUM_TRY(const bool empty, is_empty(engine));
  if (!empty) {
    return fail(ErrorCode::corruption, std::string(where) + " holds data but no format record: it was not written by this " +
                                           "software or is damaged; use another directory or restore a checkpoint");
  }
  WriteBatch batch;
  batch.put(Family::system, kFormatKey, encode_format(kFormatVersion));
  return engine.write(std::move(batch), Durability::sync);
}

}  // namespace latium
