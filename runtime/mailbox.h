// Mailbox: a bounded queue between coroutines of one loop. (Asio's experimental channel loses messages when a receive is
// cancelled.)
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "runtime/sync.h"

namespace latium {

/// Loop thread only.
template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  /// `overloaded` when full, `cancelled` when closed; then the message is dropped.
  Result<void> push(T message) {
    if (closed_) return fail(ErrorCode::cancelled, "the mailbox is closed");
    if (messages_.size() >= capacity_) return fail(ErrorCode::overloaded, "the mailbox is full: retry with backoff");
    messages_.push_back(std::move(message));
    receivers_.wake_one();
    return {};
  }

  /// The oldest message. A cancelled receive takes nothing. `cancelled` once closed and empty.
  Task<T> receive() {
    while (messages_.empty()) {
      if (closed_) co_return fail(ErrorCode::cancelled, "the mailbox is closed");
      LATIUM_CO_CHECKED(co_await receivers_.wait());
    }
    T message = std::move(messages_.front());
    messages_.pop_front();
    co_return message;
  }

  /// No more pushes; what is inside can still be received.
  void close() {
    closed_ = true;
    receivers_.wake_all();
  }

  std::size_t size() const { return messages_.size(); }

 private:
  std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> messages_;
  internal::WaitQueue receivers_;
};

}  // namespace latium
