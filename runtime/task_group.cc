#include "runtime/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <iterator>
#include <utility>

#include "runtime/spawn.h"

namespace latium {

Result<void> TaskGroup::spawn(Task<void> task) {
  if (cancelled_) return cancelled_error();
  if (children_.size() >= limit_) return fail(ErrorCode::overloaded, "too many tasks at once: retry with backoff");
  const auto child = children_.emplace(children_.end());
  // Posted: co_spawn would run the task inline up to its first suspension, in the middle of the caller's state change.
  boost::asio::post(executor_, [this, child, task = std::move(task)]() mutable {
    if (cancelled_) {
      // Not by assigning an empty one: Asio's assignment forgets the frame that the task holds.
      {
        const Task<void> unstarted = std::move(task);
      }
      finished(child, cancelled_error());
      return;
    }
    start_task(executor_, std::move(task), child->signal.slot(),
               [this, child](Result<void> result) { finished(child, std::move(result)); });
  });
  return {};
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // emit() only posts resumptions, so no child leaves the list under the iteration.
  for (Child& child : children_) child.signal.emit(boost::asio::cancellation_type::terminal);
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

void TaskGroup::finished(std::list<Child>::iterator child, Result<void> result) {
  if (!result && result.error().code != ErrorCode::cancelled && !first_error_) first_error_ = std::move(result).error();
  children_.erase(child);
  if (children_.empty() && joiner_ != nullptr) joiner_->wake();
}

}  // namespace latium
