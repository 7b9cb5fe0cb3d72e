// Suspension: the one place where a coroutine sleeps until something wakes it. Every awaitable primitive is built on it.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/task.h"

namespace latium {

enum class Wake { signalled, cancelled };

/// One-shot. Loop thread only. Whoever may wake it must not outlive it: it lives in the frame of the waiting coroutine and
/// its owner unlinks it before that frame ends.
class Suspension {
 private:
  auto sleep(bool cancellable) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(Wake)>(
        [this, cancellable](auto handler) {
          LATIUM_CHECK(!resume_, "one waiter a suspension");
          const auto executor = boost::asio::get_associated_executor(handler);
          auto slot = boost::asio::get_associated_cancellation_slot(handler);
          if (cancellable && slot.is_connected()) {
            slot.assign([this](boost::asio::cancellation_type) { finish(Wake::cancelled); });
          }
          resume_ = [executor, slot, handler = std::move(handler)](Wake wake) mutable {
            boost::asio::post(executor, [slot, handler = std::move(handler), wake]() mutable {
              // Here and not earlier: finish() may be running inside the slot's own handler.
              if (slot.is_connected()) slot.clear();
              std::move(handler)(wake);
            });
          };
        },
        boost::asio::use_awaitable_t<Executor>());
  }

 public:
  Suspension() = default;
  Suspension(const Suspension&) = delete;
  Suspension& operator=(const Suspension&) = delete;

  /// Sleeps until wake() or a cancel of the coroutine; at once if either has happened already.
  Awaitable<Wake> wait() {
    if (outcome_) co_return *outcome_;
    const auto cancel = co_await boost::asio::this_coro::cancellation_state;
    if (cancel.cancelled() != boost::asio::cancellation_type::none) co_return Wake::cancelled;
    co_return co_await sleep(true);
  }

  /// Sleeps until wake(), deaf to cancels: only for joining what has been told to end.
  Awaitable<Wake> wait_shielded() {
    if (outcome_) co_return *outcome_;
    co_return co_await sleep(false);
  }

  /// The first call decides; later ones do nothing. The waiter resumes through a post, never inline.
  void wake() { finish(Wake::signalled); }

  bool woken() const { return outcome_.has_value(); }

 private:
  void finish(Wake wake) {
    if (outcome_) return;
    outcome_ = wake;
    if (resume_) std::exchange(resume_, nullptr)(wake);
  }

  std::optional<Wake> outcome_;
  std::move_only_function<void(Wake)> resume_;
};

/// What a primitive returns when its wait was cancelled.
inline std::unexpected<Error> cancelled_error() {
  return fail(ErrorCode::cancelled, "cancelled by its owner");
}

/// True once the running coroutine has been cancelled.
inline Awaitable<bool> is_cancelled() {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

/// Lets everything else that is ready run first. Long loops call it every N items.
inline Awaitable<void> yield_now() {
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable_t<Executor>());
}

}  // namespace latium
