// Timers over one Asio timer: a queue ordered by time, the Asio timer set to its front. A timer a message costs a map
// insertion and no system call.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <unordered_map>
#include <utility>

#include "runtime/timers.h"

namespace latium {

class RealTimers final : public Timers {
 public:
  RealTimers(boost::asio::io_context& context, const Clock& clock) : clock_(clock), timer_(context) {}

  TimerId schedule(MonotonicTime at, std::move_only_function<void()> callback) override;
  void cancel(TimerId id) override;

 private:
  using Key = std::pair<MonotonicTime, std::uint64_t>;
  void arm();
  void run_due();

  const Clock& clock_;
  boost::asio::steady_timer timer_;
  MonotonicTime armed_for_ = kNever;
  std::uint64_t next_id_ = 1;
  std::map<Key, std::move_only_function<void()>> queue_;
  std::unordered_map<std::uint64_t, MonotonicTime> times_;
};

}  // namespace latium
