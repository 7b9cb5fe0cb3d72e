#include "net/context.h"

#include <gtest/gtest.h>

#include "runtime/event_loop.h"
#include "tests/net/recording_sink.h"

namespace latium::testing {
namespace {

class ManualClock final : public Clock {
 public:
  MonotonicTime monotonic_now() const override { return now; }
  std::uint64_t wall_ms() const override { return 0; }
  MonotonicTime now{std::chrono::hours(1)};
};

TEST(ThrottledEventTest, OneASecondAndTheNumberOfThoseLeftOut) {
  EventLoop loop({.pool_threads = 1, .seed = 1, .logger = nullptr});
  ManualClock clock;
  RecordingSink sink;
  Runtime& real = loop.runtime();
  Runtime runtime{real.executor, clock, real.timers, real.pool, real.random, sink, real.faults};

  ThrottledEvent event("rejected");
  for (int i = 0; i < 5; ++i) event.emit(runtime, Severity::warn, "peer", "why");
  clock.now += std::chrono::milliseconds(999);
  event.emit(runtime, Severity::warn, "peer", "why");
  clock.now += std::chrono::milliseconds(1);
  event.emit(runtime, Severity::warn, "other", "what");
  EXPECT_EQ(sink.lines,
            (std::vector<std::string>{"rejected peer=peer reason=why left_out=0", "rejected peer=other reason=what left_out=5"}));
}

}  // namespace
}  // namespace latium::testing
