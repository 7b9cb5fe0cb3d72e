// Transport: the seam between nodes. Requests and answers are opaque bytes; what they mean is known above.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/hlc.h"
#include "base/ids.h"
#include "base/result.h"
#include "runtime/clock.h"
#include "runtime/task.h"

namespace latium {

/// Where a node listens.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  /// "host:port", "[v6]:port". `invalid_argument` otherwise; port 0 is allowed (listen on any).
  static Result<Address> parse(std::string_view text);
  std::string to_string() const;
  /// Whether only this machine can be reached by it, or reach it: 127.*, ::1, localhost.
  bool is_loopback() const;
  friend auto operator<=>(const Address&, const Address&) = default;
};

/// What a peer is allowed to ask for.
enum class PeerRole : std::uint8_t { node = 1, client = 2 };

/// Who is at the other end, as its handshake said and, with TLS, its certificate proved.
struct PeerIdentity {
  PeerRole role = PeerRole::client;
  ClusterId cluster;
  NodeId node;                ///< none for clients
  Incarnation incarnation;    ///< 0 for clients
  std::string site;           ///< with TLS: the one in the certificate
  std::uint32_t version = 0;  ///< the protocol version that both ends speak
  std::uint64_t features = 0;
  std::string address;  ///< for logs
};

/// Which request a message is; the numbers are those of `latium.wire.Method` in proto/.
using Method = std::uint16_t;

/// The largest request or answer; longer ones are refused with `invalid_argument` by the sender.
inline constexpr std::size_t kMaxMessageBytes = 64u << 20;

/// Takes the answers of one connection (or of a simulated one). Loop thread only.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  virtual void respond(std::uint64_t request_id, Result<Bytes> response) = 0;
};

/// One request that came in. Answer it exactly once, in place or later, on the loop thread. Dropping it unanswered answers
/// `internal`. Moving it is cheap.
class IncomingRequest {
 public:
  IncomingRequest(Method method, Bytes payload, MonotonicTime deadline, const PeerIdentity& peer,
                  std::shared_ptr<ResponseSink> sink, std::uint64_t connection_id, std::uint64_t id)
      : method_(method),
        payload_(std::move(payload)),
        deadline_(deadline),
        peer_(&peer),
        sink_(std::move(sink)),
        connection_id_(connection_id),
        id_(id) {}
  IncomingRequest(IncomingRequest&&) noexcept = default;
  IncomingRequest& operator=(IncomingRequest&&) = delete;
  ~IncomingRequest() {
    if (sink_) std::move(*this).respond(fail(ErrorCode::internal, Certainty::unknown, "the request was dropped unanswered"));
  }

  /// The connection that it came by; unique in the life of the transport, never 0.
  std::uint64_t connection_id() const { return connection_id_; }
  /// Unique among the requests of its connection that are not answered yet.
  std::uint64_t id() const { return id_; }
  Method method() const { return method_; }
  const Bytes& payload() const { return payload_; }
  Bytes take_payload() { return std::move(payload_); }
  /// On this node's clock; kNever when the caller set none.
  MonotonicTime deadline() const { return deadline_; }
  /// Lives as long as the request.
  const PeerIdentity& peer() const { return *peer_; }

  void respond(Result<Bytes> response) && {
    auto sink = std::move(sink_);
    sink->respond(id_, std::move(response));
  }

 private:
  Method method_;
  Bytes payload_;
  MonotonicTime deadline_;
  const PeerIdentity* peer_;  // owned by the sink's connection
  std::shared_ptr<ResponseSink> sink_;
  std::uint64_t connection_id_;
  std::uint64_t id_;
};

/// What serves requests. Called on the loop thread, inline from the connection's read: cheap requests are answered in place,
/// others are handed to a task. Must not block or throw.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  virtual void handle(IncomingRequest request) = 0;
  /// Nobody waits any more for the answer of a request that was given to handle() and is not answered yet: its caller gave up,
  /// or its connection is closed, by either end. At most once a request. A hint: work on it may be ended, but it still has to
  /// be answered or dropped, in this call or later.
  virtual void cancelled(std::uint64_t /*connection_id*/, std::uint64_t /*request_id*/) {}
};

struct CallOptions {
  MonotonicTime deadline = kNever;
};

struct TransportStatistics {
  std::uint64_t connections_open = 0;
  std::uint64_t requests_sent = 0;
  std::uint64_t requests_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t rejected_connections = 0;  ///< garbage, wrong cluster, wrong version, bad certificate
  std::uint64_t overloaded = 0;            ///< requests refused because a queue was full
  std::uint64_t refused_stamps = 0;        ///< clock stamps too far ahead of this node's clock to be adopted
};

/// Loop thread only, except where said.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Starts to listen and to serve. The handler outlives stop(). `io_error` with the remedy when the address is in use.
  /// Returns the address listened on (with the port chosen, when 0 was asked for).
  virtual Result<Address> listen(const Address& address, RequestHandler& handler) = 0;

  /// One request, one answer. Errors: those of the remote handler, as it gave them; `unavailable` + not_applied when the
  /// request was certainly not sent; `unavailable`/`deadline_exceeded` + unknown when it was and no answer came; `overloaded`
  /// + not_applied when too many wait for this peer; `cancelled` when the calling task was cancelled, unknown once the request
  /// was sent. Connects on first use and again after a loss (jittered backoff). One RTT.
  virtual Task<Bytes> call(Address peer, Method method, Bytes request, CallOptions options) = 0;

  virtual TransportStatistics statistics() const = 0;

  /// Closes everything; calls in flight end with `unavailable`. Afterwards nothing calls the handler.
  virtual Task<void> stop() = 0;
};

}  // namespace latium
