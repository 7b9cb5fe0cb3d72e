// Keys of tables and indexes: tuples of values as bytes whose order is the order of the tuples.
//
// The encoding is base/ordered_codec with tags for timestamp, uuid and JSON: null < false < true < integers < reals < text <
// bytes < timestamps < uuids < JSON; element by element, a tuple before its extensions; no encoding is a prefix of another of as
// many values. Byte table: docs/formats.md. Source: FoundationDB, "Tuple layer" (design/tuple.md), with tags of our own.
//
// All functions are pure; cost: one pass over the bytes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "latium/session.h"
#include "latium/value.h"

namespace latium {

/// Appends one value. `invalid_argument`, with nothing appended, when a value has no place in a key: NaN, and text or JSON that
/// is not UTF-8.
Result<void> append_key_value(Bytes& out, const Value& value);
/// Appends the values one after the other; on an error `out` is as it was.
Result<void> append_tuple(Bytes& out, std::span<const Value> tuple);
Result<Bytes> encode_tuple(std::span<const Value> tuple);

/// Takes one value off the front of `in`. `corruption`, with `in` as it was, on what append_key_value cannot have made.
Result<Value> take_key_value(BytesView& in);
/// All of `in`. `corruption`.
Result<std::vector<Value>> decode_tuple(BytesView in);

/// What stands in keys for the text of a `nocase` column: A to Z become a to z and nothing else changes, as SQLite's NOCASE has
/// it.
std::string fold_nocase(std::string_view text);

/// The keys k with begin <= k < end, in byte order; the end is never empty.
struct TupleRange {
  Bytes begin;
  Bytes end;

  bool contains(BytesView key) const { return begin <= key && key < end; }
  friend bool operator==(const TupleRange&, const TupleRange&) = default;
};

/// The tuples that begin with `values`: these alone, and every extension. None given: all tuples. `invalid_argument` as above,
/// here and below. `before` is what stands in front of the tuple in the key: it goes in front of both ends.
Result<TupleRange> tuples_starting_with(std::span<const Value> values, BytesView before = {});

/// The tuples that begin with `values`, then have a value within the bounds, then anything. A bound that is missing is none; to
/// leave nulls out, as SQL's comparisons do, give `KeyBound{Value(), false}` as the lower one.
Result<TupleRange> tuples_between(std::span<const Value> values, const std::optional<KeyBound>& low,
                                  const std::optional<KeyBound>& high, BytesView before = {});

/// The tuples that begin with `values`, then have a text that begins with `prefix` (in a nocase column: fold it first), then
/// anything. The prefix may end inside a character.
Result<TupleRange> texts_starting_with(std::span<const Value> values, std::string_view prefix, BytesView before = {});

}  // namespace latium
