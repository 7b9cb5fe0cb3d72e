// Between the options and costs of public calls and those of the protocols.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "latium/call.h"
#include "replication/register_messages.h"
#include "runtime/runtime.h"

namespace latium {

inline constexpr std::chrono::milliseconds kCallTimeMax = std::chrono::hours(24);

/// `invalid_argument`, naming `what`.
inline Result<void> check_duration(std::string_view what, std::chrono::milliseconds value, std::chrono::milliseconds least) {
  if (value >= least && value <= kCallTimeMax) return {};
  return fail(ErrorCode::invalid_argument, std::string(what) + " of " + std::to_string(value.count()) + " ms must be " +
                                               std::to_string(least.count()) + " ms to 24 h");
}

/// When a call with this timeout, from 1 ms to 24 h, ends.
inline Result<MonotonicTime> deadline_of(Runtime& runtime, std::chrono::milliseconds timeout) {
  LATIUM_CHECKED(check_duration("a timeout", timeout, std::chrono::milliseconds(1)));
  return saturating_add(runtime.clock.monotonic_now(), timeout);
}

inline CallCost to_cost(const CallStats& stats) {
  return {stats.round_trips, stats.wan_round_trips, stats.replicas_asked, stats.bytes};
}

}  // namespace latium
