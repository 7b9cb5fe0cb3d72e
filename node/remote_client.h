// RemoteClient: calls to a node from a process that is no node: the `latium` command, its benchmark, tests.
#pragma once

#include <google/protobuf/message_lite.h>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "latium/options.h"
#include "net/transport.h"
#include "runtime/runtime.h"

namespace latium {

/// Owns an event loop of one thread and one or more connections to one node. Any thread, except where said.
class RemoteClient {
 public:
  struct Options {
    Address node;
    TlsOptions tls;               ///< empty: plain TCP
    std::size_t connections = 1;  ///< 1 to 1024, made on first use
  };
  using Done = std::move_only_function<void(Result<Bytes>)>;

  /// Does not connect yet. `invalid_argument`, `unauthenticated` (certificate files), as TlsContext::load().
  static Result<std::unique_ptr<RemoteClient>> open(Options options);
  /// Ends the calls in flight with `unavailable`, and joins the loop. Not from a callback.
  ~RemoteClient();
  RemoteClient(const RemoteClient&) = delete;
  RemoteClient& operator=(const RemoteClient&) = delete;

  /// One request and its answer, blocking; not on the loop. Errors: the node's own; `unavailable` with certainty not_applied
  /// when the node cannot be reached, and a text that says what to do; `unavailable` or `deadline_exceeded` with certainty
  /// unknown when no answer came. One round trip.
  template <class Response, class Request>
  Result<Response> call(Method method, const Request& request, MonotonicTime deadline) {
    LATIUM_TRY(const Bytes bytes, call_bytes(method, request.SerializeAsString(), deadline));
    return parse<Response>(bytes);
  }
  Result<Bytes> call_bytes(Method method, Bytes request, MonotonicTime deadline);

  /// The same without waiting. `done` runs once, on the loop, and must not block it; when called on the loop, perhaps
  /// before start() returns. Calls over one connection are sent in order.
  void start(std::size_t connection, Method method, Bytes request, MonotonicTime deadline, Done done);

  /// `corruption` when the node's answer is no such message.
  template <class Response>
  static Result<Response> parse(BytesView bytes) {
    Response response;
    if (response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return response;
    return fail(ErrorCode::corruption, Certainty::unknown,
                "the node's answer is not a valid " + response.GetTypeName() + ": is it another program?");
  }

  /// Runs `work` on the loop, after this returns when called there.
  void post(std::move_only_function<void()> work);

  /// What all its connections sent and received so far, frames and handshakes included. Blocks for the loop; not on it.
  std::uint64_t bytes_moved() const;

  MonotonicTime now() const;
  MonotonicTime after(Duration duration) const { return saturating_add(now(), duration); }
  Runtime& runtime();

 private:
  struct Impl;
  explicit RemoteClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace latium
