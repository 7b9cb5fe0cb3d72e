#include "net/tcp_transport.h"

#include <utility>

#include "net/listener.h"
#include "net/peer.h"

namespace latium {

namespace {

std::optional<CertificateIdentity> own_identity(const std::shared_ptr<const TlsContext>& tls) {
  if (!tls) return std::nullopt;
  return tls->own_identity();
}

/// A connection needs two tasks, the listener one.
std::size_t most_tasks(const TransportLimits& limits) {
  return 2 * (limits.max_incoming + limits.max_peers) + 1;
}

}  // namespace

Result<std::unique_ptr<TcpTransport>> TcpTransport::create(Runtime& runtime, HlcClock& hlc, TcpTransportOptions options) {
  if (std::holds_alternative<std::monostate>(options.security)) {
    return fail(ErrorCode::invalid_argument, "choose how connections are secured: give TLS files, or plaintext explicitly");
  }
  if (options.limits.max_send_bytes < kMaxMessageBytes) {
    return fail(ErrorCode::invalid_argument, "max_send_bytes has to hold at least one message of the largest size");
  }
  if (options.limits.max_incoming == 0) return fail(ErrorCode::invalid_argument, "max_incoming has to be at least 1");
  std::shared_ptr<const TlsContext> tls;
  if (const auto* files = std::get_if<TlsFiles>(&options.security)) {
    LATIUM_TRY(tls, TlsContext::load(*files, runtime.clock.wall_ms()));
  }
  LATIUM_CHECKED(check_own_hello(options.hello, own_identity(tls)));
  return std::unique_ptr<TcpTransport>(new TcpTransport(runtime, hlc, std::move(options), std::move(tls)));
}

TcpTransport::TcpTransport(Runtime& runtime, HlcClock& hlc, TcpTransportOptions options, std::shared_ptr<const TlsContext> tls)
    : context_{.runtime = runtime,
               .hlc = hlc,
               .limits = options.limits,
               .times = options.times,
               .hello = std::move(options.hello),
               .tls = std::move(tls),
               .statistics = {},
               .tasks = TaskGroup(runtime.executor, most_tasks(options.limits)),
               .incoming_bytes = std::make_shared<ByteBudget>(options.limits.max_held_bytes, options.limits.max_incoming)} {}

TcpTransport::~TcpTransport() = default;

Result<Address> TcpTransport::listen(const Address& address, RequestHandler& handler) {
  if (context_.stopping) return fail(ErrorCode::unavailable, "the node is stopping");
  if (listener_) return fail(ErrorCode::invalid_argument, "the transport listens already: one address each");
  auto listener = std::make_unique<Listener>(context_, handler);
  LATIUM_TRY(Address bound, listener->open(address));
  listener_ = std::move(listener);
  return bound;
}

Result<Peer*> TcpTransport::peer_at(const Address& address) {
  if (context_.stopping) return fail(ErrorCode::unavailable, "the node is stopping");
  if (const auto found = peers_.find(address); found != peers_.end()) return found->second.get();
  if (peers_.size() >= context_.limits.max_peers) {
    std::erase_if(peers_, [](const auto& entry) { return entry.second->idle(); });
  }
  if (peers_.size() >= context_.limits.max_peers) {
    ++context_.statistics.overloaded;
    return fail(ErrorCode::overloaded, "connections to too many peers are open: retry with backoff");
  }
  return peers_.emplace(address, std::make_unique<Peer>(context_, address)).first->second.get();
}

std::uint64_t TcpTransport::send(const Address& peer, Method method, Bytes request, CallOptions options,
                                 ResponseCallback callback) {
  auto found = peer_at(peer);
  if (!found) {
    callback(fail(std::move(found).error()));
    return 0;
  }
  return (*found)->send(method, std::move(request), options.deadline, std::move(callback));
}

Certainty TcpTransport::cancel(const Address& peer, std::uint64_t call_id) {
  const auto found = peers_.find(peer);
  return found != peers_.end() ? found->second->cancel(call_id) : Certainty::unknown;
}

Task<Bytes> TcpTransport::call(Address peer, Method method, Bytes request, CallOptions options) {
  Suspension answered;
  std::optional<Result<Bytes>> result;
  const std::uint64_t id = send(peer, method, std::move(request), options, [&answered, &result](Result<Bytes> answer) {
    result.emplace(std::move(answer));
    answered.wake();
  });
  if (!result) co_await answered.wait();
  // A cancel may lose against an answer that is there already.
  if (result) co_return *std::move(result);
  const Certainty certainty = cancel(peer, id);
  co_return fail(ErrorCode::cancelled, certainty, "the caller gave up on " + peer.to_string());
}

std::uint64_t TcpTransport::unsent_bytes() const {
  return listener_ ? listener_->unsent_bytes() : 0;
}

Result<void> TcpTransport::set_hello(Hello hello) {
  LATIUM_CHECKED(check_own_hello(hello, own_identity(context_.tls)));
  context_.hello = std::move(hello);
  return {};
}

Task<void> TcpTransport::stop() {
  context_.stopping = true;
  const Error reason(ErrorCode::unavailable, "the node is stopping");
  if (listener_) listener_->stop();
  for (auto& [address, peer] : peers_) peer->close(reason);
  context_.tasks.cancel();
  co_return co_await context_.tasks.join();
}

}  // namespace latium
