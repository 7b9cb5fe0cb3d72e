#include "node/cli/progress.h"

#include <cmath>
#include <cstdio>
#include <ostream>

namespace latium::cli {

void ProgressLine::show(const std::string& text) {
  if (!enabled_) return;
  err_ << "\r\x1b[K" << text << std::flush;
  shown_ = true;
  next_ = clock_.monotonic_now() + std::chrono::milliseconds(200);
}

void ProgressLine::clear() {
  if (shown_) err_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string seconds_text(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1fs", in_seconds(duration));
  return text;
}

std::string rate_text(std::uint64_t count, Duration duration) {
  const double seconds = in_seconds(duration);
  return std::to_string(seconds > 0 ? std::llround(static_cast<double>(count) / seconds) : 0);
}

}  // namespace latium::cli
