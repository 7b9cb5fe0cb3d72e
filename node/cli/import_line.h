// One line of `kv import` and `kv export`: a JSON object {"key": ..., "value": ...}.
//
// Both are text. Bytes that are not UTF-8 are base64, marked by "encoding": "base64" for the value and
// "key_encoding": "base64" for the key. Other fields are ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace latium::cli {

struct ImportLine {
  Bytes key;
  Bytes value;
  friend bool operator==(const ImportLine&, const ImportLine&) = default;
};

/// Nothing for a blank line. `invalid_argument` says what is wrong with the line, without its number: not UTF-8, not JSON, no
/// object, a field missing or not a string, an unknown encoding, bad base64, key or value out of bounds.
Result<std::optional<ImportLine>> parse_import_line(std::string_view line);

/// The inverse, with its newline; base64 only where it has to be.
std::string format_import_line(BytesView key, BytesView value);

/// The longest line that can hold a value of the greatest size, each byte written as \u00XX.
inline constexpr std::size_t kMaxImportLine = 128u << 20;

}  // namespace latium::cli
