#include "node/remote_client.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cctype>
#include <future>
#include <utility>
#include <vector>

#include "net/tcp_transport.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"

namespace latium {

namespace {

constexpr std::size_t kMaxConnections = 1024;
// What waits to be sent or answered is bounded by those who call; this is only the end of all reason.
constexpr std::size_t kMaxCalls = 1u << 20;

// The transport speaks to nodes; people who run a command need to know which option is wrong.
Error explain(Error error, const Address& node) {
  const std::string address = node.to_string();
  const std::string opening = "cannot connect to " + address + ": ";
  if (error.code != ErrorCode::unavailable || !error.message.starts_with(opening)) return error;
  std::string reason = error.message.substr(opening.size());
  reason.erase(std::min(reason.find(';'), reason.size()));
  std::ranges::transform(reason, reason.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  error.message =
      "cannot reach node " + address + " (" + reason + "): is latiumd running there? use --node HOST:PORT or LATIUM_NODE";
  return error;
}

TcpTransportOptions transport_options(const TlsOptions& tls) {
  TcpTransportOptions options;
  options.hello.role = PeerRole::client;
  options.limits.max_calls_per_peer = kMaxCalls;
  if (tls.empty()) {
    options.security = Plaintext{};
  } else {
    options.security = TlsFiles{tls.cert, tls.key, tls.ca};
  }
  return options;
}

}  // namespace

struct RemoteClient::Impl {
  explicit Impl(Options given) : options(std::move(given)), loop({.pool_threads = 1, .seed = 0, .logger = nullptr}) {}

  ~Impl() {
    if (started) {
      std::promise<void> stopped;
      boost::asio::post(loop.context(), [this, &stopped] { stop_from(0, stopped); });
      stopped.get_future().wait();
    }
    loop.stop();
  }

  // One transport after the other; each ends its calls.
  void stop_from(std::size_t index, std::promise<void>& stopped) {
    if (index == transports.size()) return stopped.set_value();
    start_task(loop.runtime().executor, transports[index]->stop(), boost::asio::cancellation_slot(),
               [this, index, &stopped](const Result<void>& result) {
                 LATIUM_CHECK(result.has_value(), "a transport stops");
                 stop_from(index + 1, stopped);
               });
  }

  const Options options;
  bool started = false;
  HlcClock hlc;
  EventLoop loop;
  std::vector<std::unique_ptr<TcpTransport>> transports;  // one a connection
};

RemoteClient::RemoteClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RemoteClient::~RemoteClient() = default;

Result<std::unique_ptr<RemoteClient>> RemoteClient::open(Options options) {
  if (options.connections < 1 || options.connections > kMaxConnections) {
    return fail(ErrorCode::invalid_argument, "connections " + std::to_string(options.connections) + " must be 1 to 1024");
  }
  if (options.node.port == 0) {
    return fail(ErrorCode::invalid_argument,
                "node " + options.node.to_string() + " has no port: use --node HOST:PORT or LATIUM_NODE");
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  for (std::size_t i = 0; i < impl->options.connections; ++i) {
    LATIUM_TRY(auto transport, TcpTransport::create(impl->loop.runtime(), impl->hlc, transport_options(impl->options.tls)));
    impl->transports.push_back(std::move(transport));
  }
  impl->loop.start();
  impl->started = true;
  return std::unique_ptr<RemoteClient>(new RemoteClient(std::move(impl)));
}

Result<Bytes> RemoteClient::call_bytes(Method method, Bytes request, MonotonicTime deadline) {
  LATIUM_CHECK(!impl_->loop.on_loop(), "a blocking call on the loop would wait for itself");
  std::promise<Result<Bytes>> answer;
  start(0, method, std::move(request), deadline, [&answer](Result<Bytes> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

void RemoteClient::start(std::size_t connection, Method method, Bytes request, MonotonicTime deadline, Done done) {
  LATIUM_CHECK(connection < impl_->transports.size(), "there is such a connection");
  boost::asio::dispatch(impl_->loop.context(), [impl = impl_.get(), connection, method, request = std::move(request), deadline,
                                                done = std::move(done)]() mutable {
    impl->transports[connection]->send(impl->options.node, method, std::move(request), {deadline},
                                       [impl, done = std::move(done)](Result<Bytes> result) mutable {
                                         if (!result) result = fail(explain(std::move(result).error(), impl->options.node));
                                         done(std::move(result));
                                       });
  });
}

void RemoteClient::post(std::move_only_function<void()> work) {
  boost::asio::post(impl_->loop.context(), std::move(work));
}

std::uint64_t RemoteClient::bytes_moved() const {
  LATIUM_CHECK(!impl_->loop.on_loop(), "a blocking call on the loop would wait for itself");
  std::promise<std::uint64_t> answer;
  boost::asio::post(impl_->loop.context(), [this, &answer] {
    std::uint64_t bytes = 0;
    for (const auto& transport : impl_->transports) {
      const TransportStatistics statistics = transport->statistics();
      bytes += statistics.bytes_sent + statistics.bytes_received;
    }
    answer.set_value(bytes);
  });
  return answer.get_future().get();
}

MonotonicTime RemoteClient::now() const {
  return impl_->loop.runtime().clock.monotonic_now();
}

Runtime& RemoteClient::runtime() {
  return impl_->loop.runtime();
}

}  // namespace latium
