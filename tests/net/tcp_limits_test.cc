// What one peer may have in flight, and what it is told beyond that.
#include <gtest/gtest.h>

#include "tests/net/tcp_pair.h"

namespace latium::testing {
namespace {

using TcpLimitsTest = TcpPairTest;

TEST_F(TcpLimitsTest, AFullQueueAnswersOverloadedAtOnce) {
  TcpTransportOptions options = plain_options();
  options.limits.max_calls_per_peer = 2;
  start(plain_options(node_hello(1)), std::move(options));
  int answered = 0;
  for (int i = 0; i < 2; ++i) client->send(address, kHold, "x", {}, [&answered](const Result<Bytes>&) { ++answered; });
  const auto refused = call(kEcho, "x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
  EXPECT_EQ(client->statistics().overloaded, 1u);
  world.run(until([this] { return handler.held.size() == 2; }));
  handler.release();
  world.run(until([&answered] { return answered == 2; }));
  EXPECT_EQ(call(kEcho, "x"), Result<Bytes>("x"));
}

TEST_F(TcpLimitsTest, TheServerBoundsTheRequestsOfOnePeer) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.limits.max_requests_per_connection = 1;
  start(std::move(options), plain_options());
  client->send(address, kHold, "x", {}, [](const Result<Bytes>&) {});
  world.run(handler.arrived.wait());
  const auto refused = call(kEcho, "x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
  handler.release();
  EXPECT_EQ(call(kEcho, "x"), Result<Bytes>("x"));
}

TEST_F(TcpLimitsTest, AnswersThatCannotBeSentAreReplacedByTheReason) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.limits.max_answer_bytes = 1 << 20;
  start(std::move(options), plain_options());
  std::optional<Result<Bytes>> result;
  client->send(address, kHold, "x", {}, [&](Result<Bytes> answer) { result.emplace(std::move(answer)); });
  world.run(handler.arrived.wait());
  std::move(handler.held.front()).respond(Bytes(kMaxMessageBytes + 1, 'x'));
  world.run(until([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(result->error().certainty, Certainty::unknown);
  const auto refused = call(kEcho, Bytes(2 << 20, 'x'));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_EQ(refused.error().certainty, Certainty::unknown);
}

TEST_F(TcpLimitsTest, APeerThatDoesNotReadIsNotReadFrom) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.limits.pause_reading_bytes = 1 << 20;
  start(std::move(options), plain_options());
  RawPeer peer(world.runtime().executor);
  greet(peer);
  // More answers than the kernel's buffers hold: the server has to stop taking requests at some point.
  Bytes requests;
  for (std::uint64_t id = 1; id <= 600; ++id) {
    append_frame(requests, {.type = FrameType::request, .method = kEcho, .request_id = id}, Bytes(kMaxFramePayloadBytes, 'x'));
  }
  TaskGroup tasks(world.runtime().executor, 1);
  ASSERT_TRUE(tasks.spawn(peer.write(requests)).has_value());
  std::uint64_t before = 0;
  int quiet = 0;
  world.run(until([&] {
    quiet = handler.handled == before ? quiet + 1 : 0;
    before = handler.handled;
    return quiet > 1000;
  }));
  EXPECT_LT(handler.handled, 600u);
  // Once it reads, all is answered.
  for (std::uint64_t answers = 0; answers < 600; ++answers) {
    std::optional<Result<Bytes>> answer;
    world.run(keep(peer.read_until(FrameType::response), &answer));
    ASSERT_TRUE(answer->has_value());
  }
  world.run(tasks.join());
}

TEST_F(TcpLimitsTest, TooManyConnectionsAreClosed) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.limits.max_incoming = 1;
  start(std::move(options), plain_options());
  RawPeer first(world.runtime().executor);
  greet(first);
  RawPeer second(world.runtime().executor);
  world.run(second.connect(address));
  world.run(second.read_to_end());
  EXPECT_EQ(server->statistics().rejected_connections, 1u);
}

}  // namespace
}  // namespace latium::testing
