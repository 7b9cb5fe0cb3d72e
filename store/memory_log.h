// The memory engine's record format.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "store/write_batch.h"

namespace latium::memory_log {

/// Operations one after the other: kind, family (a byte each), length-prefixed key and value.
Bytes encode(const WriteBatch& batch);
/// `corruption` on anything that encode() does not write.
Result<WriteBatch> decode(BytesView payload);

struct Parsed {
  bool torn = false;  ///< the file ends inside this record, or it is the last one and its data did not arrive
  BytesView payload;
};

/// Takes one record (see SimulatedDisk::File) off the front of `rest`. `corruption` (names `file`) when it fails its
/// checksum and cannot be a torn write.
Result<Parsed> take_record(BytesView& rest, BytesView file);

}  // namespace latium::memory_log
