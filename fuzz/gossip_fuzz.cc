// What a node says of others: any bytes, as request and as answer, are refused or taken, never a crash; what decodes encodes to
// what decodes to the same. The core stays within bounds and keeps its word: it is up itself, and who is no member is not known.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "ring/swim.h"

namespace latium {
namespace {

constexpr NodeId kSelf{1};
constexpr NodeId kStranger{9};

void check(Swim& swim) {
  LATIUM_CHECK(swim.liveness(kSelf) == Liveness::up);
  LATIUM_CHECK(swim.liveness(kStranger) == Liveness::down);
  LATIUM_CHECK(swim.incarnation() < kMaxSwimIncarnation);
  for (const SwimChange& change : swim.take_changes()) LATIUM_CHECK(change.node != kSelf && change.node != kStranger);
}

/// Messages are what the node itself could read: it never answers with garbage.
void check(const std::vector<SwimSend>& sends) {
  for (const SwimSend& send : sends) LATIUM_CHECK(send.to != kSelf && decode_swim(send.message).has_value());
}

}  // namespace
}  // namespace latium

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latium;
  const BytesView input(reinterpret_cast<const char*>(data), size);
  if (const auto message = decode_swim(input)) {
    LATIUM_CHECK(decode_swim(encode_swim(*message)).value() == *message);
  } else {
    LATIUM_CHECK(message.error().code == ErrorCode::invalid_argument);
  }

  Swim swim(kSelf, {}, Random(1));
  MonotonicTime now{};
  swim.set_members({{kSelf, "a"}, {NodeId{2}, "a"}, {NodeId{3}, "a"}, {NodeId{4}, "b"}, {NodeId{5}, "b"}}, now);
  for (const NodeId from : {NodeId{2}, NodeId{4}, kStranger, kSelf}) {
    std::vector<SwimSend> sends;
    const auto answer = swim.on_request(from, input, now, sends);
    LATIUM_CHECK(!answer || answer->empty() || decode_swim(*answer).has_value());
    (void)swim.on_answer(from, input, now, sends).has_value();
    check(sends);
    check(swim);
    for (int i = 0; i < 8; ++i) {
      now = std::max(now, swim.next_tick());
      check(swim.tick(now));
    }
    check(swim);
  }
  return 0;
}
