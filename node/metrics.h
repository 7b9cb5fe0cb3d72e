// The Prometheus endpoint. Everything is read when it is scraped: nothing is counted twice and nothing costs the hot path.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/transport.h"
#include "node/client_service.h"
#include "node/node_core.h"
#include "runtime/event_loop.h"

namespace latium {

class MetricsEndpoint {
 public:
  /// Serves http://ADDRESS/metrics on a thread of its own until it dies. What it reads outlives it; `transport` may be null.
  /// `io_error` when the address cannot be used.
  static Result<std::unique_ptr<MetricsEndpoint>> open(const std::string& address, NodeCore& core, const ClientService& service,
                                                       const Transport* transport, EventLoop& loop);
  ~MetricsEndpoint();

  /// "HOST:PORT" served on, with the port chosen, when 0 was asked for.
  const std::string& address() const;

 private:
  struct Impl;
  explicit MetricsEndpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace latium
