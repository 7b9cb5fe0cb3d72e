// TaskGroup: owns the coroutines that it spawns. Its owner joins it before it dies, so nothing runs with a dead `this`.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <list>
#include <optional>

#include "runtime/suspension.h"
#include "runtime/task.h"

namespace latium {

/// Loop thread only.
class TaskGroup {
 public:
  /// `limit`: how many may run at once; spawn answers `overloaded` above it.
  TaskGroup(Executor executor, std::size_t limit) : executor_(executor), limit_(limit) {}
  ~TaskGroup() { LATIUM_CHECK(children_.empty(), "join() a TaskGroup before it dies"); }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` through a post: nothing of it runs before spawn returns. `cancelled` after cancel(). An exception out of
  /// a task is a bug and stops the process; an error that it returns is kept, the first one only, for join().
  Result<void> spawn(Task<void> task);

  /// Asks every task to end; new ones are refused.
  void cancel();

  /// Waits until none is left, deaf to cancels; call cancel() first to end endless ones. One joiner. Returns the first
  /// error of a task other than `cancelled`.
  Task<void> join();

  std::size_t size() const { return children_.size(); }
  /// True when spawn() would take a task.
  bool has_room() const { return !cancelled_ && children_.size() < limit_; }

 private:
  struct Child {
    boost::asio::cancellation_signal signal;
  };

  void finished(std::list<Child>::iterator child, Result<void> result);

  Executor executor_;
  std::size_t limit_;
  bool cancelled_ = false;
  std::list<Child> children_;
  std::optional<Error> first_error_;
  Suspension* joiner_ = nullptr;
};

}  // namespace latium
