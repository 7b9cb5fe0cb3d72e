// TaskGroup: owns the coroutines that it spawns. Its owner joins it before it dies, so nothing runs with a dead `this`.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "runtime/suspension.h"
#include "runtime/task.h"

namespace latium {

/// Names a task of one group; 0 names none.
struct TaskId {
  std::uint64_t value = 0;
};

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
  Result<TaskId> spawn(Task<void> task);

  /// Asks one task to end; nothing happens when it has ended.
  void cancel(TaskId task);

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
    bool cancelled = false;  // before its start there is no slot to signal
  };

  void finished(std::uint64_t child, Result<void> result);

  Executor executor_;
  std::size_t limit_;
  bool cancelled_ = false;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Child> children_;  // ordered: cancels go out in the order of spawning
  std::optional<Error> first_error_;
  Suspension* joiner_ = nullptr;
};

}  // namespace latium
