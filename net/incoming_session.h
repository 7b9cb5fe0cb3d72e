// IncomingSession: the serving end of one connection: requests to the handler, answers back.
#pragma once

#include <map>
#include <memory>

#include "net/connection.h"

namespace latium {

/// Loop thread only. Lives until its connection is closed and its last request is answered.
class IncomingSession final : public ResponseSink, public ConnectionOwner, public std::enable_shared_from_this<IncomingSession> {
 public:
  IncomingSession(NetContext& context, RequestHandler& handler, PeerIdentity peer)
      : context_(context),
        handler_(handler),
        peer_(std::move(peer)),
        id_(++context.last_connection_id),
        account_(context.incoming_bytes) {}

  /// Serves until the connection is closed.
  static Task<void> serve(std::shared_ptr<IncomingSession> self, std::unique_ptr<Stream> stream, FrameDecoder decoder);
  void close(const Error& reason);
  std::uint64_t unsent_bytes() const { return connection_ ? connection_->queued_bytes() : 0; }

  void respond(std::uint64_t request_id, Result<Bytes> response) override;

  void on_message(Connection& connection, Message message) override;
  void on_cancel(Connection& connection, std::uint64_t request_id) override;
  void on_closed(Connection& connection, const Error& reason) override;

 private:
  struct Unanswered {
    ByteShare bytes;         // of its payload
    bool cancelled = false;  // the handler was told
  };
  using UnansweredMap = std::map<std::uint64_t, Unanswered>;

  bool admit(std::uint64_t request_id, std::size_t payload_bytes);
  void refuse(std::uint64_t request_id, const Error& error);

  NetContext& context_;  // not after the connection is closed
  RequestHandler& handler_;
  const PeerIdentity peer_;
  const std::uint64_t id_;
  ByteAccount account_;  // before what gives back to it
  std::shared_ptr<Connection> connection_;
  UnansweredMap unanswered_;        // what the handler has, by request id
  UnansweredMap::node_type spare_;  // the entry of the last answer: a request answered in place needs no memory for its own
};

}  // namespace latium
