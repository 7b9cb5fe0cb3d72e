// TcpPairTest: a server that listens and a client, on one loop, and raw peers beside them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>

#include "net/tcp_transport.h"
#include "tests/net/raw_peer.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"

namespace latium::testing {

/// Both with options of their own: a test calls start() first.
class TcpPairTest : public ::testing::Test {
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
    if (server) EXPECT_EQ(server->held_bytes(), 0u);
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

}  // namespace latium::testing
