#include "runtime/deadline.h"

namespace latium {

Task<void> sleep_until(Runtime& runtime, MonotonicTime at) {
  Suspension elapsed;
  const TimerId timer = runtime.timers.schedule(at, [&elapsed] { elapsed.wake(); });
  const Wake wake = co_await elapsed.wait();
  runtime.timers.cancel(timer);
  if (wake == Wake::cancelled) co_return cancelled_error();
  co_return Result<void>();
}

Task<void> sleep_for(Runtime& runtime, Duration duration) {
  co_return co_await sleep_until(runtime, saturating_add(runtime.clock.monotonic_now(), duration));
}

}  // namespace latium
