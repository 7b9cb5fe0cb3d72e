#include "net/tls.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/net/raw_peer.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"
#include "tests/support/certificates.h"

namespace latium::testing {
namespace {

using Validity = TestAuthority::Validity;
constexpr std::uint64_t kDayMs = 24u * 60 * 60 * 1000;

/// The loop's clock, some days back: a node that was started when its certificate was good.
class EarlierClock final : public Clock {
 public:
  EarlierClock(Clock& clock, std::uint64_t back_ms) : clock_(clock), back_ms_(back_ms) {}
  MonotonicTime monotonic_now() const override { return clock_.monotonic_now(); }
  std::uint64_t wall_ms() const override { return clock_.wall_ms() - back_ms_; }

 private:
  Clock& clock_;
  std::uint64_t back_ms_;
};

class TlsTest : public ::testing::Test {
 protected:
  TcpTransportOptions node(const TlsFiles& files, std::uint64_t id = 1) {
    TcpTransportOptions options = plain_options(node_hello(id));
    options.security = files;
    return options;
  }
  TcpTransportOptions as_client(const TlsFiles& files) {
    TcpTransportOptions options = plain_options();
    options.security = files;
    return options;
  }
  /// Whether a client with these options gets an answer from a node with those; the node counts what it refused.
  Result<Bytes> exchange(TcpTransportOptions server_options, TcpTransportOptions client_options) {
    const auto server = world.make(std::move(server_options));
    const auto client = world.make(std::move(client_options));
    return exchange(*server, *client);
  }
  Result<Bytes> exchange(TcpTransport& server, TcpTransport& client) {
    ScriptedHandler handler(world.runtime().clock);
    const auto address = server.listen({"127.0.0.1", 0}, handler);
    EXPECT_TRUE(address.has_value());
    std::optional<Result<Bytes>> result;
    world.run(keep(client.call(*address, kEcho, "x", {}), &result));
    if (!*result) {
      // The server may learn of it later than the client.
      world.run(until([&] { return server.statistics().rejected_connections > 0; }));
      EXPECT_EQ((*result).error().certainty, Certainty::not_applied);
      EXPECT_EQ(handler.handled, 0u);
    }
    last_peer = handler.last_peer;
    world.run(client.stop());
    world.run(server.stop());
    return *std::move(result);
  }
  Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files) {
    return TlsContext::load(files, world.runtime().clock.wall_ms());
  }
  /// The error of loading, which has to name `file`.
  ErrorCode load_error(const TlsFiles& files, const std::string& file) {
    const auto loaded = load(files);
    EXPECT_FALSE(loaded.has_value());
    if (loaded) return ErrorCode::internal;
    EXPECT_NE(loaded.error().message.find(file), std::string::npos) << loaded.error().message;
    return loaded.error().code;
  }

  LoopWorld world;
  TestAuthority authority;
  TestAuthority stranger;
  PeerIdentity last_peer;
};

TEST_F(TlsTest, CertificatesSayWhoTheirHoldersAre) {
  EXPECT_EQ((*load(authority.site("rennes")))->own_identity(), (CertificateIdentity{PeerRole::node, "rennes"}));
  EXPECT_EQ((*load(authority.client()))->own_identity(), (CertificateIdentity{PeerRole::client, ""}));
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  const TlsFiles good = authority.site("rennes");
  const TlsFiles other = authority.site("rennes");
  const std::string missing = (authority.directory() / "missing.pem").string();
  const std::string junk = (authority.directory() / "junk.pem").string();
  std::ofstream(junk) << "this is no PEM\n";

  EXPECT_EQ(load_error({missing, good.key, good.authority}, missing), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({good.certificate, missing, good.authority}, missing), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({good.certificate, good.key, missing}, missing), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({junk, good.key, good.authority}, junk), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({good.certificate, junk, good.authority}, junk), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({good.certificate, good.key, junk}, junk), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({authority.directory().string(), good.key, good.authority}, authority.directory().string()),
            ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({good.certificate, other.key, good.authority}, other.key), ErrorCode::invalid_argument);
  EXPECT_EQ(load_error({"", good.key, good.authority}, "certificate"), ErrorCode::invalid_argument);
}

TEST_F(TlsTest, CertificatesThatAreNotGoodNowAreRefusedAtTheStart) {
  for (const Validity validity : {Validity::expired, Validity::future}) {
    const TlsFiles files = authority.site("rennes", validity);
    EXPECT_EQ(load_error(files, files.certificate), ErrorCode::unauthenticated);
  }
  TlsFiles foreign = authority.site("rennes");
  foreign.authority = stranger.authority_file();
  EXPECT_EQ(load_error(foreign, foreign.certificate), ErrorCode::unauthenticated);
}

TEST_F(TlsTest, CertificatesWithoutALatiumNameAreRefusedAtTheStart) {
  for (const std::string& uri : {std::string(), std::string("https://example.org"), std::string("latium:site:")}) {
    const TlsFiles files = authority.issue(uri);
    EXPECT_EQ(load_error(files, files.certificate), ErrorCode::invalid_argument);
  }
  const TlsFiles two = authority.issue("latium:site:rennes,URI:latium:site:paris");
  EXPECT_EQ(load_error(two, two.certificate), ErrorCode::invalid_argument);
}

TEST_F(TlsTest, ANodeHasToBeOfItsCertificatesSite) {
  const auto wrong_site = TcpTransport::create(world.runtime(), world.hlc(), node(authority.site("paris")));
  ASSERT_FALSE(wrong_site.has_value());
  EXPECT_EQ(wrong_site.error().code, ErrorCode::unauthenticated);
  const auto not_a_node = TcpTransport::create(world.runtime(), world.hlc(), node(authority.client()));
  ASSERT_FALSE(not_a_node.has_value());
  EXPECT_EQ(not_a_node.error().code, ErrorCode::unauthenticated);
}

TEST_F(TlsTest, NodesAndClientsOfOneAuthorityTalk) {
  const TlsFiles rennes = authority.site("rennes");
  EXPECT_EQ(exchange(node(rennes), as_client(authority.client())), Result<Bytes>("x"));
  EXPECT_EQ(last_peer.role, PeerRole::client);
  EXPECT_EQ(exchange(node(rennes), node(rennes, 2)), Result<Bytes>("x"));
  EXPECT_EQ(last_peer.site, "rennes");
}

TEST_F(TlsTest, AnotherAuthorityIsRefused) {
  const auto refused = exchange(node(authority.site("rennes")), as_client(stranger.client()));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
}

TEST_F(TlsTest, AClientOfAnotherAuthorityThatTrustsTheServerIsRefused) {
  // The client's own check would stop it; here its authorities are both, the server's only one.
  const std::string both = (stranger.directory() / "both.crt").string();
  std::ofstream(both) << std::ifstream(authority.authority_file()).rdbuf() << std::ifstream(stranger.authority_file()).rdbuf();
  TlsFiles files = stranger.client();
  files.authority = both;
  const auto refused = exchange(node(authority.site("rennes")), as_client(files));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated);
}

TEST_F(TlsTest, ACertificateThatExpiredWhileItsHolderRanIsRefusedByOthers) {
  EarlierClock earlier(world.runtime().clock, kDayMs + kDayMs / 2);
  Runtime& now = world.runtime();
  Runtime then{now.executor, earlier, now.timers, now.pool, now.random, now.events, now.faults};
  for (const bool client_is_late : {true, false}) {
    const TlsFiles late =
        client_is_late ? authority.issue("latium:client", Validity::expired) : authority.site("rennes", Validity::expired);
    auto late_end = TcpTransport::create(then, world.hlc(), client_is_late ? as_client(late) : node(late));
    ASSERT_TRUE(late_end.has_value()) << late_end.error().message;
    const auto good_end = world.make(client_is_late ? node(authority.site("rennes")) : as_client(authority.client()));
    const auto refused = client_is_late ? exchange(*good_end, **late_end) : exchange(**late_end, *good_end);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::unauthenticated) << refused.error().message;
  }
}

TEST_F(TlsTest, PlaintextAndTlsDoNotMix) {
  const auto plain_to_tls = exchange(node(authority.site("rennes")), plain_options());
  ASSERT_FALSE(plain_to_tls.has_value());
  EXPECT_NE(plain_to_tls.error().message.find("TLS"), std::string::npos) << plain_to_tls.error().message;
  const auto tls_to_plain = exchange(plain_options(node_hello(1)), as_client(authority.client()));
  ASSERT_FALSE(tls_to_plain.has_value());
  EXPECT_NE(tls_to_plain.error().message.find("TLS"), std::string::npos) << tls_to_plain.error().message;
}

TEST_F(TlsTest, LargeMessagesGoBothWays) {
  const auto server = world.make(node(authority.site("rennes")));
  const auto client = world.make(as_client(authority.client()));
  ScriptedHandler handler(world.runtime().clock);
  const auto address = server->listen({"127.0.0.1", 0}, handler);
  ASSERT_TRUE(address.has_value());
  const Bytes large(8u << 20, 'x');
  std::optional<Result<Bytes>> result;
  world.run(keep(client->call(*address, kEcho, large, {}), &result));
  EXPECT_TRUE(result->has_value() && **result == large);
  world.run(client->stop());
  world.run(server->stop());
}

}  // namespace
}  // namespace latium::testing
