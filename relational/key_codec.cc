#include "relational/key_codec.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/ordered_codec.h"
#include "base/utf8.h"

// Tags below 0x40 are those of base/ordered_codec. All are part of the disk format and never change; 0x00 and 0xFF are none, so
// that a key followed by 0xFF is above all of its extensions.
namespace latium {
namespace {

constexpr char kTextTag = 0x30;
constexpr char kTimestampTag = 0x40;
constexpr char kUuidTag = 0x48;
constexpr char kJsonTag = 0x50;
constexpr char kAboveAll = '\xFF';

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::size_t kUuidBytes = sizeof(Uuid::bytes);

std::unexpected<Error> not_a_key(std::string_view what) {
  return fail(ErrorCode::invalid_argument, std::string(what) + " can be no part of a key");
}
std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::corruption, "key encoding: " + std::string(what));
}

// Whether a key can hold it; what a decoder refuses too, so that a value which decodes encodes again.
bool has_place(const Value& value) {
  if (const auto* real = value.get_if<double>()) return !std::isnan(*real);
  if (const auto* text = value.get_if<std::string>()) return is_utf8(*text);
  if (const auto* json = value.get_if<Json>()) return is_utf8(json->text);
  return true;
}

struct Put {
  Bytes& out;
  void operator()(std::monostate) const { ordered::put_null(out); }
  void operator()(bool value) const { ordered::put_bool(out, value); }
  void operator()(std::int64_t value) const { ordered::put_int(out, value); }
  void operator()(double value) const { ordered::put_real(out, value); }
  void operator()(const std::string& value) const { ordered::put_text(out, value); }
  void operator()(const Blob& value) const { ordered::put_bytes(out, value.bytes); }
  void operator()(Timestamp value) const {
    out.push_back(kTimestampTag);
    put_u64_be(out, static_cast<std::uint64_t>(value.us) ^ kSignBit);
  }
  void operator()(const Uuid& value) const {
    out.push_back(kUuidTag);
    out.append(reinterpret_cast<const char*>(value.bytes.data()), kUuidBytes);
  }
  void operator()(const Json& value) const {
    out.push_back(kJsonTag);
    ordered::put_escaped(out, value.text);
  }
};

// Each takes what follows the tag.
Result<Value> take_timestamp(BytesView& in) {
  if (in.size() < sizeof(std::uint64_t)) return malformed("timestamp cut short");
  const Timestamp value{static_cast<std::int64_t>(get_u64_be(in.data()) ^ kSignBit)};
  in.remove_prefix(sizeof(std::uint64_t));
  return Value(value);
}
Result<Value> take_uuid(BytesView& in) {
  if (in.size() < kUuidBytes) return malformed("uuid cut short");
  Uuid uuid;
  std::copy_n(in.begin(), kUuidBytes, uuid.bytes.begin());
  in.remove_prefix(kUuidBytes);
  return Value(uuid);
}
Result<Value> take_json(BytesView& in) {
  LATIUM_TRY(Bytes text, ordered::take_escaped(in));
  return Value(Json{std::move(text)});
}

template <class T>
Result<Value> wrapped(Result<T> taken) {
  LATIUM_TRY(T value, std::move(taken));
  return Value(std::move(value));
}

Result<Value> take_ordered(BytesView& in) {
  LATIUM_TRY(const ordered::Kind kind, ordered::peek_kind(in));
  switch (kind) {
    case ordered::Kind::null:
      LATIUM_CHECKED(ordered::take_null(in));
      return Value();
    case ordered::Kind::boolean:
      return wrapped(ordered::take_bool(in));
    case ordered::Kind::integer:
      return wrapped(ordered::take_int(in));
    case ordered::Kind::real:
      return wrapped(ordered::take_real(in));
    case ordered::Kind::text:
      return wrapped(ordered::take_text(in));
    case ordered::Kind::bytes: {
      LATIUM_TRY(Bytes bytes, ordered::take_bytes(in));
      return Value(Blob{std::move(bytes)});
    }
  }
  return malformed("unknown kind");
}

Result<Value> take_any(BytesView& in) {
  const char tag = in.empty() ? '\0' : in.front();
  if (tag != kTimestampTag && tag != kUuidTag && tag != kJsonTag) return take_ordered(in);
  in.remove_prefix(1);
  return tag == kTimestampTag ? take_timestamp(in) : tag == kUuidTag ? take_uuid(in) : take_json(in);
}

Result<Bytes> tuple_after(BytesView before, std::span<const Value> values) {
  Bytes out(before);
  LATIUM_CHECKED(append_tuple(out, values));
  return out;
}

}  // namespace

Result<void> append_key_value(Bytes& out, const Value& value) {
  if (!has_place(value)) {
    return not_a_key(value.type() == ValueType::real ? "NaN" : std::string(to_string(value.type())) + " that is not UTF-8");
  }
  std::visit(Put{out}, value.held());
  return {};
}

Result<void> append_tuple(Bytes& out, std::span<const Value> tuple) {
  const std::size_t before = out.size();
  for (const Value& value : tuple) {
    if (auto done = append_key_value(out, value); !done) {
      out.resize(before);
      return done;
    }
  }
  return {};
}

Result<Bytes> encode_tuple(std::span<const Value> tuple) {
  return tuple_after({}, tuple);
}

Result<Value> take_key_value(BytesView& in) {
  BytesView rest = in;
  LATIUM_TRY(Value value, take_any(rest));
  if (!has_place(value)) return malformed("a value that no key holds");
  in = rest;
  return value;
}

Result<std::vector<Value>> decode_tuple(BytesView in) {
  std::vector<Value> tuple;
  while (!in.empty()) {
    LATIUM_TRY(Value value, take_key_value(in));
    tuple.push_back(std::move(value));
  }
  return tuple;
}

std::string fold_nocase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Result<TupleRange> tuples_starting_with(std::span<const Value> values, BytesView before) {
  LATIUM_TRY(Bytes begin, tuple_after(before, values));
  Bytes end = begin + kAboveAll;
  return TupleRange{std::move(begin), std::move(end)};
}

Result<TupleRange> tuples_between(std::span<const Value> values, const std::optional<KeyBound>& low,
                                  const std::optional<KeyBound>& high, BytesView before) {
  LATIUM_TRY(TupleRange range, tuples_starting_with(values, before));
  const Bytes common = range.begin;
  if (low) {
    LATIUM_CHECKED(append_key_value(range.begin, low->value));
    if (!low->inclusive) range.begin.push_back(kAboveAll);
  }
  if (high) {
    range.end = common;
    LATIUM_CHECKED(append_key_value(range.end, high->value));
    if (high->inclusive) range.end.push_back(kAboveAll);
  }
  return range;
}

Result<TupleRange> texts_starting_with(std::span<const Value> values, std::string_view prefix, BytesView before) {
  LATIUM_TRY(Bytes begin, tuple_after(before, values));
  begin.push_back(kTextTag);
  ordered::put_escaped(begin, prefix);
  begin.resize(begin.size() - 2);  // without the end of the text: longer ones are meant too
  Bytes end = prefix_end(begin);
  return TupleRange{std::move(begin), std::move(end)};
}

}  // namespace latium
