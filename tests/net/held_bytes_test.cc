// How much peers can make a node hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "tests/net/tcp_pair.h"

namespace latium::testing {
namespace {

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kLimit = 8 * kMiB;  // 6 MiB in common, a floor of 32 KiB

Task<void> write_often(RawPeer* peer, const Bytes* bytes, int times) {
  for (int i = 0; i < times; ++i) {
    if (auto written = co_await peer->write(*bytes); !written) break;  // the test closes it meanwhile
  }
  co_return Result<void>();
}

class HeldBytesTest : public TcpPairTest {
 protected:
  void SetUp() override {
    TcpTransportOptions options = plain_options(node_hello(1));
    options.limits.max_held_bytes = kLimit;
    options.limits.max_incoming = 64;
    start(std::move(options), plain_options());
  }
  /// What the server holds once that no longer changes.
  std::size_t settled() {
    std::uint64_t before = 0;
    int quiet = 0;
    world.run(until([&] {
      quiet = server->held_bytes() == before ? quiet + 1 : 0;
      before = server->held_bytes();
      most = std::max<std::uint64_t>(most, before);
      return quiet > 500;
    }));
    return before;
  }

  std::uint64_t most = 0;
};

TEST_F(HeldBytesTest, PeersThatDoNotReadAreBoundedTogetherAndOthersAreServed) {
  ASSERT_EQ(call(kEcho, "x"), Result<Bytes>("x"));
  std::deque<RawPeer> peers;
  for (int i = 0; i < 8; ++i) greet(peers.emplace_back(world.runtime().executor));
  // Until the kernel's buffers and the common part are full.
  for (std::uint64_t id = 1; settled() < 5 * kMiB; ++id) {
    for (RawPeer& peer : peers) {
      world.run(peer.write_frame({.type = FrameType::request, .method = kBytes, .request_id = id}, std::to_string(kMiB - 1000)));
    }
  }
  // What they ask for now is refused, or not even read.
  for (RawPeer& peer : peers) {
    for (std::uint64_t id = 1'000'000; id < 1'000'010; ++id) {
      world.run(peer.write_frame({.type = FrameType::request, .method = kBytes, .request_id = id}, std::to_string(2 * kMiB)));
    }
  }
  settled();
  EXPECT_LE(most, kLimit);

  EXPECT_EQ(call(kEcho, "small"), Result<Bytes>("small"));
  EXPECT_EQ(call(kBytes, "30000"), Result<Bytes>(Bytes(30000, 'x')));
  const auto large_answer = call(kBytes, std::to_string(4 * kMiB));
  ASSERT_FALSE(large_answer.has_value());
  EXPECT_EQ(large_answer.error().code, ErrorCode::overloaded);
  EXPECT_EQ(large_answer.error().certainty, Certainty::unknown);
  const auto large_request = call(kEcho, Bytes(4 * kMiB, 'x'));
  ASSERT_FALSE(large_request.has_value());
  EXPECT_EQ(large_request.error().code, ErrorCode::overloaded);
  EXPECT_EQ(large_request.error().certainty, Certainty::not_applied);
  EXPECT_EQ(call(kEcho, "small"), Result<Bytes>("small"));

  peers.clear();
  world.run(until([this] { return server->statistics().connections_open == 1; }));
  EXPECT_EQ(call(kBytes, std::to_string(4 * kMiB)), Result<Bytes>(Bytes(4 * kMiB, 'x')));
}

TEST_F(HeldBytesTest, RefusalsThatNobodyReadsAreBoundedToo) {
  std::deque<RawPeer> peers;
  for (int i = 0; i < 4; ++i) greet(peers.emplace_back(world.runtime().executor));
  client->send(address, kHold, Bytes(6 * kMiB - 1000, 'x'), {}, [](const Result<Bytes>&) {});
  world.run(handler.arrived.wait());
  constexpr std::uint64_t kRequests = 20'000;
  constexpr int kWrites = 20;
  // Little room is left: each of these is answered by a refusal, which takes more room than the request.
  Bytes requests;
  for (std::uint64_t id = 1; id <= kRequests; ++id) {
    append_frame(requests, {.type = FrameType::request, .method = kBytes, .request_id = id}, "100000");
  }
  TaskGroup tasks(world.runtime().executor, 4);
  for (RawPeer& peer : peers) {
    ASSERT_TRUE(tasks.spawn(write_often(&peer, &requests, kWrites)).has_value());
  }
  settled();
  EXPECT_LE(most, kLimit);
  EXPECT_GT(server->statistics().overloaded, 1000u);
  EXPECT_LT(server->statistics().requests_received, 4u * kWrites * kRequests);
  for (RawPeer& peer : peers) peer.socket.close();
  world.run(tasks.join());
}

TEST_F(HeldBytesTest, RequestsThatAreServedCount) {
  int answered = 0;
  for (int i = 0; i < 2; ++i) client->send(address, kHold, Bytes(2 * kMiB, 'x'), {}, [&](const Result<Bytes>&) { ++answered; });
  world.run(until([this] { return handler.held.size() == 2; }));
  EXPECT_GT(server->held_bytes(), 4 * kMiB);
  const auto refused = call(kEcho, Bytes(3 * kMiB, 'x'));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), Error(ErrorCode::overloaded, Certainty::not_applied, refused.error().message));
  // Not even when their connection is gone, before the handler lets go of them.
  world.run(client->stop());
  world.run(until([this] { return server->statistics().connections_open == 0; }));
  EXPECT_GT(server->held_bytes(), 4 * kMiB);
  handler.held.pop_front();
  EXPECT_LT(server->held_bytes(), 3 * kMiB);
  handler.held.pop_front();
  EXPECT_EQ(server->held_bytes(), 0u);
  EXPECT_EQ(answered, 2);
}

TEST_F(HeldBytesTest, TheOwnerCanWaitUntilAnswersAreWritten) {
  EXPECT_EQ(server->unsent_bytes(), 0u);
  RawPeer peer(world.runtime().executor);
  greet(peer);
  // More than the kernel takes.
  for (std::uint64_t id = 1; settled() < 4 * kMiB; ++id) {
    world.run(peer.write_frame({.type = FrameType::request, .method = kBytes, .request_id = id}, std::to_string(kMiB)));
  }
  EXPECT_GE(server->unsent_bytes(), 4 * kMiB);
  TaskGroup tasks(world.runtime().executor, 1);
  ASSERT_TRUE(tasks.spawn(peer.read_to_end()).has_value());
  world.run(until([this] { return server->unsent_bytes() == 0; }));
  world.run(server->stop());
  world.run(tasks.join());
}

}  // namespace
}  // namespace latium::testing
