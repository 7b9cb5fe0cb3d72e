// Base64 (RFC 4648 section 4): the standard alphabet, padded, no line breaks. For contexts and values on command lines and in
// JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

std::string base64_encode(BytesView bytes);

/// The inverse, and of nothing else: `invalid_argument` on white space, missing padding, foreign characters, or bits set
/// beyond the last byte.
Result<Bytes> base64_decode(std::string_view text);

}  // namespace latium
