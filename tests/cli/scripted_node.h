// Something that answers as a node on a real connection, as a test scripts it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "net/tcp_transport.h"
#include "node/remote_client.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"

namespace latium::cli {

class ScriptedNode final : public RequestHandler {
 public:
  /// `script` runs on the node's loop.
  explicit ScriptedNode(std::function<void(IncomingRequest)> script, std::optional<TlsFiles> tls = std::nullopt)
      : script_(std::move(script)), loop_({.pool_threads = 1, .seed = 1, .logger = nullptr}) {
    TcpTransportOptions options;
    options.hello.cluster = ClusterId{1};
    options.hello.node = NodeId{2};
    options.hello.incarnation = Incarnation{1};
    options.hello.role = PeerRole::node;
    options.hello.site = "rennes";
    options.security = Plaintext{};
    if (tls) options.security = *std::move(tls);
    transport_ = std::move(*TcpTransport::create(loop_.runtime(), hlc_, std::move(options)));
    address_ = *transport_->listen({"127.0.0.1", 0}, *this);
    loop_.start();
  }
  ~ScriptedNode() override {
    std::promise<void> stopped;
    boost::asio::post(loop_.context(), [this, &stopped] {
      held_.clear();
      start_task(loop_.runtime().executor, transport_->stop(), boost::asio::cancellation_slot(),
                 [&stopped](const Result<void>&) { stopped.set_value(); });
    });
    stopped.get_future().wait();
    loop_.stop();
  }

  void handle(IncomingRequest request) override { script_(std::move(request)); }

  /// Leaves a request unanswered for as long as the node lives. On the loop.
  void hold(IncomingRequest request) { held_.push_back(std::move(request)); }

  const Address& address() const { return address_; }
  std::unique_ptr<RemoteClient> client(std::size_t connections = 1) const {
    return std::move(*RemoteClient::open({.node = address_, .tls = {}, .connections = connections}));
  }

 private:
  std::function<void(IncomingRequest)> script_;
  std::vector<IncomingRequest> held_;
  HlcClock hlc_;
  EventLoop loop_;
  std::unique_ptr<TcpTransport> transport_;
  Address address_;
};

}  // namespace latium::cli
