// The version of the disk format, kept in the system family. Byte table: docs/formats.md.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "store/engine.h"

namespace latium {

/// What this software writes, and the newest that it reads.
inline constexpr std::uint32_t kFormatVersion = 1;
/// In Family::system.
inline constexpr BytesView kFormatKey = "format";

Bytes encode_format(std::uint32_t version);
/// `corruption` when the record is not one, or fails its checksum.
Result<std::uint32_t> decode_format(BytesView record);

/// Marks an empty engine with this version; accepts one of this version or older. `where` names the data for messages.
/// `incompatible_format`: written by newer software; `corruption`: there is data and no mark.
Result<void> check_format(Engine& engine, BytesView where);

}  // namespace latium
