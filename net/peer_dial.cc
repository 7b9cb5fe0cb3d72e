// Dialling: from an address to an open connection.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/handshake_flow.h"
#include "net/peer.h"
#include "net/resolve.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());

}  // namespace

void Peer::start_dialling() {
  state_ = State::dialling;
  if (auto spawned = context_.tasks.spawn(dial()); !spawned) dialling_failed(spawned.error());
}

Task<void> Peer::dial() {
  auto stream = co_await connect();
  if (!stream) {
    dialling_failed(stream.error());
    co_return Result<void>();
  }
  FrameDecoder decoder;
  std::optional<CloseTimer> timer(std::in_place, context_.runtime, context_.times.handshake, **stream);
  const auto identity = co_await greet_as_dialler(context_, **stream, decoder, address_text_);
  const bool slow = timer->expired();
  timer.reset();
  if (slow || !identity) {
    const Error reason =
        slow ? Error(ErrorCode::unavailable, "it did not answer the handshake in the time allowed") : identity.error();
    if (reason.code != ErrorCode::unavailable) {
      ++context_.statistics.rejected_connections;
      context_.connection_rejected.emit(context_.runtime, Severity::warn, address_text_, reason.message);
    }
    dialling_failed({reason.code, "cannot use " + address_text_ + ": " + reason.message});
    co_return Result<void>();
  }
  if (context_.stopping) co_return Result<void>();
  opened(*std::move(stream), std::move(decoder));
  if (const auto connection = connection_) co_return co_await Connection::read_loop(connection);
  co_return Result<void>();
}

Task<std::unique_ptr<Stream>> Peer::connect() {
  const MonotonicTime deadline = saturating_add(context_.now(), context_.times.connect);
  LATIUM_CO_TRY(const auto endpoints,
                co_await with_deadline(context_.runtime, deadline, resolve(context_.runtime.executor, address_)));
  std::string reason;
  for (const Tcp::endpoint& endpoint : endpoints) {
    if (context_.stopping) co_return cancelled_error();
    auto stream = std::make_unique<Stream>(Socket(context_.runtime.executor), context_.tls, Side::dialler);
    const CloseTimer timer(context_.runtime, context_.times.connect, *stream);
    const auto [error] = co_await stream->socket().async_connect(endpoint, kAwait);
    if (!error && !timer.expired()) co_return stream;
    reason = timer.expired() ? "no answer in the time allowed" : error.message();
  }
  co_return fail(ErrorCode::unavailable,
                 "cannot connect to " + address_text_ + ": " + reason + "; check that a node listens there");
}

void Peer::dialling_failed(Error reason) {
  // close() has ended the calls already.
  if (context_.stopping) return;
  state_ = State::idle;
  next_dial_ = saturating_add(context_.now(), context_.times.redial.wait(failed_dials_, context_.runtime.random));
  ++failed_dials_;
  reason.certainty = Certainty::not_applied;
  last_failure_ = reason;
  fail_all(reason);
}

void Peer::opened(std::unique_ptr<Stream> stream, FrameDecoder decoder) {
  failed_dials_ = 0;
  last_failure_.reset();
  state_ = State::open;
  connection_ =
      std::make_shared<Connection>(context_, *this, Side::dialler, std::move(stream), std::move(decoder), address_text_);
  // May close the connection again, which empties connection_.
  connection_->start();
  for (const std::uint64_t id : calls_.ids_if([](const CallTable::Call& call) { return !call.sent; })) {
    if (connection_) transmit(id);
  }
}

}  // namespace latium
