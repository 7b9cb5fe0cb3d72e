#include "replication/peer_watch.h"

#include "proto/wire.pb.h"

namespace latium {

Duration silence_allowed(Runtime& runtime, MonotonicTime deadline) {
  const MonotonicTime now = runtime.clock.monotonic_now();
  const Duration part = deadline <= now ? Duration::zero() : (deadline - now) / 8;
  return std::clamp<Duration>(part, std::chrono::milliseconds(150), std::chrono::seconds(1));
}

Task<void> until_silent(Runtime& runtime, Transport& transport, Address address, Duration silence) {
  while (true) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime, silence / 2));
    const CallOptions options{.deadline = saturating_add(runtime.clock.monotonic_now(), silence)};
    const auto answer = co_await transport.call(address, wire::METHOD_CLUSTER_INFO, Bytes(), options);
    if (answer || answer.error().code == ErrorCode::overloaded) continue;
    if (answer.error().code == ErrorCode::cancelled) co_return fail(answer.error());
    co_return Result<void>();
  }
}

}  // namespace latium
