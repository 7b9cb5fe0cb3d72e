// The value stored under a bucket's key: a small header, then the user's bytes. Byte table: docs/formats.md.
#pragma once

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/result.h"

namespace latium {

/// One stored version of a key.
struct Record {
  Hlc version;
  Bytes value;
};

Bytes encode_record(Hlc version, BytesView value);

/// Reuses the buffer of `stored`. `corruption` on a header that is cut short or of an unknown format.
Result<Record> decode_record(Bytes stored);

}  // namespace latium
