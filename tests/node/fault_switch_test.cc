#include "node/fault_switch.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/faults.pb.h"
#include "proto/wire.pb.h"
#include "runtime/event_loop.h"

namespace latium {
namespace {

/// Keeps what it is given to listen with, and counts what it is given to send.
class NoTransport final : public Transport {
 public:
  Result<Address> listen(const Address& address, RequestHandler& given) override {
    handler = &given;
    return address;
  }
  Task<Bytes> call(Address, Method, Bytes, CallOptions) override { co_return Bytes("sent"); }
  TransportStatistics statistics() const override { return {}; }
  Task<void> stop() override { co_return Result<void>(); }

  RequestHandler* handler = nullptr;
};

class Service final : public RequestHandler {
 public:
  void handle(IncomingRequest request) override { std::move(request).respond("served"); }
  void cancelled(std::uint64_t, std::uint64_t) override { ++cancels; }
  int cancels = 0;
};

class Answers final : public ResponseSink {
 public:
  void respond(std::uint64_t, Result<Bytes> response) override { last = std::move(response); }
  Result<Bytes> last = fail(ErrorCode::unavailable, "not answered yet");
};

class FaultSwitchTest : public testing::Test {
 protected:
  void listen(bool authenticated) {
    faults_.emplace(loop_.runtime(), wire_, service_, authenticated);
    ASSERT_TRUE(faults_->transport().listen({"h", 1}, faults_->handler()));
  }
  /// A request that comes in by the wire.
  Result<Bytes> ask(Method method, const Bytes& payload, PeerRole role, const std::string& address) {
    PeerIdentity peer;
    peer.role = role;
    peer.site = "paris";
    peer.address = address;
    const auto answers = std::make_shared<Answers>();
    wire_.handler->handle(IncomingRequest(method, payload, kNever, peer, answers, 1, 1));
    return answers->last;
  }
  Result<Bytes> set(const faults::FaultsSetRequest& request, const std::string& address = "127.0.0.1:5") {
    return ask(wire::METHOD_FAULTS_SET, request.SerializeAsString(), PeerRole::client, address);
  }
  static faults::FaultsSetRequest delay_paris(std::uint32_t ms) {
    faults::FaultsSetRequest request;
    request.add_rules()->set_site("paris");
    request.mutable_rules(0)->set_delay_ms(ms);
    return request;
  }

  EventLoop loop_{{.pool_threads = 1, .seed = 1, .logger = nullptr}};
  NoTransport wire_;
  Service service_;
  std::optional<FaultSwitch> faults_;
};

TEST_F(FaultSwitchTest, EveryOtherRequestIsTheServices) {
  listen(false);
  EXPECT_EQ(ask(wire::METHOD_STATUS, "", PeerRole::client, "10.0.0.1:5"), Result<Bytes>("served"));
  EXPECT_EQ(ask(wire::METHOD_STATUS, "", PeerRole::node, "10.0.0.1:5"), Result<Bytes>("served"));
  wire_.handler->cancelled(1, 1);
  EXPECT_EQ(service_.cancels, 1);
}

TEST_F(FaultSwitchTest, WithoutTlsRulesComeFromThisMachineOnly) {
  listen(false);
  for (const char* address : {"127.0.0.1:5", "[::1]:5", "[::ffff:127.0.0.1]:5"}) EXPECT_TRUE(set({}, address)) << address;
  for (const char* address : {"10.0.0.1:5", "[fe80::1]:5", "[::ffff:10.0.0.1]:5", "127.example.com:5", ""}) {
    const auto refused = set({}, address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated) << address;
  }
}

TEST_F(FaultSwitchTest, WithTlsEveryPeerHasShownACertificate) {
  listen(true);
  EXPECT_TRUE(set({}, "10.0.0.1:5"));
}

TEST_F(FaultSwitchTest, RulesReplaceThoseBefore) {
  listen(false);
  const auto rules_after = [&](const faults::FaultsSetRequest& request) {
    const auto response = set(request);
    faults::FaultsSetResponse parsed;
    EXPECT_TRUE(response && parsed.ParseFromString(*response));
    return parsed.rules();
  };
  const auto served = [&] { return ask(wire::METHOD_STATUS, "", PeerRole::node, "127.0.0.1:5").has_value(); };
  EXPECT_EQ(rules_after(delay_paris(60'000)), 1u);
  EXPECT_FALSE(served()) << "its answer is held";
  EXPECT_EQ(rules_after({}), 0u);
  EXPECT_TRUE(served());
}

TEST_F(FaultSwitchTest, WhatIsWrongChangesNothing) {
  listen(false);
  faults::FaultsSetRequest many;
  for (int i = 0; i < 257; ++i) *many.add_rules() = delay_paris(1).rules(0);
  faults::FaultsSetRequest crowded = delay_paris(1);
  for (int i = 0; i < 1025; ++i) crowded.mutable_rules(0)->add_address("h:1");
  faults::FaultsSetRequest half = delay_paris(1);
  half.add_rules();  // names nothing
  for (const auto& request : {many, crowded, half, delay_paris(60'001), delay_paris(0)}) {
    const auto refused = set(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << refused.error().message;
    EXPECT_TRUE(ask(wire::METHOD_STATUS, "", PeerRole::node, "127.0.0.1:5").has_value()) << "no delay was set";
  }
  EXPECT_EQ(ask(wire::METHOD_FAULTS_SET, "\xff", PeerRole::client, "127.0.0.1:5").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace latium
