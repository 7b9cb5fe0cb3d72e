#include "runtime/real_timers.h"

namespace latium {

TimerId RealTimers::schedule(MonotonicTime at, std::move_only_function<void()> callback) {
  const std::uint64_t id = next_id_++;
  queue_.emplace(Key(at, id), std::move(callback));
  times_.emplace(id, at);
  if (at < armed_for_) arm();
  return TimerId{id};
}

void RealTimers::cancel(TimerId id) {
  const auto found = times_.find(id.value);
  if (found == times_.end()) return;
  queue_.erase(Key(found->second, id.value));
  times_.erase(found);
  // The Asio timer stays armed: at worst it wakes once for nothing, which is cheaper than arming it for every cancel.
}

void RealTimers::arm() {
  armed_for_ = queue_.empty() ? kNever : queue_.begin()->first.first;
  if (armed_for_ == kNever) return;
  timer_.expires_after(armed_for_ - clock_.monotonic_now());
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

void RealTimers::run_due() {
  const MonotonicTime now = clock_.monotonic_now();
  while (!queue_.empty() && queue_.begin()->first.first <= now) {
    auto node = queue_.extract(queue_.begin());
    times_.erase(node.key().second);
    node.mapped()();
  }
  arm();
}

}  // namespace latium
