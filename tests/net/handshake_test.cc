#include "net/handshake.h"

#include <gtest/gtest.h>

#include "net/wire_error.h"
#include "proto/wire.pb.h"
#include "tests/net/node_hello.h"

namespace latium {
namespace {

using testing::node_hello;

Hello client() {
  return {};
}

template <class Change>
Hello changed(Hello hello, Change change) {
  change(hello);
  return hello;
}

const CertificateIdentity kRennes{PeerRole::node, "rennes"};
const CertificateIdentity kClientCertificate{PeerRole::client, ""};

TEST(HandshakeTest, WhoMayTalk) {
  struct Case {
    std::string name;
    Hello mine;
    Hello theirs;
    std::optional<CertificateIdentity> certificate;
    std::optional<ErrorCode> refused;
  };
  const Hello me = node_hello(1, "paris");
  const Hello other = node_hello(2, "rennes");
  const Case cases[] = {
      {"two nodes", me, other, std::nullopt, std::nullopt},
      {"a client and a node", me, client(), std::nullopt, std::nullopt},
      {"a node and a client", client(), other, std::nullopt, std::nullopt},
      {"other cluster", me, changed(other, [](Hello& h) { h.cluster = ClusterId{8}; }), {}, ErrorCode::wrong_cluster},
      {"a node that has no cluster yet", me, changed(other, [](Hello& h) { h.cluster = {}; }), {}, {}},
      {"a client of another cluster",
       me,
       changed(client(), [](Hello& h) { h.cluster = ClusterId{8}; }),
       {},
       ErrorCode::wrong_cluster},
      {"too new", me, changed(other, [](Hello& h) { h.min_version = h.max_version = 2; }), {}, ErrorCode::incompatible_version},
      {"too old", changed(me, [](Hello& h) { h.min_version = h.max_version = 3; }), other, {}, ErrorCode::incompatible_version},
      {"itself", me, me, std::nullopt, ErrorCode::invalid_argument},
      {"a node without an id", me, changed(other, [](Hello& h) { h.node = {}; }), {}, ErrorCode::invalid_argument},
      {"a node without a site", me, changed(other, [](Hello& h) { h.site.clear(); }), {}, ErrorCode::invalid_argument},
      {"a client with an id", me, changed(client(), [](Hello& h) { h.node = NodeId{9}; }), {}, ErrorCode::invalid_argument},
      {"its certificate's site", me, other, kRennes, std::nullopt},
      {"another site", me, node_hello(2, "lyon"), kRennes, ErrorCode::unauthenticated},
      {"a client certificate for a node", me, other, kClientCertificate, ErrorCode::unauthenticated},
      {"a client certificate for a client", me, client(), kClientCertificate, std::nullopt},
      {"a node's certificate for a client", me, client(), kRennes, std::nullopt},
  };
  for (const Case& item : cases) {
    const auto peer = check_hello(item.mine, item.theirs, item.certificate, "10.0.0.1:1");
    ASSERT_EQ(peer.has_value(), !item.refused.has_value()) << item.name;
    if (item.refused) {
      EXPECT_EQ(peer.error().code, *item.refused) << item.name;
      EXPECT_EQ(peer.error().certainty, Certainty::not_applied) << item.name;
    } else {
      EXPECT_EQ(peer->node, item.theirs.node) << item.name;
      EXPECT_EQ(peer->role, item.theirs.role) << item.name;
      EXPECT_EQ(peer->address, "10.0.0.1:1");
    }
  }
}

TEST(HandshakeTest, TheHighestCommonVersionAndTheCommonFeaturesAreUsed) {
  Hello mine = node_hello(1, "paris");
  mine.min_version = 2;
  mine.max_version = 5;
  mine.features = 0b1100;
  Hello theirs = node_hello(2, "rennes");
  theirs.min_version = 1;
  theirs.max_version = 4;
  theirs.features = 0b0110;
  const auto peer = check_hello(mine, theirs, std::nullopt, "");
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->version, 4u);
  EXPECT_EQ(peer->features, 0b0100u);
  EXPECT_EQ(check_hello(theirs, mine, std::nullopt, "")->version, 4u);
}

TEST(HandshakeTest, AClientTakesTheSiteOfItsCertificate) {
  Hello theirs = client();
  theirs.site = "elsewhere";
  EXPECT_EQ(check_hello(node_hello(1, "paris"), theirs, kRennes, "")->site, "rennes");
}

TEST(HandshakeTest, HellosRoundTrip) {
  Hello hello = node_hello(2, "rennes");
  hello.max_version = 9;
  hello.features = 0x8000000000000001;
  EXPECT_EQ(decode_hello(encode_hello(hello)), hello);
  EXPECT_EQ(decode_hello(encode_hello(client())), client());
}

TEST(HandshakeTest, HellosOutOfBoundsAreRefused) {
  const auto refused = [](auto change) {
    wire::Hello message;
    message.set_min_version(1);
    message.set_max_version(1);
    message.set_role(1);
    change(message);
    const auto decoded = decode_hello(message.SerializeAsString());
    return !decoded && decoded.error().code == ErrorCode::corruption;
  };
  EXPECT_FALSE(refused([](wire::Hello&) {}));
  EXPECT_TRUE(refused([](wire::Hello& m) { m.set_role(0); }));
  EXPECT_TRUE(refused([](wire::Hello& m) { m.set_role(3); }));
  EXPECT_TRUE(refused([](wire::Hello& m) { m.set_min_version(0); }));
  EXPECT_TRUE(refused([](wire::Hello& m) { m.set_min_version(2); }));
  EXPECT_TRUE(refused([](wire::Hello& m) { m.set_site(std::string(256, 's')); }));
  EXPECT_FALSE(decode_hello("\xff\xff\xff").has_value());
}

TEST(HandshakeTest, OwnHellosAreChecked) {
  EXPECT_TRUE(check_own_hello(node_hello(1, "rennes"), kRennes).has_value());
  EXPECT_EQ(check_own_hello(node_hello(1, "paris"), kRennes).error().code, ErrorCode::unauthenticated);
  EXPECT_EQ(check_own_hello(node_hello(0, "paris"), std::nullopt).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check_own_hello(node_hello(1, std::string(256, 's')), std::nullopt).error().code, ErrorCode::invalid_argument);
}

TEST(WireErrorTest, ErrorsRoundTrip) {
  const Error error(ErrorCode::conflict, Certainty::unknown, "the key 'a' has version 3");
  EXPECT_EQ(decode_error(encode_error(error)), error);
}

TEST(WireErrorTest, WhatIsNotKnownIsTakenForTheWorst) {
  wire::Error message;
  message.set_code(60000);
  message.set_certainty(7);
  message.set_message("new");
  EXPECT_EQ(decode_error(message.SerializeAsString()), Error(ErrorCode::internal, Certainty::unknown, "new"));
  EXPECT_EQ(decode_error("\xff\xff").code, ErrorCode::corruption);
  EXPECT_EQ(decode_error("\xff\xff").certainty, Certainty::unknown);
}

TEST(WireErrorTest, LongTextsAreCutBetweenCharacters) {
  const std::string text = "x" + [] {
    std::string accents;
    for (int i = 0; i < 2500; ++i) accents += "\xc3\xa9";
    return accents;
  }();
  const Error decoded = decode_error(encode_error({ErrorCode::internal, text}));
  EXPECT_EQ(decoded.message, text.substr(0, 4095));
}

}  // namespace
}  // namespace latium
