// Errors on the wire: latium.wire.Error.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace latium {

/// Texts longer than 4 KiB are cut.
Bytes encode_error(const Error& error);

/// What the peer said. A code that is not known here becomes `internal`, a certainty that is not `unknown`; bytes that are
/// no message become `corruption` with certainty unknown.
Error decode_error(BytesView bytes);

}  // namespace latium
