// InterruptibleCalls: tasks on a node's loop that another thread waits for, until a third one says not to.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <utility>

#include "node/node_impl.h"

namespace latium {

/// One call at a time.
class InterruptibleCalls {
 public:
  explicit InterruptibleCalls(std::shared_ptr<Node::Impl> node) : node_(std::move(node)) {}

  /// As Node::Impl::run(). Interrupted, it ends at once with `cancelled`, while the task goes on by itself, to its own deadline
  /// at the latest: it refers to nothing of the caller's. `begun`: whether it had begun; what came of it nobody knows then.
  template <class T>
  Result<T> run(Task<T> task, bool* begun = nullptr) {
    if (node_->loop.on_loop())
      return fail(ErrorCode::invalid_argument, "a blocking call from a node's own callback: use the form with a callback");
    const auto call = std::make_shared<Call<T>>();
    auto outcome = call->promise.get_future();
    waiting_.store(call);
    const bool begins = !interrupted_.load();
    if (begins) {
      node_->run_async<T>(std::move(task), [call](Result<T> result) { call->end(std::move(result)); });
    } else {
      call->give_up();
    }
    Result<T> result = outcome.get();
    waiting_.store(nullptr);
    if (begun != nullptr) *begun = begins;
    return result;
  }

  /// Any thread. The call that waits, and all others until resume(). A stopped node's calls end as `unavailable`, so `cancelled`
  /// is this.
  void interrupt() {
    interrupted_.store(true);
    if (const auto call = waiting_.load()) call->give_up();
  }
  void resume() { interrupted_.store(false); }

 private:
  struct Waiting {
    virtual ~Waiting() = default;
    virtual void give_up() = 0;
  };
  template <class T>
  struct Call final : Waiting {
    void end(Result<T> result) {
      if (!ended.exchange(true)) promise.set_value(std::move(result));
    }
    void give_up() override { end(fail(ErrorCode::cancelled, "interrupted")); }

    std::atomic<bool> ended = false;
    std::promise<Result<T>> promise;
  };

  const std::shared_ptr<Node::Impl> node_;
  std::atomic<bool> interrupted_ = false;
  std::atomic<std::shared_ptr<Waiting>> waiting_;
};

}  // namespace latium
