// SendQueue and Reassembler against each other: the two ends of a connection without the connection.
#include "net/reassembly.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "base/random.h"
#include "net/send_queue.h"

namespace latium {
namespace {

FrameHeader response(std::uint64_t id) {
  return {.type = FrameType::response, .request_id = id};
}

/// Feeds `bytes` to both; the messages that became whole, in order.
std::vector<Message> receive(FrameDecoder& decoder, Reassembler& reassembler, BytesView bytes) {
  std::vector<Message> messages;
  while (!bytes.empty()) {
    bytes.remove_prefix(decoder.feed(bytes));
    for (;;) {
      auto frame = decoder.next();
      EXPECT_TRUE(frame.has_value());
      if (!frame || !*frame) break;
      auto message = reassembler.add(**frame);
      EXPECT_TRUE(message.has_value()) << message.error().message;
      if (message && *message) messages.push_back(std::move(**message));
    }
  }
  return messages;
}

RC_GTEST_PROP(ReassemblyProperty, EveryMessageArrivesWhole, (std::uint64_t seed)) {
  Random random(seed);
  SendQueue queue;
  std::map<std::uint64_t, Bytes> sent;
  for (std::uint64_t id = 1, count = random.between(1, 8); id <= count; ++id) {
    const std::size_t size = random.chance(0.5) ? random.below(400) : random.below(3 * kMaxFramePayloadBytes);
    Bytes payload(size, static_cast<char>(random.next()));
    sent[id] = payload;
    queue.push(response(id), std::move(payload));
  }
  FrameDecoder decoder;
  Reassembler reassembler;
  std::map<std::uint64_t, Bytes> received;
  Bytes out;
  for (queue.take(out); !out.empty(); queue.take(out)) {
    for (Message& message : receive(decoder, reassembler, out)) received[message.header.request_id] = std::move(message.payload);
  }
  RC_ASSERT(queue.bytes() == 0u);
  RC_ASSERT(reassembler.unfinished_bytes() == 0u);
  RC_ASSERT(received == sent);
}

TEST(SendQueueTest, SmallMessagesPassLargeOnesAndLargeOnesTakeTurns) {
  SendQueue queue;
  queue.push(response(1), Bytes(4 * kMaxFramePayloadBytes, 'a'));
  queue.push(response(2), Bytes(2 * kMaxFramePayloadBytes, 'b'));
  FrameDecoder decoder;
  Reassembler reassembler;
  Bytes out;
  queue.take(out);
  EXPECT_TRUE(receive(decoder, reassembler, out).empty());
  queue.push(response(3), "small");
  queue.take(out);
  const auto first = receive(decoder, reassembler, out);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().header.request_id, 3u);
  std::vector<std::uint64_t> order;
  for (queue.take(out); !out.empty(); queue.take(out)) {
    for (const Message& message : receive(decoder, reassembler, out)) order.push_back(message.header.request_id);
  }
  EXPECT_EQ(order, (std::vector<std::uint64_t>{2, 1}));
}

TEST(SendQueueTest, UnfinishedMessagesStayWithinTheReceiversBound) {
  SendQueue queue;
  for (std::uint64_t id = 1; id <= 3; ++id) queue.push(response(id), Bytes(kMaxMessageBytes, 'x'));
  FrameDecoder decoder;
  Reassembler reassembler;
  Bytes out;
  for (int i = 0; i < 6; ++i) {
    queue.take(out);
    EXPECT_TRUE(receive(decoder, reassembler, out).empty());
  }
  // Two are under way in turn; the third waits for the end of one of them.
  EXPECT_EQ(reassembler.unfinished_bytes(), kMaxUnfinishedBytes);
  queue.discard(1);
  reassembler.discard(1);
  for (int i = 0; i < 2; ++i) {
    queue.take(out);
    EXPECT_TRUE(receive(decoder, reassembler, out).empty());
  }
  EXPECT_EQ(reassembler.unfinished_bytes(), kMaxUnfinishedBytes);
}

TEST(SendQueueTest, ADiscardedMessageLeavesNothing) {
  SendQueue queue;
  queue.push(response(1), Bytes(2 * kMaxFramePayloadBytes, 'a'));
  Bytes out;
  queue.take(out);
  queue.discard(1);
  EXPECT_TRUE(queue.empty());
  queue.take(out);
  EXPECT_TRUE(out.empty());
}

Frame chunk(std::uint64_t id, BytesView payload, bool more) {
  return {{.type = FrameType::chunk, .flags = more ? kFrameMore : std::uint8_t{0}, .request_id = id}, payload};
}

Frame beginning(std::uint64_t id, const Bytes& payload) {
  return {{.type = FrameType::request, .flags = kFrameMore, .request_id = id}, payload};
}

Bytes size_and(std::uint32_t total, BytesView rest) {
  Bytes payload;
  put_u32(payload, total);
  return payload.append(rest);
}

TEST(ReassemblerTest, FramesThatBreakTheRulesAreRefused) {
  constexpr std::uint32_t kTotal = kMaxFramePayloadBytes + 10;
  const Bytes all_but_ten = size_and(kTotal, Bytes(kMaxFramePayloadBytes, 'x'));
  struct Case {
    std::string name;
    std::vector<Frame> good;
    Frame bad;
  };
  const Bytes too_large = size_and(kMaxMessageBytes + 1, "x");
  const Bytes too_small = size_and(kMaxFramePayloadBytes, "x");
  const Bytes no_size = "abc";
  const Case cases[] = {
      {"a chunk of nothing", {}, chunk(1, "x", false)},
      {"no size", {}, beginning(1, no_size)},
      {"larger than any message", {}, beginning(1, too_large)},
      {"small enough for one frame", {}, beginning(1, too_small)},
      {"the same id twice", {beginning(1, all_but_ten)}, beginning(1, all_but_ten)},
      {"ends too early", {beginning(1, all_but_ten)}, chunk(1, "123456789", false)},
      {"does not end", {beginning(1, all_but_ten)}, chunk(1, "1234567890", true)},
      {"too long", {beginning(1, all_but_ten)}, chunk(1, "1234567890+", false)},
      {"an empty chunk", {beginning(1, all_but_ten)}, chunk(1, "", true)},
      {"the id is free again", {beginning(1, all_but_ten), chunk(1, "1234567890", false)}, chunk(1, "x", false)},
  };
  for (const Case& item : cases) {
    Reassembler reassembler;
    for (const Frame& frame : item.good) ASSERT_TRUE(reassembler.add(frame).has_value()) << item.name;
    const auto result = reassembler.add(item.bad);
    ASSERT_FALSE(result.has_value()) << item.name;
    EXPECT_EQ(result.error().code, ErrorCode::corruption) << item.name;
  }
}

TEST(ReassemblerTest, ARefusedMessageIsPassedOverAndNotKept) {
  const Bytes first = size_and(3 * kMaxFramePayloadBytes, Bytes(kMaxFramePayloadBytes, 'x'));
  const Bytes rest(kMaxFramePayloadBytes, 'x');
  Reassembler reassembler;
  ASSERT_TRUE(reassembler.add(beginning(1, first)).has_value());
  ASSERT_TRUE(reassembler.add(beginning(2, first)).has_value());
  EXPECT_EQ(reassembler.kept_bytes(), 2 * kMaxFramePayloadBytes);
  reassembler.refuse(1);
  EXPECT_EQ(reassembler.kept_bytes(), kMaxFramePayloadBytes);
  // The sender counts it still, and its chunks still have to add up.
  EXPECT_EQ(reassembler.unfinished_bytes(), 6 * kMaxFramePayloadBytes);
  EXPECT_FALSE(reassembler.add(chunk(1, rest, false)).has_value());
  ASSERT_TRUE(reassembler.add(chunk(1, rest, true)).has_value());
  const auto refused = reassembler.add(chunk(1, rest, false));
  ASSERT_TRUE(refused.has_value());
  EXPECT_FALSE(refused->has_value());
  EXPECT_EQ(reassembler.unfinished_bytes(), 3 * kMaxFramePayloadBytes);
  EXPECT_EQ(reassembler.kept_bytes(), kMaxFramePayloadBytes);
  ASSERT_TRUE(reassembler.add(chunk(2, rest, true)).has_value());
  const auto whole = reassembler.add(chunk(2, rest, false));
  ASSERT_TRUE(whole.has_value() && whole->has_value());
  EXPECT_EQ((*whole)->payload, Bytes(3 * kMaxFramePayloadBytes, 'x'));
  EXPECT_EQ(reassembler.kept_bytes(), 0u);
}

TEST(ReassemblerTest, MoreThanTheBoundOfUnfinishedMessagesIsRefused) {
  Reassembler reassembler;
  const Bytes first = size_and(kMaxMessageBytes, "x");
  ASSERT_TRUE(reassembler.add(beginning(1, first)).has_value());
  ASSERT_TRUE(reassembler.add(beginning(2, first)).has_value());
  EXPECT_FALSE(reassembler.add(beginning(3, size_and(kMaxFramePayloadBytes + 1, "x"))).has_value());
  reassembler.discard(1);
  EXPECT_TRUE(reassembler.add(beginning(3, first)).has_value());
}

}  // namespace
}  // namespace latium
