// Answers: waits for many steps that were sent over links.
#pragma once

#include <cstddef>
#include <utility>

#include "replication/bucket_messages.h"
#include "runtime/sync.h"

namespace latium {

/// Shared with the steps' callbacks, so that it may outlive who waits. Loop thread only.
class Answers {
 public:
  /// Before each step is sent.
  void expect() { ++pending_; }
  /// In each callback, once.
  void came(const Result<BucketAnswer>& answer) {
    if (!answer) outcome_ = fail(answer.error());
    if (--pending_ == 0) all_.set();
  }
  /// Until all have come; the last error of a step, if any has one.
  Task<void> wait() {
    if (--pending_ > 0) LATIUM_CO_CHECKED(co_await all_.wait());
    co_return outcome_;
  }

 private:
  std::size_t pending_ = 1;  // one more until somebody waits: answers may come at once
  Event all_;
  Result<void> outcome_;
};

}  // namespace latium
