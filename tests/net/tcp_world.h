// One loop, driven by the test's own thread, and TCP transports on it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <utility>

#include "net/tcp_transport.h"
#include "runtime/event_loop.h"
#include "runtime/spawn.h"
#include "runtime/task_group.h"
#include "tests/net/node_hello.h"

namespace latium::testing {

inline TcpTransportOptions plain_options(Hello hello = {}) {
  TcpTransportOptions options;
  options.hello = std::move(hello);
  options.security = Plaintext{};
  return options;
}

/// The loop, without a thread: it turns while run() waits.
class LoopWorld {
 public:
  Runtime& runtime() { return loop_.runtime(); }

  void run(Task<void> task) {
    std::optional<Result<void>> result;
    start_task(loop_.runtime().executor, std::move(task), {},
               [&result](Result<void> value) { result.emplace(std::move(value)); });
    while (!result) loop_.context().run_one();
    EXPECT_TRUE(result->has_value()) << result->error().message;
  }
  std::unique_ptr<TcpTransport> make(TcpTransportOptions options) {
    auto transport = TcpTransport::create(loop_.runtime(), hlc_, std::move(options));
    EXPECT_TRUE(transport.has_value()) << transport.error().message;
    return transport ? *std::move(transport) : nullptr;
  }
  HlcClock& hlc() { return hlc_; }

 private:
  EventLoop loop_{{.pool_threads = 1, .seed = 1, .logger = nullptr}};
  HlcClock hlc_;
};

class TcpWorld : public LoopWorld {
 public:
  TcpWorld() : server_(make(plain_options(node_hello(1)))), client_(make(plain_options())) {}
  Transport& server() { return *server_; }
  Transport& client() { return *client_; }
  static Address listen_address() { return {"127.0.0.1", 0}; }

 private:
  std::unique_ptr<TcpTransport> server_;
  std::unique_ptr<TcpTransport> client_;
};

}  // namespace latium::testing
