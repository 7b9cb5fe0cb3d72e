// Rows: a state and a command of any bytes. What decodes encodes to the same bytes; a command leaves behind what can be decoded,
// within its bounds; what it refuses it leaves as it was; a second time it changes nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "proto/replica.pb.h"
#include "replication/row_messages.h"

namespace latium {
namespace {

void check(const RowState& state) {
  const Bytes bytes = encode_row(state);
  LATIUM_CHECK(bytes.size() <= row_size_bytes(state));
  const auto back = decode_row(bytes);
  LATIUM_CHECK(back && *back == state);
}

void check(const RowState& state, const RowCommand& command, std::uint64_t clock_ms) {
  const RowStep step = apply_row(state, command, clock_ms);
  check(step.state);
  if (!step.applied()) LATIUM_CHECK(step.state == state);
  // A write or prewrite may come back as a change only where the first one left nothing behind.
  const RowStep again = apply_row(step.state, command, clock_ms);
  if (step.applied() && !step.state.empty()) LATIUM_CHECK(again.state == step.state);
}

}  // namespace
}  // namespace latium

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latium;
  const BytesView bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const std::size_t length = std::min<std::size_t>(data[0], size - 1);
  const BytesView stored = bytes.substr(1, length);
  RowState state;
  if (const auto decoded = decode_row(stored)) {
    LATIUM_CHECK(encode_row(*decoded) == stored);
    state = *decoded;
  } else {
    LATIUM_CHECK(decoded.error().code == ErrorCode::corruption);
  }
  const BytesView rest = bytes.substr(1 + length);
  replica::RowCommand message;
  if (!message.ParseFromArray(rest.data(), static_cast<int>(rest.size()))) return 0;
  const auto command = from_message(message);
  if (!command) return 0;
  replica::RowCommand again;
  to_message(*command, again);
  LATIUM_CHECK(from_message(again).value() == *command);
  for (const std::uint64_t clock_ms : {std::uint64_t{0}, std::uint64_t{1} << 47}) {
    check(state, *command, clock_ms);
    check({}, *command, clock_ms);
  }
  return 0;
}
