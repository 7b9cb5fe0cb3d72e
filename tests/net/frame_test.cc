#include "net/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "base/random.h"
#include "tests/support/golden.h"

namespace latium {
namespace {

struct OwnedFrame {
  FrameHeader header;
  Bytes payload;
  friend bool operator==(const OwnedFrame&, const OwnedFrame&) = default;
};

OwnedFrame random_frame(Random& random, std::size_t max_payload) {
  OwnedFrame frame;
  frame.header.type = static_cast<FrameType>(random.between(1, 10));
  const bool may_go_on = frame.header.type == FrameType::request || frame.header.type == FrameType::response ||
                         frame.header.type == FrameType::chunk;
  frame.header.flags = may_go_on && random.chance(0.5) ? kFrameMore : 0;
  frame.header.method = static_cast<std::uint16_t>(random.next());
  frame.header.request_id = random.next();
  frame.header.hlc = random.next();
  frame.header.timeout_ms = static_cast<std::uint32_t>(random.next());
  const std::size_t size = random.below(max_payload + 1);
  for (std::size_t i = 0; i < size; ++i) frame.payload.push_back(static_cast<char>(random.next()));
  return frame;
}

/// All whole frames of `stream`, which arrives in the pieces that `next_piece` says; fails at the first error.
template <class NextPiece>
Result<std::vector<OwnedFrame>> decode(BytesView stream, NextPiece next_piece) {
  FrameDecoder decoder;
  std::vector<OwnedFrame> frames;
  while (!stream.empty()) {
    stream.remove_prefix(decoder.feed(stream.substr(0, next_piece())));
    for (;;) {
      LATIUM_TRY(const std::optional<Frame> frame, decoder.next());
      if (!frame) break;
      frames.push_back({frame->header, Bytes(frame->payload)});
    }
  }
  return frames;
}

RC_GTEST_PROP(FrameProperty, FramesSurviveAnySplittingOfTheStream, (std::uint64_t seed)) {
  Random random(seed);
  std::vector<OwnedFrame> frames;
  Bytes stream;
  for (std::uint64_t count = random.between(1, 20); count > 0; --count) {
    frames.push_back(random_frame(random, random.chance(0.1) ? kMaxFramePayloadBytes : 300));
    append_frame(stream, frames.back().header, frames.back().payload);
  }
  const std::uint64_t largest_piece = random.between(1, 5000);
  const auto decoded = decode(stream, [&] { return random.between(1, static_cast<std::int64_t>(largest_piece)); });
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(*decoded == frames);
}

TEST(FrameTest, EveryCorruptedByteIsNoticed) {
  Random random(7);
  const OwnedFrame frame = random_frame(random, 60);
  Bytes good;
  append_frame(good, frame.header, frame.payload);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
      // Padding: a length that became larger waits for bytes, and then fails.
      bad.append(2 * kMaxFramePayloadBytes, '\0');
      const auto decoded = decode(bad, [] { return std::size_t{64 << 10}; });
      ASSERT_FALSE(decoded.has_value()) << "byte " << at << " bit " << bit;
      EXPECT_EQ(decoded.error().code, ErrorCode::corruption);
    }
  }
}

TEST(FrameTest, AnOversizedLengthIsRefusedFromTheHeaderAlone) {
  Bytes header;
  put_u32(header, kMaxFramePayloadBytes + 1);
  header.resize(kFrameHeaderBytes, '\x03');
  FrameDecoder decoder;
  ASSERT_EQ(decoder.feed(header), header.size());
  const auto frame = decoder.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code, ErrorCode::corruption);
}

TEST(FrameTest, TheBufferStaysBelowOneFrameOfTheLargestSize) {
  Bytes stream;
  append_frame(stream, {.type = FrameType::response, .request_id = 1}, Bytes(kMaxFramePayloadBytes, 'x'));
  FrameDecoder decoder;
  BytesView rest = BytesView(stream).substr(0, stream.size() - 1);
  while (!rest.empty()) {
    rest.remove_prefix(decoder.feed(rest));
    ASSERT_TRUE(decoder.next().has_value());
    ASSERT_LE(decoder.buffered() + decoder.prepare().size, kFrameHeaderBytes + kMaxFramePayloadBytes);
  }
}

TEST(FrameTest, UnknownTypesAndFlagsAreRefused) {
  for (const FrameHeader header :
       {FrameHeader{.type = static_cast<FrameType>(0)}, FrameHeader{.type = static_cast<FrameType>(11)},
        FrameHeader{.type = FrameType::request, .flags = 2}, FrameHeader{.type = FrameType::ping, .flags = kFrameMore}}) {
    Bytes bytes;
    append_frame(bytes, header, {});
    EXPECT_FALSE(decode(bytes, [] { return std::size_t{1000}; }).has_value());
  }
}

TEST(FrameTest, EachTypeHasItsGoldenBytes) {
  const std::pair<FrameType, std::string> types[] = {{FrameType::hello, "hello"},     {FrameType::hello_ack, "hello_ack"},
                                                     {FrameType::request, "request"}, {FrameType::response, "response"},
                                                     {FrameType::error, "error"},     {FrameType::chunk, "chunk"},
                                                     {FrameType::cancel, "cancel"},   {FrameType::ping, "ping"},
                                                     {FrameType::pong, "pong"},       {FrameType::goodbye, "goodbye"}};
  for (const auto& [type, name] : types) {
    const bool is_request = type == FrameType::request;
    const FrameHeader header{.type = type,
                             .flags = type == FrameType::chunk ? kFrameMore : std::uint8_t{0},
                             .method = is_request ? std::uint16_t{0x1234} : std::uint16_t{0},
                             .request_id = 0x0102030405060708,
                             .hlc = 0x1112131415161718,
                             .timeout_ms = is_request ? 0x21222324u : 0};
    const Bytes payload = type == FrameType::cancel || type == FrameType::ping || type == FrameType::pong ? "" : "payload";
    Bytes bytes;
    append_frame(bytes, header, payload);
    const Bytes kept = testing::golden("frame_" + name);
    EXPECT_EQ(bytes, kept) << "frame_" << name << ".hex:\n" << testing::as_golden_text(bytes);
    const auto parsed = decode(kept, [] { return std::size_t{1000}; });
    ASSERT_TRUE(parsed.has_value()) << name;
    EXPECT_EQ(*parsed, (std::vector<OwnedFrame>{{header, payload}})) << name;
  }
}

}  // namespace
}  // namespace latium
