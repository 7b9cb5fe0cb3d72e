// Order-preserving encodings: comparing encoded bytes compares the values. One byte of type tag, then the value, so that
// null < false < true < integers < reals < text < bytes, and tuples compare element by element.
// The design follows FoundationDB's tuple layer. Byte table: docs/formats.md.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace latium::ordered {

void put_null(Bytes& out);
void put_bool(Bytes& out, bool value);
void put_int(Bytes& out, std::int64_t value);
/// IEEE order with -0.0 encoded as 0.0 and every NaN as one value above +infinity.
void put_real(Bytes& out, double value);
/// UTF-8 text; compares by bytes. 0x00 is escaped as 0x00 0xFF, the end is 0x00 0x01.
void put_text(Bytes& out, BytesView text);
void put_bytes(Bytes& out, BytesView bytes);

enum class Kind : std::uint8_t { null, boolean, integer, real, text, bytes };

/// The kind of the next value; `corruption` when `in` is empty or starts with no known tag.
Result<Kind> peek_kind(BytesView in);

/// Each takes one value of its kind off the front of `in`; `corruption` on another kind or a malformed or cut value.
Result<void> take_null(BytesView& in);
Result<bool> take_bool(BytesView& in);
Result<std::int64_t> take_int(BytesView& in);
Result<double> take_real(BytesView& in);
Result<Bytes> take_text(BytesView& in);
Result<Bytes> take_bytes(BytesView& in);

/// Escaped bytes without a tag: what text and bytes use inside, and what key layouts use for names.
void put_escaped(Bytes& out, BytesView bytes);
Result<Bytes> take_escaped(BytesView& in);

}  // namespace latium::ordered
