// Event and Semaphore: waiting inside one loop. Loop thread only; waiters are served first come, first served.
#pragma once

#include <cstddef>
#include <list>
#include <utility>

#include "runtime/runtime.h"
#include "runtime/suspension.h"
#include "runtime/task.h"

namespace latium {

namespace internal {

/// A queue of suspended coroutines. The destructor requires that none is left.
class WaitQueue {
 public:
  ~WaitQueue() { LATIUM_CHECK(waiting_.empty(), "a primitive died under its waiters"); }

  /// Sleeps until wake_one() or wake_all() reaches this waiter. `cancelled` otherwise.
  Task<void> wait();
  /// The same; `deadline_exceeded` once the time has come first.
  Task<void> wait_until(Runtime& runtime, MonotonicTime deadline);
  /// False when nobody waits.
  bool wake_one();
  void wake_all();
  bool empty() const { return waiting_.empty(); }

 private:
  std::list<Suspension*> waiting_;
};

}  // namespace internal

/// A flag that coroutines wait for.
class Event {
 public:
  bool is_set() const { return set_; }
  void set() {
    set_ = true;
    waiters_.wake_all();
  }
  void clear() { set_ = false; }
  /// At once when set; `cancelled` when the task is cancelled first.
  Task<void> wait();
  /// The same; `deadline_exceeded` once the time has come first. What with_deadline() makes of wait(), without a task of its own.
  Task<void> wait_until(Runtime& runtime, MonotonicTime deadline);

 private:
  bool set_ = false;
  internal::WaitQueue waiters_;
};

class Semaphore;

/// One unit of a Semaphore, given back when it dies. The semaphore outlives it.
class [[nodiscard]] Permit {
 public:
  Permit() = default;
  Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  ~Permit();

 private:
  friend class Semaphore;
  explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}
  Semaphore* semaphore_ = nullptr;
};

/// At most `permits` holders; at most `max_waiters` waiters, above that `overloaded`.
class Semaphore {
 public:
  Semaphore(std::size_t permits, std::size_t max_waiters) : free_(permits), max_waiters_(max_waiters) {}

  Task<Permit> acquire();
  std::size_t free() const { return free_; }

 private:
  friend class Permit;
  void release();

  std::size_t free_;
  std::size_t max_waiters_;
  std::size_t waiting_ = 0;
  internal::WaitQueue waiters_;
};

}  // namespace latium
