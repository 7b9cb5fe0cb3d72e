#include "net/incoming_session.h"

#include <utility>
#include <vector>

#include "net/wire_error.h"

namespace latium {

namespace {

/// What a request costs besides its payload, about.
constexpr std::size_t kRequestBytes = 256;

}  // namespace

Task<void> IncomingSession::serve(std::shared_ptr<IncomingSession> self, std::unique_ptr<Stream> stream, FrameDecoder decoder) {
  const auto connection = std::make_shared<Connection>(self->context_, *self, Side::acceptor, std::move(stream),
                                                       std::move(decoder), self->peer_.address, &self->account_);
  self->connection_ = connection;
  connection->start();
  co_return co_await Connection::read_loop(connection);
}

void IncomingSession::close(const Error& reason) {
  // on_closed() lets go of the connection while its close() still runs.
  if (const auto connection = connection_) connection->close(reason, true);
}

void IncomingSession::on_message(Connection& connection, Message message) {
  const FrameHeader& header = message.header;
  ++context_.statistics.requests_received;
  if (unanswered_.contains(header.request_id)) {
    connection.break_off({ErrorCode::corruption, "a second request with the id of one that is not answered yet"});
    return;
  }
  if (!admit(header.request_id, message.payload.size())) return;
  const MonotonicTime deadline =
      header.timeout_ms == 0 ? kNever : saturating_add(connection.now(), std::chrono::milliseconds(header.timeout_ms));
  handler_.handle(
      IncomingRequest(header.method, std::move(message.payload), deadline, peer_, shared_from_this(), id_, header.request_id));
}

/// Books the request, or answers it.
bool IncomingSession::admit(std::uint64_t request_id, std::size_t payload_bytes) {
  if (unanswered_.size() >= context_.limits.max_requests_per_connection) {
    ++context_.statistics.overloaded;
    refuse(request_id, {ErrorCode::overloaded, "too many requests of one peer are being served: retry with backoff"});
    return false;
  }
  if (!account_.try_take(payload_bytes + kRequestBytes)) {
    ++context_.statistics.overloaded;
    refuse(request_id, {ErrorCode::overloaded, "the node holds too many bytes of requests and answers: retry with backoff"});
    return false;
  }
  Unanswered entry{.bytes = ByteShare(account_, payload_bytes + kRequestBytes)};
  if (spare_) {
    spare_.key() = request_id;
    spare_.mapped() = std::move(entry);
    unanswered_.insert(std::move(spare_));
  } else {
    unanswered_.emplace(request_id, std::move(entry));
  }
  return true;
}

void IncomingSession::respond(std::uint64_t request_id, Result<Bytes> response) {
  spare_ = unanswered_.extract(request_id);
  if (spare_) spare_.mapped() = {};  // gives its bytes back
  if (!connection_) return;
  if (!response) {
    refuse(request_id, response.error());
  } else if (response->size() > kMaxMessageBytes) {
    refuse(request_id,
           {ErrorCode::invalid_argument, Certainty::unknown,
            "the answer has " + std::to_string(response->size()) + " bytes, more than a message can have: ask for less"});
  } else if (connection_->queued_bytes() + response->size() > context_.limits.max_answer_bytes) {
    ++context_.statistics.overloaded;
    refuse(request_id, {ErrorCode::overloaded, Certainty::unknown,
                        "too many answers wait to be sent to this peer: read faster, or ask for less at once"});
  } else if (!account_.has_room(response->size())) {
    ++context_.statistics.overloaded;
    refuse(request_id, {ErrorCode::overloaded, Certainty::unknown,
                        "the node holds too many bytes of requests and answers: retry with backoff, or ask for less at once"});
  } else {
    connection_->send({.type = FrameType::response, .request_id = request_id}, *std::move(response));
  }
}

void IncomingSession::refuse(std::uint64_t request_id, const Error& error) {
  connection_->send_small({.type = FrameType::error, .request_id = request_id}, encode_error(error));
}

void IncomingSession::on_cancel(Connection& /*connection*/, std::uint64_t request_id) {
  const auto found = unanswered_.find(request_id);
  if (found == unanswered_.end() || std::exchange(found->second.cancelled, true)) return;
  handler_.cancelled(id_, request_id);
}

void IncomingSession::on_closed(Connection& /*connection*/, const Error& /*reason*/) {
  connection_.reset();
  // The handler may answer any of them while it is told.
  std::vector<std::uint64_t> untold;
  for (auto& [request_id, state] : unanswered_) {
    if (!std::exchange(state.cancelled, true)) untold.push_back(request_id);
  }
  for (const std::uint64_t request_id : untold) {
    if (unanswered_.contains(request_id)) handler_.cancelled(id_, request_id);
  }
}

}  // namespace latium
