// Ordered codec and varint: no bytes crash a decoder, and what decodes encodes to the very bytes that it came from, so that
// a value has one key only.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/ordered_codec.h"
#include "base/varint.h"

namespace {

using namespace latium;

// Takes one value off `in` and puts it to `out`; false when it is malformed.
bool copy_ordered_value(BytesView& in, Bytes& out) {
  const Result<ordered::Kind> kind = ordered::peek_kind(in);
  if (!kind) return false;
  switch (*kind) {
    case ordered::Kind::null: {
      LATIUM_CHECK(ordered::take_null(in).has_value(), "a null is its tag alone");
      ordered::put_null(out);
      return true;
    }
    case ordered::Kind::boolean: {
      const auto value = ordered::take_bool(in);
      LATIUM_CHECK(value.has_value(), "a boolean is its tag alone");
      ordered::put_bool(out, *value);
      return true;
    }
    case ordered::Kind::integer: {
      const auto value = ordered::take_int(in);
      if (value) ordered::put_int(out, *value);
      return value.has_value();
    }
    case ordered::Kind::real: {
      const auto value = ordered::take_real(in);
      if (value) ordered::put_real(out, *value);
      return value.has_value();
    }
    case ordered::Kind::text: {
      const auto value = ordered::take_text(in);
      if (value) ordered::put_text(out, *value);
      return value.has_value();
    }
    case ordered::Kind::bytes: {
      const auto value = ordered::take_bytes(in);
      if (value) ordered::put_bytes(out, *value);
      return value.has_value();
    }
  }
  return false;
}

bool copy_varint(BytesView& in, Bytes& out) {
  const auto value = take_varint(in);
  if (value) put_varint(out, *value);
  return value.has_value();
}

bool copy_length_prefixed(BytesView& in, Bytes& out) {
  const auto value = take_length_prefixed(in);
  if (value) put_length_prefixed(out, *value);
  return value.has_value();
}

bool copy_escaped(BytesView& in, Bytes& out) {
  const auto value = ordered::take_escaped(in);
  if (value) ordered::put_escaped(out, *value);
  return value.has_value();
}

void check_copies(BytesView input, bool (*copy)(BytesView&, Bytes&)) {
  BytesView rest = input;
  Bytes copied;
  while (!rest.empty()) {
    const BytesView before = rest;
    if (!copy(rest, copied)) {
      LATIUM_CHECK(rest.data() == before.data() && rest.size() == before.size(), "a refused value takes nothing");
      break;
    }
    LATIUM_CHECK(rest.size() < before.size(), "a value takes at least one byte");
  }
  LATIUM_CHECK(copied == input.substr(0, input.size() - rest.size()), "what decodes must encode to the same bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input(reinterpret_cast<const char*>(data), size);
  check_copies(input, copy_ordered_value);
  check_copies(input, copy_varint);
  check_copies(input, copy_length_prefixed);
  check_copies(input, copy_escaped);
  return 0;
}
