// IncomingSession: the serving end of one connection: requests to the handler, answers back.
#pragma once

#include <memory>

#include "net/connection.h"

namespace latium {

/// Loop thread only. Lives until its connection is closed and its last request is answered.
class IncomingSession final : public ResponseSink, public ConnectionOwner, public std::enable_shared_from_this<IncomingSession> {
 public:
  IncomingSession(NetContext& context, RequestHandler& handler, PeerIdentity peer)
      : context_(context), handler_(handler), peer_(std::move(peer)) {}

  /// Serves until the connection is closed.
  static Task<void> serve(std::shared_ptr<IncomingSession> self, std::unique_ptr<Stream> stream, FrameDecoder decoder);
  void close(const Error& reason);

  void respond(std::uint64_t request_id, Result<Bytes> response) override;

  void on_message(Connection& connection, Message message) override;
  void on_cancel(Connection& connection, std::uint64_t request_id) override;
  void on_closed(Connection& connection, const Error& reason) override;

 private:
  void refuse(std::uint64_t request_id, const Error& error);

  NetContext& context_;  // not after the connection is closed
  RequestHandler& handler_;
  const PeerIdentity peer_;
  std::shared_ptr<Connection> connection_;
  std::size_t unanswered_ = 0;
};

}  // namespace latium
