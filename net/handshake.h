// Handshake: who two ends are and whether they may talk. No I/O here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "net/transport.h"

namespace latium {

/// The protocol versions that this code speaks.
inline constexpr std::uint32_t kMinProtocolVersion = 1;
inline constexpr std::uint32_t kMaxProtocolVersion = 1;

/// What one end says of itself: latium.wire.Hello, whose comments say what each field means.
struct Hello {
  std::uint32_t min_version = kMinProtocolVersion;
  std::uint32_t max_version = kMaxProtocolVersion;
  ClusterId cluster;
  NodeId node;
  Incarnation incarnation;
  PeerRole role = PeerRole::client;
  std::string site;
  std::uint64_t features = 0;

  friend bool operator==(const Hello&, const Hello&) = default;
};

/// What a certificate proves; net/tls.h says where in it that stands.
struct CertificateIdentity {
  PeerRole role = PeerRole::client;
  std::string site;  ///< of a node

  friend bool operator==(const CertificateIdentity&, const CertificateIdentity&) = default;
};

Bytes encode_hello(const Hello& hello);
/// `corruption` when the bytes are no Hello or a field is out of its bounds.
Result<Hello> decode_hello(BytesView bytes);

/// A hello that this program may send: nodes have an id and a site, clients no id. `invalid_argument` otherwise.
Result<void> check_own_hello(const Hello& hello, const std::optional<CertificateIdentity>& certificate);

/// Whether the end that said `theirs` may talk to the one that said `mine`. `certificate`: with TLS, what theirs proved.
/// `incompatible_version`, `wrong_cluster`, `unauthenticated` (certificate and hello disagree), `invalid_argument` (a node
/// without an id or site, a client with an id, or this node itself). All with certainty not_applied.
Result<PeerIdentity> check_hello(const Hello& mine, const Hello& theirs, const std::optional<CertificateIdentity>& certificate,
                                 const std::string& address);

}  // namespace latium
