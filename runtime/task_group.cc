#include "runtime/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "runtime/spawn.h"

namespace latium {

Result<TaskId> TaskGroup::spawn(Task<void> task) {
  if (cancelled_) return cancelled_error();
  if (children_.size() >= limit_) return fail(ErrorCode::overloaded, "too many tasks at once: retry with backoff");
  const std::uint64_t id = next_id_++;
  children_.try_emplace(id);
  // Posted: co_spawn would run the task inline up to its first suspension, in the middle of the caller's state change.
  boost::asio::post(executor_, [this, id, task = std::move(task)]() mutable {
    Child& child = children_.find(id)->second;
    if (cancelled_ || child.cancelled) {
      // Not by assigning an empty one: Asio's assignment forgets the frame that the task holds.
      {
        const Task<void> unstarted = std::move(task);
      }
      finished(id, cancelled_error());
      return;
    }
    start_task(executor_, std::move(task), child.signal.slot(),
               [this, id](Result<void> result) { finished(id, std::move(result)); });
  });
  return TaskId{id};
}

void TaskGroup::cancel(TaskId task) {
  const auto child = children_.find(task.value);
  if (child == children_.end()) return;
  child->second.cancelled = true;
  child->second.signal.emit(boost::asio::cancellation_type::terminal);
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // emit() only posts resumptions, so no child leaves the list under the iteration.
  for (auto& [id, child] : children_) child.signal.emit(boost::asio::cancellation_type::terminal);
}

Task<void> TaskGroup::join() {
  LATIUM_CHECK(joiner_ == nullptr, "one joiner a TaskGroup");
  while (!children_.empty()) {
    Suspension done;
    joiner_ = &done;
    co_await done.wait_shielded();
    joiner_ = nullptr;
  }
  if (first_error_) co_return fail(*first_error_);
  co_return Result<void>();
}

void TaskGroup::finished(std::uint64_t child, Result<void> result) {
  if (!result && result.error().code != ErrorCode::cancelled && !first_error_) first_error_ = std::move(result).error();
  children_.erase(child);
  if (children_.empty() && joiner_ != nullptr) joiner_->wake();
}

}  // namespace latium
