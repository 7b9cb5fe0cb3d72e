// UTF-8 as RFC 3629 defines it.
#pragma once

#include "base/bytes.h"

namespace latium {

/// Whether `bytes` is well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF. U+0000 is allowed.
bool is_utf8(BytesView bytes);

}  // namespace latium
