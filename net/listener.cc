#include "net/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/handshake_flow.h"
#include "net/resolve.h"
#include "runtime/deadline.h"

namespace latium {

namespace {

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>());
/// Out of file descriptors or memory: how long until the next try.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

std::unexpected<Error> cannot_listen(const Address& address, const boost::system::error_code& error) {
  std::string remedy = "check the address";
  if (error == boost::asio::error::address_in_use) {
    remedy = "another process listens there: stop it, or listen on another port (0 picks a free one)";
  } else if (error == boost::asio::error::access_denied) {
    remedy = "ports below 1024 need privileges: listen on a higher one";
  } else if (error.value() == EADDRNOTAVAIL) {
    remedy = "this host does not have the address: listen on one of its own, or on 0.0.0.0";
  }
  return fail(ErrorCode::io_error, "cannot listen on " + address.to_string() + ": " + error.message() + "; " + remedy);
}

std::string to_text(const Tcp::endpoint& endpoint) {
  return Address{endpoint.address().to_string(), endpoint.port()}.to_string();
}

}  // namespace

Listener::Listener(NetContext& context, RequestHandler& handler)
    : context_(context), handler_(handler), acceptor_(context.runtime.executor) {}

Result<Address> Listener::open(const Address& address) {
  LATIUM_TRY(const Tcp::endpoint endpoint, resolve_now(context_.runtime.executor, address));
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  // So that a restart need not wait until the connections of the last run are forgotten.
  if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(address, error);
  LATIUM_CHECKED(context_.tasks.spawn(accept_loop()));
  return Address{address.host, acceptor_.local_endpoint().port()};
}

void Listener::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  while (!sessions_.empty()) {
    const auto session = *sessions_.begin();
    sessions_.erase(sessions_.begin());
    session->close({ErrorCode::unavailable, "the node is stopping"});
  }
}

std::uint64_t Listener::unsent_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& session : sessions_) sum += session->unsent_bytes();
  return sum;
}

Task<void> Listener::accept_loop() {
  while (!context_.stopping) {
    Tcp::endpoint remote;
    auto [error, socket] = co_await acceptor_.async_accept(remote, kAwait);
    if (context_.stopping) break;
    if (error == boost::asio::error::connection_aborted) continue;
    if (error) {
      // No descriptors, no memory: the listener has to outlive it.
      context_.accept_failed.emit(context_.runtime, Severity::warn, "", error.message());
      if (!co_await sleep_for(context_.runtime, kAcceptPause)) break;
      continue;
    }
    const std::string address = to_text(remote);
    if (open_ >= context_.limits.max_incoming) {
      reject(address, {ErrorCode::overloaded, "too many connections: raise the limit, or close some"});
      continue;
    }
    if (auto spawned = context_.tasks.spawn(greet_and_serve(std::move(socket), address)); !spawned) {
      reject(address, spawned.error());
    }
  }
  co_return Result<void>();
}

Task<void> Listener::greet_and_serve(Socket socket, std::string remote) {
  struct Count {
    std::size_t& open;
    explicit Count(std::size_t& counter) : open(++counter) {}
    ~Count() { --open; }
  } count(open_);
  auto stream = std::make_unique<Stream>(std::move(socket), context_.tls, Side::acceptor);
  FrameDecoder decoder;
  std::optional<CloseTimer> timer(std::in_place, context_.runtime, context_.times.handshake, *stream);
  auto peer = co_await greet_as_acceptor(context_, *stream, decoder, remote);
  const bool slow = timer->expired();
  timer.reset();
  if (context_.stopping) co_return Result<void>();
  if (slow || !peer) {
    reject(remote, slow ? Error(ErrorCode::deadline_exceeded, "no handshake in the time allowed") : peer.error());
    co_return Result<void>();
  }
  const auto session = std::make_shared<IncomingSession>(context_, handler_, *std::move(peer));
  sessions_.insert(session);
  co_await IncomingSession::serve(session, std::move(stream), std::move(decoder));
  sessions_.erase(session);
  co_return Result<void>();
}

void Listener::reject(const std::string& remote, const Error& reason) {
  ++context_.statistics.rejected_connections;
  context_.connection_rejected.emit(context_.runtime, Severity::warn, remote, reason.message);
}

}  // namespace latium
