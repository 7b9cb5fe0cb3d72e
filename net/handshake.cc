#include "net/handshake.h"

#include <algorithm>

#include "proto/wire.pb.h"

namespace latium {

namespace {

constexpr std::size_t kMaxSiteBytes = 64;  // as everywhere a site is named

std::string versions(const Hello& hello) {
  return std::to_string(hello.min_version) + " to " + std::to_string(hello.max_version);
}

Result<void> check_role(const Hello& hello) {
  if (hello.role == PeerRole::node) {
    if (!hello.node) return fail(ErrorCode::invalid_argument, "a node without a node id");
    if (hello.site.empty()) return fail(ErrorCode::invalid_argument, "a node without a site");
  } else if (hello.node) {
    return fail(ErrorCode::invalid_argument, "a client with a node id");
  }
  return {};
}

Result<void> check_certificate(const Hello& hello, const CertificateIdentity& certificate) {
  if (hello.role == PeerRole::client) return {};
  if (certificate.role != PeerRole::node) {
    return fail(ErrorCode::unauthenticated, "a client certificate does not make a node: give node " + to_hex(hello.node.value) +
                                                " a certificate with the URI name latium:site:" + hello.site);
  }
  if (certificate.site != hello.site) {
    return fail(ErrorCode::unauthenticated, "the certificate is for site '" + certificate.site + "', not for site '" +
                                                hello.site + "' that node " + to_hex(hello.node.value) + " claims");
  }
  return {};
}

}  // namespace

Bytes encode_hello(const Hello& hello) {
  wire::Hello message;
  message.set_min_version(hello.min_version);
  message.set_max_version(hello.max_version);
  message.set_cluster_id(hello.cluster.value);
  message.set_node_id(hello.node.value);
  message.set_incarnation(hello.incarnation.value);
  message.set_role(static_cast<std::uint32_t>(hello.role));
  message.set_site(hello.site);
  message.set_features(hello.features);
  return message.SerializeAsString();
}

Result<Hello> decode_hello(BytesView bytes) {
  wire::Hello message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(ErrorCode::corruption, "the peer's hello cannot be read");
  }
  if (message.role() != 1 && message.role() != 2) {
    return fail(ErrorCode::corruption, "the peer's hello has the unknown role " + std::to_string(message.role()));
  }
  if (message.site().size() > kMaxSiteBytes) return fail(ErrorCode::corruption, "the peer's hello has too long a site name");
  if (message.min_version() == 0 || message.min_version() > message.max_version()) {
    return fail(ErrorCode::corruption, "the peer's hello has an empty range of versions");
  }
  Hello hello;
  hello.min_version = message.min_version();
  hello.max_version = message.max_version();
  hello.cluster = ClusterId{message.cluster_id()};
  hello.node = NodeId{message.node_id()};
  hello.incarnation = Incarnation{message.incarnation()};
  hello.role = static_cast<PeerRole>(message.role());
  hello.site = message.site();
  hello.features = message.features();
  return hello;
}

Result<void> check_own_hello(const Hello& hello, const std::optional<CertificateIdentity>& certificate) {
  LATIUM_CHECKED(check_role(hello));
  if (hello.site.size() > kMaxSiteBytes) return fail(ErrorCode::invalid_argument, "a site name has at most 64 bytes");
  if (certificate) LATIUM_CHECKED(check_certificate(hello, *certificate));
  return {};
}

Result<PeerIdentity> check_hello(const Hello& mine, const Hello& theirs, const std::optional<CertificateIdentity>& certificate,
                                 const std::string& address) {
  const std::uint32_t version = std::min(mine.max_version, theirs.max_version);
  if (version < std::max(mine.min_version, theirs.min_version)) {
    return fail(ErrorCode::incompatible_version, "the peer speaks protocol versions " + versions(theirs) + ", this one " +
                                                     versions(mine) + ": upgrade the older of the two");
  }
  if (mine.cluster && theirs.cluster && mine.cluster != theirs.cluster) {
    return fail(ErrorCode::wrong_cluster, "the peer belongs to cluster " + to_hex(theirs.cluster.value) + ", this one to " +
                                              to_hex(mine.cluster.value) + ": check the address");
  }
  LATIUM_CHECKED(check_role(theirs));
  if (theirs.node && theirs.node == mine.node) {
    return fail(ErrorCode::invalid_argument, "the peer has this node's own id " + to_hex(mine.node.value) +
                                                 ": the address is this node's own, or a data directory was copied");
  }
  if (certificate) LATIUM_CHECKED(check_certificate(theirs, *certificate));
  PeerIdentity identity;
  identity.role = theirs.role;
  identity.cluster = theirs.cluster;
  identity.node = theirs.node;
  identity.incarnation = theirs.incarnation;
  identity.site = certificate && certificate->role == PeerRole::node ? certificate->site : theirs.site;
  identity.version = version;
  identity.features = mine.features & theirs.features;
  identity.address = address;
  return identity;
}

}  // namespace latium
