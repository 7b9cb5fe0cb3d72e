// Inbox: what the loop thread tells the thread of a command.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace latium::cli {

/// Any thread may put; one takes. Shared by pointer with the callbacks that put, which may come late.
template <class T>
class Inbox {
 public:
  void put(T item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    wake_.notify_one();
  }

  /// Waits at most `patience`; nothing when it passed. Zero: only looks.
  std::optional<T> take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait_for(lock, patience, [this] { return !items_.empty(); })) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<T> items_;
};

/// How often a waiting command looks whether it was interrupted.
inline constexpr std::chrono::milliseconds kLookAround(50);

}  // namespace latium::cli
