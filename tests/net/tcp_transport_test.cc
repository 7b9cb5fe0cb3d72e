#include "net/tcp_transport.h"

#include <gtest/gtest.h>

#include "net/wire_error.h"
#include "tests/net/raw_peer.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"

namespace latium::testing {
namespace {

using std::chrono::milliseconds;

/// A server that listens and a client, on one loop; both with options of their own.
class TcpTransportTest : public ::testing::Test {
 protected:
  void start(TcpTransportOptions server_options, TcpTransportOptions client_options) {
    server = world.make(std::move(server_options));
    client = world.make(std::move(client_options));
    const auto listening = server->listen({"127.0.0.1", 0}, handler);
    ASSERT_TRUE(listening.has_value()) << listening.error().message;
    address = *listening;
  }
  void start() { start(plain_options(node_hello(1)), plain_options()); }
  void TearDown() override {
    if (client) world.run(client->stop());
    if (server) world.run(server->stop());
    handler.held.clear();
  }
  Result<Bytes> call(Method method, Bytes request) {
    std::optional<Result<Bytes>> result;
    world.run(keep(client->call(address, method, std::move(request), {}), &result));
    return *std::move(result);
  }
  /// A connection whose handshake is done.
  void greet(RawPeer& peer) {
    world.run(peer.connect(address));
    world.run(peer.write_frame({.type = FrameType::hello}, encode_hello(Hello{})));
    std::optional<Result<Bytes>> ack;
    world.run(keep(peer.read_until(FrameType::hello_ack), &ack));
    ASSERT_TRUE(ack->has_value()) << ack->error().message;
  }

  LoopWorld world;
  ScriptedHandler handler{world.runtime().clock};
  std::unique_ptr<TcpTransport> server;
  std::unique_ptr<TcpTransport> client;
  Address address;
};

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

TEST_F(TcpTransportTest, TheHandlerHearsOfCancels) {
  start();
  std::optional<Result<Bytes>> result;
  const std::uint64_t id =
      client->send(address, kHold, "x", {}, [&](Result<Bytes> answer) { result.emplace(std::move(answer)); });
  world.run(handler.arrived.wait());
  EXPECT_EQ(client->cancel(address, id), Certainty::unknown);
  world.run(handler.cancel_came.wait());
  const IncomingRequest& held = handler.held.front();
  EXPECT_EQ(handler.cancelled_ids, (std::vector{std::pair(held.connection_id(), held.id())}));
  // Only once, though the connection goes as well.
  world.run(client->stop());
  world.run(until([this] { return server->statistics().connections_open == 0; }));
  EXPECT_EQ(handler.cancelled_ids.size(), 1u);
  handler.release();
  EXPECT_FALSE(result.has_value());
}

TEST_F(TcpTransportTest, TheHandlerHearsOfConnectionsThatEndBeforeTheAnswers) {
  start();
  RawPeer one(world.runtime().executor);
  RawPeer other(world.runtime().executor);
  for (RawPeer* peer : {&one, &other}) {
    greet(*peer);
    for (std::uint64_t id = 1; id <= 3; ++id) {
      world.run(peer->write_frame({.type = FrameType::request, .method = kHold, .request_id = id}, "x"));
      world.run(until([this, before = handler.handled] { return handler.handled > before; }));
    }
  }
  // The first one of the connection that goes is answered before.
  std::move(handler.held.front()).respond(Bytes("answer"));
  handler.held.pop_front();
  std::optional<Result<Bytes>> answer;
  world.run(keep(one.read_until(FrameType::response), &answer));
  one.socket.close();
  world.run(handler.cancel_came.wait());
  const std::uint64_t gone = handler.held.front().connection_id();
  EXPECT_EQ(handler.cancelled_ids, (std::vector{std::pair(gone, std::uint64_t{2}), std::pair(gone, std::uint64_t{3})}));
  EXPECT_NE(handler.held.back().connection_id(), gone);
  // Answers of those go nowhere; the others are served.
  handler.release();
  world.run(keep(other.read_until(FrameType::response), &answer));
  EXPECT_EQ(answer, Result<Bytes>("x"));
}

TEST_F(TcpTransportTest, ASecondRequestWithTheIdOfAnUnansweredOneEndsTheConnection) {
  start();
  RawPeer peer(world.runtime().executor);
  greet(peer);
  for (int i = 0; i < 2; ++i) {
    world.run(peer.write_frame({.type = FrameType::request, .method = kHold, .request_id = 5}, "x"));
  }
  std::optional<Result<Bytes>> goodbye;
  world.run(keep(peer.read_until(FrameType::goodbye), &goodbye));
  ASSERT_TRUE(goodbye->has_value());
  EXPECT_EQ(decode_error(**goodbye).code, ErrorCode::corruption);
  EXPECT_EQ(handler.handled, 1u);
}

TEST_F(TcpTransportTest, ACancelOfAnAnsweredRequestIsNotPassedOn) {
  start();
  RawPeer peer(world.runtime().executor);
  greet(peer);
  world.run(peer.write_frame({.type = FrameType::request, .method = kEcho, .request_id = 1}, "x"));
  world.run(peer.write_frame({.type = FrameType::cancel, .request_id = 1}, {}));
  world.run(peer.write_frame({.type = FrameType::ping}, {}));
  std::optional<Result<Bytes>> pong;
  world.run(keep(peer.read_until(FrameType::pong), &pong));
  EXPECT_TRUE(handler.cancelled_ids.empty());
}

TEST_F(TcpTransportTest, ACancelBeforeTheConnectionStandsIsNotApplied) {
  start();
  bool called = false;
  const std::uint64_t id = client->send(address, kEcho, "x", {}, [&](const Result<Bytes>&) { called = true; });
  EXPECT_EQ(client->cancel(address, id), Certainty::not_applied);
  EXPECT_EQ(call(kEcho, "next"), Result<Bytes>("next"));
  EXPECT_FALSE(called);
  EXPECT_EQ(handler.handled, 1u);
}

TEST_F(TcpTransportTest, ACancelledLargeRequestLeavesTheConnectionUsable) {
  start();
  ASSERT_TRUE(call(kEcho, "x").has_value());
  const std::uint64_t id = client->send(address, kEcho, Bytes(kMaxMessageBytes, 'x'), {}, [](const Result<Bytes>&) {});
  world.run(until([&] { return client->statistics().bytes_sent > 2 * kMaxFramePayloadBytes; }));
  client->cancel(address, id);
  EXPECT_EQ(call(kEcho, "next"), Result<Bytes>("next"));
  // It never was whole: nothing to tell.
  EXPECT_TRUE(handler.cancelled_ids.empty());
  EXPECT_EQ(handler.handled, 2u);
}

TEST_F(TcpTransportTest, AFullQueueAnswersOverloadedAtOnce) {
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

TEST_F(TcpTransportTest, TheServerBoundsTheRequestsOfOnePeer) {
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

TEST_F(TcpTransportTest, AnswersThatCannotBeSentAreReplacedByTheReason) {
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

TEST_F(TcpTransportTest, APeerThatDoesNotReadIsNotReadFrom) {
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

TEST_F(TcpTransportTest, GarbageIsRefusedAndCounted) {
  start();
  RawPeer before_hello(world.runtime().executor);
  world.run(before_hello.connect(address));
  world.run(before_hello.write(Bytes(1000, 'G')));
  world.run(before_hello.read_to_end());
  RawPeer after_hello(world.runtime().executor);
  greet(after_hello);
  world.run(after_hello.write(Bytes(1000, 'G')));
  world.run(after_hello.read_to_end());
  EXPECT_EQ(server->statistics().rejected_connections, 2u);
  EXPECT_EQ(call(kEcho, "x"), Result<Bytes>("x"));
}

TEST_F(TcpTransportTest, FramesOfTheWrongSideEndTheConnectionWithAReason) {
  start();
  for (const FrameType type : {FrameType::response, FrameType::error, FrameType::hello, FrameType::hello_ack}) {
    RawPeer peer(world.runtime().executor);
    greet(peer);
    world.run(peer.write_frame({.type = type, .request_id = 1}, "x"));
    std::optional<Result<Bytes>> goodbye;
    world.run(keep(peer.read_until(FrameType::goodbye), &goodbye));
    ASSERT_TRUE(goodbye->has_value());
    EXPECT_EQ(decode_error(**goodbye).code, ErrorCode::corruption);
  }
}

TEST_F(TcpTransportTest, WhoSaysNothingIsClosedInTime) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.times.handshake = milliseconds(30);
  start(std::move(options), plain_options());
  RawPeer peer(world.runtime().executor);
  world.run(peer.connect(address));
  world.run(peer.write("\x01"));
  world.run(peer.read_to_end());
  EXPECT_EQ(server->statistics().rejected_connections, 1u);
}

TEST_F(TcpTransportTest, TooManyConnectionsAreClosed) {
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

TEST_F(TcpTransportTest, PeersOfAnotherClusterOrVersionAreRefusedByTheirCodes) {
  Hello other_cluster;
  other_cluster.cluster = ClusterId{8};
  Hello other_version;
  other_version.min_version = other_version.max_version = 99;
  start(plain_options(node_hello(1)), plain_options(other_cluster));
  EXPECT_EQ(call(kEcho, "x").error().code, ErrorCode::wrong_cluster);
  world.run(client->stop());
  client = world.make(plain_options(other_version));
  const auto refused = call(kEcho, "x");
  EXPECT_EQ(refused.error().code, ErrorCode::incompatible_version);
  EXPECT_EQ(refused.error().certainty, Certainty::not_applied);
  EXPECT_EQ(server->statistics().rejected_connections, 2u);
  EXPECT_EQ(handler.handled, 0u);
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

TEST_F(TcpTransportTest, StampsTooFarAheadAreRefusedAndTheRestServed) {
  start();
  RawPeer peer(world.runtime().executor);
  greet(peer);
  const Hlc far = Hlc::from_parts(world.runtime().clock.wall_ms() + 3'600'000, 0);
  world.run(peer.write_frame({.type = FrameType::request, .method = kEcho, .request_id = 1, .hlc = far.value}, "x"));
  std::optional<Result<Bytes>> answer;
  world.run(keep(peer.read_until(FrameType::response), &answer));
  EXPECT_EQ(*answer, Result<Bytes>("x"));
  EXPECT_EQ(server->statistics().refused_stamps, 1u);
  EXPECT_LT(world.hlc().latest(), far);
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
