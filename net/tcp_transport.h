// TcpTransport: the transport over TCP and TLS.
#pragma once

#include <map>
#include <memory>
#include <variant>

#include "net/call_table.h"
#include "net/context.h"
#include "net/transport.h"

namespace latium {

class Listener;
class Peer;

/// Anyone who reaches the port can read and write everything: for loopback, tests, and networks guarded otherwise.
struct Plaintext {};

struct TcpTransportOptions {
  /// What this end says of itself. With TLS a node's site has to be the one in its certificate.
  Hello hello;
  /// Has to be chosen: Plaintext or TlsFiles.
  std::variant<std::monostate, Plaintext, TlsFiles> security;
  TransportLimits limits;
  TransportTimes times;
};

/// Loop thread only. Outlived by the runtime, the clock and the handler; stop() it before it dies.
class TcpTransport final : public Transport {
 public:
  /// Reads and checks the certificates: errors of TlsContext::load(), `invalid_argument` for a hello that is not complete.
  static Result<std::unique_ptr<TcpTransport>> create(Runtime& runtime, HlcClock& hlc, TcpTransportOptions options);
  ~TcpTransport() override;

  /// `invalid_argument` when it listens already.
  Result<Address> listen(const Address& address, RequestHandler& handler) override;
  /// A peer that could not be connected to is left alone for the time of a backoff: until then calls to it fail at once,
  /// with the error of that failure. Refused handshakes give the codes of check_hello(), with certainty not_applied.
  Task<Bytes> call(Address peer, Method method, Bytes request, CallOptions options) override;
  TransportStatistics statistics() const override { return context_.statistics; }
  Task<void> stop() override;

  /// call() without a coroutine, for those that keep many requests in flight. The callback is called once, on the loop,
  /// possibly before send() returns. Returns the call's id, 0 when it is over already.
  std::uint64_t send(const Address& peer, Method method, Bytes request, CallOptions options, ResponseCallback callback);
  /// The callback of that call will not be called. A call that is over is no error. Returns whether the request may have
  /// reached the peer.
  Certainty cancel(const Address& peer, std::uint64_t call_id);

  /// Answers given that are not handed to the operating system yet, of all connections accepted. stop() drops them: who
  /// wants them to arrive stops asking its handler for more, waits until this is 0 or for as long as it likes, and stops then.
  std::uint64_t unsent_bytes() const;
  /// What counts against TransportLimits::max_held_bytes now.
  std::uint64_t held_bytes() const { return context_.incoming_bytes->held(); }

  /// For connections made from now on: a node that has learnt its cluster.
  Result<void> set_hello(Hello hello);

 private:
  TcpTransport(Runtime& runtime, HlcClock& hlc, TcpTransportOptions options, std::shared_ptr<const TlsContext> tls);

  Result<Peer*> peer_at(const Address& address);

  NetContext context_;
  std::unique_ptr<Listener> listener_;
  std::map<Address, std::unique_ptr<Peer>> peers_;
};

}  // namespace latium
