// Peers that break the protocol, belong elsewhere or keep silent: refused by their codes, and the others are served.
#include <gtest/gtest.h>

#include "net/wire_error.h"
#include "tests/net/tcp_pair.h"

namespace latium::testing {
namespace {

using std::chrono::milliseconds;

using TcpStrangersTest = TcpPairTest;

TEST_F(TcpStrangersTest, ASecondRequestWithTheIdOfAnUnansweredOneEndsTheConnection) {
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

TEST_F(TcpStrangersTest, GarbageIsRefusedAndCounted) {
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

TEST_F(TcpStrangersTest, FramesOfTheWrongSideEndTheConnectionWithAReason) {
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

TEST_F(TcpStrangersTest, WhoSaysNothingIsClosedInTime) {
  TcpTransportOptions options = plain_options(node_hello(1));
  options.times.handshake = milliseconds(30);
  start(std::move(options), plain_options());
  RawPeer peer(world.runtime().executor);
  world.run(peer.connect(address));
  world.run(peer.write("\x01"));
  world.run(peer.read_to_end());
  EXPECT_EQ(server->statistics().rejected_connections, 1u);
}

TEST_F(TcpStrangersTest, PeersOfAnotherClusterOrVersionAreRefusedByTheirCodes) {
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

TEST_F(TcpStrangersTest, StampsTooFarAheadAreRefusedAndTheRestServed) {
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

}  // namespace
}  // namespace latium::testing
