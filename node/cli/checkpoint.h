// Checkpoint: how far an import has come, in a file beside the one that is imported. Everything up to it is in the bucket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "node/cli/line_reader.h"

namespace latium::cli {

/// What the acknowledged lines came to.
struct ImportProgress {
  LinePosition position;
  std::uint64_t imported = 0;  ///< keys put
  std::uint64_t bad = 0;       ///< lines left out
  friend bool operator==(const ImportProgress&, const ImportProgress&) = default;
};

struct Checkpoint {
  std::string cluster;                     ///< of the node, 16 hexadecimal digits
  std::string target;                      ///< "TENANT/BUCKET"
  std::optional<std::uint64_t> file_size;  ///< bytes; nothing for a stream
  ImportProgress progress;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// A JSON object in one line.
std::string encode_checkpoint(const Checkpoint& checkpoint);
/// `invalid_argument` when the text is none.
Result<Checkpoint> decode_checkpoint(std::string_view text);

/// Whether an import that begins now may go on from `saved`: same cluster, bucket and size. `conflict` naming what differs.
/// The bytes themselves are compared by reading them again.
Result<void> check_resumable(const Checkpoint& saved, const Checkpoint& now);

}  // namespace latium::cli
