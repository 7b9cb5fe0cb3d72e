// Two nodes as they are: each on a loop and a thread of its own.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>

#include "net/tcp_transport.h"
#include "runtime/sync.h"
#include "tests/net/tcp_world.h"

namespace latium::testing {
namespace {

class Echo final : public RequestHandler {
 public:
  void handle(IncomingRequest request) override {
    Bytes payload = request.take_payload();
    std::move(request).respond(std::move(payload));
  }
};

Result<void> run_on(EventLoop& loop, Task<void> task) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  boost::asio::post(loop.context(), [&, task = std::move(task)]() mutable {
    start_task(loop.runtime().executor, std::move(task), {}, [&](Result<void> result) { promise.set_value(std::move(result)); });
  });
  return future.get();
}

/// Keeps `left` calls coming, 64 at a time.
struct Caller {
  TcpTransport& transport;
  Address address;
  std::size_t left = 0;
  std::size_t good = 0;
  std::size_t open = 0;
  Event done;

  void next() {
    if (left == 0) {
      if (open == 0) done.set();
      return;
    }
    --left;
    ++open;
    transport.send(address, 1, std::to_string(left), {}, [this, sent = left](const Result<Bytes>& answer) {
      --open;
      if (answer && *answer == std::to_string(sent)) ++good;
      next();
    });
  }
};

Task<void> call_all(Caller* caller) {
  for (int i = 0; i < 64; ++i) caller->next();
  co_return co_await caller->done.wait();
}

TEST(ThreadsTest, TwoLoopsTalk) {
  EventLoop server_loop({.pool_threads = 1, .seed = 1, .logger = nullptr});
  EventLoop client_loop({.pool_threads = 1, .seed = 2, .logger = nullptr});
  HlcClock server_hlc;
  HlcClock client_hlc;
  Echo echo;
  auto server = TcpTransport::create(server_loop.runtime(), server_hlc, plain_options(node_hello(1)));
  auto client = TcpTransport::create(client_loop.runtime(), client_hlc, plain_options());
  ASSERT_TRUE(server.has_value() && client.has_value());
  const auto address = (*server)->listen({"127.0.0.1", 0}, echo);
  ASSERT_TRUE(address.has_value());
  server_loop.start();
  client_loop.start();
  Caller caller{**client, *address, 10'000, 0, 0, {}};
  EXPECT_TRUE(run_on(client_loop, call_all(&caller)).has_value());
  EXPECT_EQ(caller.good, 10'000u);
  EXPECT_TRUE(run_on(client_loop, (*client)->stop()).has_value());
  EXPECT_TRUE(run_on(server_loop, (*server)->stop()).has_value());
  EXPECT_GT(server_hlc.latest().value, 0u);
}

}  // namespace
}  // namespace latium::testing
