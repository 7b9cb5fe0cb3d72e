// What the handler of the other side hears when nobody waits for an answer any more.
#include <gtest/gtest.h>

#include "tests/net/tcp_pair.h"

namespace latium::testing {
namespace {

using TcpCancelTest = TcpPairTest;

TEST_F(TcpCancelTest, TheHandlerHearsOfCancels) {
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

TEST_F(TcpCancelTest, TheHandlerHearsOfConnectionsThatEndBeforeTheAnswers) {
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

TEST_F(TcpCancelTest, ACancelOfAnAnsweredRequestIsNotPassedOn) {
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

TEST_F(TcpCancelTest, ACancelBeforeTheConnectionStandsIsNotApplied) {
  start();
  bool called = false;
  const std::uint64_t id = client->send(address, kEcho, "x", {}, [&](const Result<Bytes>&) { called = true; });
  EXPECT_EQ(client->cancel(address, id), Certainty::not_applied);
  EXPECT_EQ(call(kEcho, "next"), Result<Bytes>("next"));
  EXPECT_FALSE(called);
  EXPECT_EQ(handler.handled, 1u);
}

TEST_F(TcpCancelTest, ACancelledLargeRequestLeavesTheConnectionUsable) {
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

}  // namespace
}  // namespace latium::testing
