// The real blocking pool: a few threads and a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/blocking_pool.h"

namespace latium {

class ThreadPool final : public BlockingPool {
 public:
  ThreadPool(std::size_t threads, std::size_t queue_limit);
  ~ThreadPool() override { stop(); }

  Result<void> submit(std::move_only_function<void()> work) override;
  /// Refuses new work, runs what is queued, joins the threads. Idempotent; not from a pool thread.
  void stop();

 private:
  void run();

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace latium
