// What all connections of one transport share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/hlc.h"
#include "net/byte_budget.h"
#include "net/handshake.h"
#include "net/tls.h"
#include "net/transport.h"
#include "runtime/backoff.h"
#include "runtime/runtime.h"
#include "runtime/task_group.h"

namespace latium {

struct TransportLimits {
  std::size_t max_incoming = 4096;                  ///< connections accepted at once, further ones are closed
  std::size_t max_peers = 4096;                     ///< addresses dialled; idle ones are forgotten to make room
  std::size_t max_calls_per_peer = 16384;           ///< calls that wait for an answer; above it `overloaded`
  std::size_t max_send_bytes = 160u << 20;          ///< requests that wait to be written to one peer; above it `overloaded`
  std::size_t max_requests_per_connection = 16384;  ///< requests served at once; above it they are answered `overloaded`
  std::size_t pause_reading_bytes = 4u << 20;       ///< answers that wait to be written, above which requests are no longer read
  /// Answers that wait to be written, above which further ones are replaced by `overloaded` + unknown.
  std::size_t max_answer_bytes = 128u << 20;
  /// What all connections accepted may make this node hold: requests being received and served, and answers that wait to be
  /// written. Above it requests are answered `overloaded` + not_applied, answers replaced by `overloaded` + unknown, and
  /// requests are no longer read from connections whose answers wait. A quarter of it is kept in equal parts for each of
  /// max_incoming connections (16 KiB by default), so that those that ask little are served still. Besides it every connection
  /// has buffers of up to some 100 KiB for what it reads and writes just now.
  std::size_t max_held_bytes = 256u << 20;
};

struct TransportTimes {
  Duration connect = std::chrono::seconds(5);      ///< TCP connect, and finding the address
  Duration handshake = std::chrono::seconds(5);    ///< TLS and hellos, both sides
  Duration ping_after = std::chrono::seconds(5);   ///< of silence a ping is sent
  Duration dead_after = std::chrono::seconds(15);  ///< of silence the connection is closed
  BackoffPolicy redial;                            ///< between failed tries to connect to one peer
};

/// At most one event a second of a kind that a peer can provoke; the next one tells how many were left out.
class ThrottledEvent {
 public:
  explicit ThrottledEvent(std::string_view name) : name_(name) {}
  void emit(Runtime& runtime, Severity severity, std::string_view peer, std::string_view reason);

 private:
  std::string_view name_;
  std::optional<MonotonicTime> last_;
  std::uint64_t left_out_ = 0;
};

/// Owned by the transport, which outlives every connection that is not closed. Loop thread only.
struct NetContext {
  Runtime& runtime;
  HlcClock& hlc;
  TransportLimits limits;
  TransportTimes times;
  Hello hello;
  std::shared_ptr<const TlsContext> tls;  // null: plaintext
  TransportStatistics statistics;
  TaskGroup tasks;
  std::shared_ptr<ByteBudget> incoming_bytes;  // max_held_bytes; shared: requests may outlive the transport
  bool stopping = false;
  std::uint64_t last_connection_id = 0;  // of those that came in

  ThrottledEvent connection_rejected{"connection_rejected"};
  ThrottledEvent connection_lost{"connection_lost"};
  ThrottledEvent stamp_refused{"clock_stamp_refused"};
  ThrottledEvent accept_failed{"accept_failed"};

  MonotonicTime now() const { return runtime.clock.monotonic_now(); }
};

}  // namespace latium
