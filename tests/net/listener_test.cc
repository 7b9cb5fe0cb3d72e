// Accepting when the process has no file descriptors left. In a file of its own: it lowers a limit of the process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "tests/net/raw_peer.h"
#include "tests/net/recording_sink.h"
#include "tests/net/tcp_world.h"
#include "tests/net/transport_conformance.h"

namespace latium::testing {
namespace {

/// No new descriptors while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(ListenerTest, OutlivesATimeWithoutFileDescriptors) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "UBSan opens pipes to look at memory, and takes objects for broken when it cannot";
#endif
  LoopWorld world;
  RecordingSink sink;
  Runtime& real = world.runtime();
  Runtime runtime{real.executor, real.clock, real.timers, real.pool, real.random, sink, real.faults};
  auto server = TcpTransport::create(runtime, world.hlc(), plain_options(node_hello(1)));
  ASSERT_TRUE(server.has_value());
  ScriptedHandler handler(real.clock);
  const auto address = (*server)->listen({"127.0.0.1", 0}, handler);
  ASSERT_TRUE(address.has_value());
  RawPeer peer(real.executor);
  peer.socket.open(Tcp::v4());
  {
    const NoDescriptors none;
    world.run(peer.connect(*address));
    world.run(until([&] {
      return std::ranges::any_of(sink.lines, [](const std::string& line) { return line.starts_with("accept_failed"); });
    }));
  }
  world.run(peer.write_frame({.type = FrameType::hello}, encode_hello(Hello{})));
  std::optional<Result<Bytes>> ack;
  world.run(keep(peer.read_until(FrameType::hello_ack), &ack));
  EXPECT_TRUE(ack->has_value());
  world.run((*server)->stop());
}

}  // namespace
}  // namespace latium::testing
