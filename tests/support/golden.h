// Golden bytes: what this program writes, kept as hexadecimal text in tests/proto/golden/, 32 bytes a line.
#pragma once

#include <string>

#include "base/bytes.h"

namespace latium::testing {

/// The bytes of tests/proto/golden/<name>.hex; a text that says so when there is no such file.
Bytes golden(const std::string& name);

/// `bytes` in the form of the files: what to put there when a format was added to on purpose.
std::string as_golden_text(BytesView bytes);

}  // namespace latium::testing
