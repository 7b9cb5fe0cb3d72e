#include "runtime/sync.h"

#include <algorithm>

namespace latium {

namespace internal {

Task<void> WaitQueue::wait() {
  Suspension turn;
  const auto place = waiting_.insert(waiting_.end(), &turn);
  const Wake wake = co_await turn.wait();
  // A waker unlinks whom it wakes; a cancelled waiter is still in the list and unlinks itself.
  if (wake == Wake::cancelled) {
    waiting_.erase(place);
    co_return cancelled_error();
  }
  co_return Result<void>();
}

Task<void> WaitQueue::wait_until(Runtime& runtime, MonotonicTime deadline) {
  if (deadline == kNever) co_return co_await wait();
  Suspension turn;
  bool expired = false;
  const auto place = waiting_.insert(waiting_.end(), &turn);
  const TimerId timer = runtime.timers.schedule(deadline, [&] {
    if (turn.woken()) return;
    expired = true;
    waiting_.erase(place);
    turn.wake();
  });
  const Wake wake = co_await turn.wait();
  runtime.timers.cancel(timer);
  if (expired) co_return fail(ErrorCode::deadline_exceeded, "the deadline passed");
  if (wake == Wake::cancelled) {
    waiting_.erase(place);
    co_return cancelled_error();
  }
  co_return Result<void>();
}

bool WaitQueue::wake_one() {
  // One that is woken but still listed was cancelled: its resumption is queued and it leaves by itself.
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), [](Suspension* waiter) { return !waiter->woken(); });
  if (next == waiting_.end()) return false;
  (*next)->wake();
  waiting_.erase(next);
  return true;
}

void WaitQueue::wake_all() {
  while (wake_one()) {
  }
}

}  // namespace internal

Task<void> Event::wait() {
  if (set_) co_return Result<void>();
  co_return co_await waiters_.wait();
}

Task<void> Event::wait_until(Runtime& runtime, MonotonicTime deadline) {
  if (set_) co_return Result<void>();
  co_return co_await waiters_.wait_until(runtime, deadline);
}

Permit::~Permit() {
  if (semaphore_ != nullptr) semaphore_->release();
}

Task<Permit> Semaphore::acquire() {
  // A free unit means that nobody waits: release() hands over to a waiter first. The list may still hold cancelled ones,
  // so its being empty is not the question.
  if (free_ > 0) {
    --free_;
    co_return Permit(*this);
  }
  if (waiting_ >= max_waiters_) co_return fail(ErrorCode::overloaded, "too many waiters for a permit: retry with backoff");
  ++waiting_;
  const Result<void> turn = co_await waiters_.wait();
  --waiting_;
  if (!turn) co_return fail(turn.error());
  // release() handed its unit over to this waiter without counting it as free.
  co_return Permit(*this);
}

void Semaphore::release() {
  if (!waiters_.wake_one()) ++free_;
}

}  // namespace latium
