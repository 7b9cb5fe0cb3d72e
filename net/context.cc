#include "net/context.h"

#include <string>

namespace latium {

void ThrottledEvent::emit(Runtime& runtime, Severity severity, std::string_view peer, std::string_view reason) {
  if (!runtime.events.enabled(severity)) return;
  const MonotonicTime now = runtime.clock.monotonic_now();
  if (last_ && now - *last_ < std::chrono::seconds(1)) {
    ++left_out_;
    return;
  }
  last_ = now;
  runtime.events.emit(severity, name_,
                      {{"peer", std::string(peer)}, {"reason", std::string(reason)}, {"left_out", std::to_string(left_out_)}});
  left_out_ = 0;
}

}  // namespace latium
