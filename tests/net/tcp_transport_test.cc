#include "net/tcp_transport.h"

#include <gtest/gtest.h>

#include "tests/net/tcp_pair.h"

namespace latium::testing {
namespace {

using std::chrono::milliseconds;

using TcpTransportTest = TcpPairTest;

TEST_F(TcpTransportTest, LargestMessagesGoBothWaysAndSmallOnesPassThem) {
  start();
  Bytes large(kMaxMessageBytes, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12);
  std::optional<Result<Bytes>> big_answer;
  std::uint64_t small_answers_before = 0;
  client->send(address, kEcho, large, {}, [&](Result<Bytes> answer) { big_answer.emplace(std::move(answer)); });
  for (int i = 0; i < 100; ++i) {
    client->send(address, kEcho, "small", {}, [&](const Result<Bytes>& answer) {
      EXPECT_EQ(answer, Result<Bytes>("small"));
      if (!big_answer) ++small_answers_before;
    });
  }
  world.run(until([&] { return big_answer.has_value(); }));
  ASSERT_TRUE(big_answer->has_value()) << big_answer->error().message;
  EXPECT_TRUE(**big_answer == large);
  EXPECT_EQ(small_answers_before, 100u);
}

TEST_F(TcpTransportTest, ARestartedPeerIsDialledAgain) {
  start();
  ASSERT_TRUE(call(kEcho, "x").has_value());
  world.run(server->stop());
  world.run(until([this] { return client->statistics().connections_open == 0; }));
  server = world.make(plain_options(node_hello(1)));
  ASSERT_TRUE(server->listen(address, handler).has_value());
  EXPECT_EQ(call(kEcho, "again"), Result<Bytes>("again"));
}

TEST_F(TcpTransportTest, DuringTheBackoffCallsFailAtOnceWithTheReason) {
  TcpTransportOptions options = plain_options();
  options.times.redial = {.base = std::chrono::hours(1), .cap = std::chrono::hours(1)};
  start(plain_options(node_hello(1)), std::move(options));
  world.run(server->stop());
  const auto first = call(kEcho, "x");
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, ErrorCode::unavailable);
  EXPECT_NE(first.error().message.find(address.to_string()), std::string::npos);
  std::optional<Result<Bytes>> second;
  client->send(address, kEcho, "x", {}, [&](Result<Bytes> answer) { second.emplace(std::move(answer)); });
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->error(), first.error());
}

TEST_F(TcpTransportTest, ASilentPeerIsPingedAndThenTakenForDead) {
  TcpTransportOptions options = plain_options();
  options.times.ping_after = milliseconds(20);
  options.times.dead_after = milliseconds(60);
  client = world.make(std::move(options));
  RawAcceptor acceptor(world.runtime().executor, Tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  address = {"127.0.0.1", acceptor.local_endpoint().port()};
  std::optional<Result<Bytes>> result;
  client->send(address, kEcho, "x", {}, [&](Result<Bytes> answer) { result.emplace(std::move(answer)); });
  RawPeer peer(world.runtime().executor);
  world.run(peer.accept(&acceptor));
  world.run(peer.write_frame({.type = FrameType::hello_ack}, encode_hello(node_hello(1))));
  std::optional<Result<Bytes>> ping;
  world.run(keep(peer.read_until(FrameType::ping), &ping));
  EXPECT_TRUE(ping->has_value());
  world.run(peer.read_to_end());
  world.run(until([&] { return result.has_value(); }));
  EXPECT_EQ(result->error().code, ErrorCode::unavailable);
  EXPECT_EQ(result->error().certainty, Certainty::unknown);
}

TEST_F(TcpTransportTest, PingsAreAnswered) {
  start();
  RawPeer peer(world.runtime().executor);
  greet(peer);
  world.run(peer.write_frame({.type = FrameType::ping}, {}));
  std::optional<Result<Bytes>> pong;
  world.run(keep(peer.read_until(FrameType::pong), &pong));
  EXPECT_TRUE(pong->has_value());
}

TEST_F(TcpTransportTest, TheHandlerKnowsWhoAsks) {
  start(plain_options(node_hello(1)), plain_options(node_hello(2, "paris")));
  ASSERT_TRUE(call(kEcho, "x").has_value());
  EXPECT_EQ(handler.last_peer.role, PeerRole::node);
  EXPECT_EQ(handler.last_peer.node, NodeId{2});
  EXPECT_EQ(handler.last_peer.site, "paris");
}

TEST_F(TcpTransportTest, APortInUseIsNamedWithTheRemedy) {
  start();
  const auto second = world.make(plain_options(node_hello(2)));
  const auto refused = second->listen(address, handler);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::io_error);
  EXPECT_NE(refused.error().message.find(address.to_string()), std::string::npos);
  EXPECT_NE(refused.error().message.find("another port"), std::string::npos);
  world.run(second->stop());
}

TEST_F(TcpTransportTest, HostNamesAreLookedUp) {
  start();
  address.host = "localhost";
  EXPECT_EQ(call(kEcho, "x"), Result<Bytes>("x"));
}

TEST_F(TcpTransportTest, StampsOfPeersAreTakenOver) {
  start();
  RawPeer peer(world.runtime().executor);
  greet(peer);
  const Hlc ahead = Hlc::from_parts(world.runtime().clock.wall_ms() + 400, 0);
  world.run(peer.write_frame({.type = FrameType::request, .method = kEcho, .request_id = 1, .hlc = ahead.value}, "x"));
  std::optional<Result<Bytes>> answer;
  world.run(keep(peer.read_until(FrameType::response), &answer));
  EXPECT_GT(peer.last.hlc, ahead.value);
}

TEST_F(TcpTransportTest, StopEndsInTheMiddleOfEverything) {
  start();
  std::uint64_t ended = 0;
  const auto count = [&ended](const Result<Bytes>&) { ++ended; };
  ASSERT_TRUE(call(kEcho, "x").has_value());
  for (int i = 0; i < 500; ++i) client->send(address, i % 2 == 0 ? kHold : kEcho, "x", {}, count);
  client->send(address, kEcho, Bytes(kMaxMessageBytes, 'x'), {}, count);
  // A second peer, which is still being dialled.
  client->send({"127.0.0.1", 1}, kEcho, "x", {}, count);
  world.run(until([&] { return client->statistics().bytes_sent > kMaxFramePayloadBytes; }));
  world.run(server->stop());
  world.run(client->stop());
  EXPECT_EQ(ended, 502u);
  EXPECT_EQ(server->statistics().connections_open, 0u);
  EXPECT_EQ(client->statistics().connections_open, 0u);
  handler.release();
}

TEST(TcpTransportOptionsTest, SecurityHasToBeChosen) {
  LoopWorld world;
  TcpTransportOptions options;
  const auto refused = TcpTransport::create(world.runtime(), world.hlc(), options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace latium::testing
