// Frames and reassembly: any bytes, in any pieces, either make messages or are refused, within the bounds; what is accepted
// encodes to the bytes that it came from.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "net/frame.h"
#include "net/reassembly.h"

namespace latium {
namespace {

void one_input(BytesView input) {
  if (input.empty()) return;
  // The first byte says in which pieces the rest arrives.
  const std::size_t piece = 1 + 3 * static_cast<std::size_t>(static_cast<unsigned char>(input.front()));
  input.remove_prefix(1);
  const BytesView whole = input;

  FrameDecoder decoder;
  Reassembler reassembler;
  Bytes accepted;
  bool in_order = true;
  while (!input.empty()) {
    input.remove_prefix(decoder.feed(input.substr(0, piece)));
    for (;;) {
      const auto frame = decoder.next();
      if (!frame) return;
      if (!*frame) break;
      append_frame(accepted, (*frame)->header, (*frame)->payload);
      if (!in_order) continue;
      const auto message = reassembler.add(**frame);
      in_order = message.has_value();
      if (message && *message) LATIUM_CHECK((*message)->payload.size() <= kMaxMessageBytes);
      LATIUM_CHECK(reassembler.unfinished_bytes() <= kMaxUnfinishedBytes);
    }
  }
  LATIUM_CHECK(accepted == whole.substr(0, accepted.size()), "a frame has one encoding");
  LATIUM_CHECK(accepted.size() + decoder.buffered() == whole.size());
}

}  // namespace
}  // namespace latium

// A checksum that a fuzzer cannot guess would keep it at the door: the inputs are also tried with the right one put in.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latium;
  const BytesView input(reinterpret_cast<const char*>(data), size);
  one_input(input);
  if (size < 2) return 0;

  Bytes repaired(1, input.front());
  BytesView rest = input.substr(1);
  // Each record of the input: type, flags, id, payload length, payload.
  while (rest.size() >= 5) {
    const FrameHeader header{.type = static_cast<FrameType>(rest[0]),
                             .flags = static_cast<std::uint8_t>(rest[1]),
                             .request_id = static_cast<unsigned char>(rest[2])};
    const std::size_t length = get_u16(rest.data() + 3);
    rest.remove_prefix(5);
    const BytesView payload = rest.substr(0, length);
    append_frame(repaired, header, payload);
    rest.remove_prefix(payload.size());
  }
  one_input(repaired);
  return 0;
}
