#include "net/faulty_transport.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"
#include "tests/support/certificates.h"

namespace latium::testing {
namespace {

class TlsWorld : public LoopWorld {
 public:
  TlsWorld() {
    TcpTransportOptions node = plain_options(node_hello(1));
    node.security = authority_.site("rennes");
    server_ = make(std::move(node));
    TcpTransportOptions client = plain_options();
    client.security = authority_.client();
    client_ = make(std::move(client));
  }
  Transport& server() { return *server_; }
  Transport& client() { return *client_; }
  static Address listen_address() { return {"127.0.0.1", 0}; }

 private:
  TestAuthority authority_;
  std::unique_ptr<TcpTransport> server_;
  std::unique_ptr<TcpTransport> client_;
};

/// Nothing is wrong as long as there are no rules.
class FaultyWorld : public LoopWorld {
 public:
  FaultyWorld() : server_tcp_(make(plain_options(node_hello(1)))), client_tcp_(make(plain_options(node_hello(2)))) {}
  Transport& server() { return server_; }
  Transport& client() { return client_; }
  static Address listen_address() { return {"127.0.0.1", 0}; }

 private:
  std::unique_ptr<TcpTransport> server_tcp_;
  std::unique_ptr<TcpTransport> client_tcp_;
  FaultyTransport server_{runtime(), *server_tcp_};
  FaultyTransport client_{runtime(), *client_tcp_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, TransportConformance, TcpWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Tls, TransportConformance, TlsWorld);
INSTANTIATE_TYPED_TEST_SUITE_P(Faulty, TransportConformance, FaultyWorld);

/// Real sockets, of which a request that is lost must leave nothing behind.
class FaultyTcp : public ::testing::Test {
 protected:
  FaultyTcp() : handler_(world_.runtime().clock) {}
  void TearDown() override {
    world_.run(client_.stop());
    world_.run(server_.stop());
  }
  Result<Bytes> call(const Address& address, Duration timeout) {
    std::optional<Result<Bytes>> result;
    const CallOptions options{world_.runtime().clock.monotonic_now() + timeout};
    world_.run(keep(client_.call(address, kEcho, "x", options), &result));
    return *std::move(result);
  }

  LoopWorld world_;
  std::unique_ptr<TcpTransport> server_tcp_ = world_.make(plain_options(node_hello(1)));
  std::unique_ptr<TcpTransport> client_tcp_ = world_.make(plain_options(node_hello(2, "paris")));
  FaultyTransport server_{world_.runtime(), *server_tcp_};
  FaultyTransport client_{world_.runtime(), *client_tcp_};
  ScriptedHandler handler_;
};

TEST_F(FaultyTcp, ASiteIsCutOffAndComesBack) {
  const auto address = server_.listen({"127.0.0.1", 0}, handler_);
  ASSERT_TRUE(address);
  for (int round = 0; round < 3; ++round) {
    server_.set_rules(FaultRules({{.site = "paris", .nodes = {}, .addresses = {}, .fault = {.cut = true}}}));
    const auto lost = call(*address, std::chrono::milliseconds(20));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::deadline_exceeded);
    server_.set_rules(
        FaultRules({{.site = "paris", .nodes = {}, .addresses = {}, .fault = {.delay = std::chrono::milliseconds(1)}}}));
    EXPECT_EQ(call(*address, std::chrono::minutes(1)), Result<Bytes>("x"));
  }
  EXPECT_EQ(handler_.handled, 3u);
}

}  // namespace
}  // namespace latium::testing
