// What a stranger can send before it is known: a hello, or an error in a goodbye. Never a crash; an accepted hello
// encodes and decodes to itself, and one that passes the check has what the code relies on.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "net/handshake.h"
#include "net/wire_error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latium;
  const BytesView input(reinterpret_cast<const char*>(data), size);

  const Error error = decode_error(input);
  LATIUM_CHECK(to_string(error.code) != "unlisted_error");

  const auto theirs = decode_hello(input);
  if (!theirs) {
    LATIUM_CHECK(theirs.error().code == ErrorCode::corruption);
    return 0;
  }
  LATIUM_CHECK(decode_hello(encode_hello(*theirs)) == *theirs);
  Hello mine;
  mine.cluster = ClusterId{7};
  mine.node = NodeId{1};
  mine.role = PeerRole::node;
  mine.site = "rennes";
  const CertificateIdentity certificate{PeerRole::node, "paris"};
  for (const bool tls : {false, true}) {
    const auto peer = check_hello(mine, *theirs, tls ? std::optional(certificate) : std::nullopt, "10.0.0.1:1");
    if (!peer) continue;
    LATIUM_CHECK(peer->version >= kMinProtocolVersion && peer->version <= kMaxProtocolVersion);
    LATIUM_CHECK((peer->role == PeerRole::node) == static_cast<bool>(peer->node));
    LATIUM_CHECK(peer->node != mine.node);
    LATIUM_CHECK(!peer->cluster || peer->cluster == mine.cluster);
    LATIUM_CHECK(!tls || peer->role == PeerRole::client || peer->site == "paris");
  }
  return 0;
}
