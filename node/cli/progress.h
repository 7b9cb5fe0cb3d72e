// ProgressLine: one line on a terminal that is written over and over.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "runtime/clock.h"

namespace latium::cli {

class ProgressLine {
 public:
  /// `enabled` false: nothing is ever shown. Both outlive it.
  ProgressLine(std::ostream& err, const Clock& clock, bool enabled) : err_(err), clock_(clock), enabled_(enabled) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// True a few times a second: time to show() anew.
  bool due() const { return enabled_ && clock_.monotonic_now() >= next_; }
  void show(const std::string& text);
  /// Makes room for another line.
  void clear();

 private:
  std::ostream& err_;
  const Clock& clock_;
  const bool enabled_;
  bool shown_ = false;
  MonotonicTime next_{};
};

double in_seconds(Duration duration);
/// "1.2s".
std::string seconds_text(Duration duration);
/// How many a second, rounded.
std::string rate_text(std::uint64_t count, Duration duration);

}  // namespace latium::cli
