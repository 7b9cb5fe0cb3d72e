// CommitThread: writes all batches that wait as one, with one sync, and answers them together.
#pragma once

#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "store/rocks_engine.h"
#include "store/rocks_writer.h"

namespace latium::internal {

class CommitThread {
 public:
  /// Starts the thread. `writer` outlives it.
  CommitThread(const RocksOptions& options, RocksWriter& writer);
  ~CommitThread() { stop(); }
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  /// Any thread, never blocks. Batches apply in the order of their submission.
  void submit(WriteBatch batch, Durability durability, WriteDone done);
  /// submit() with a sync, on a thread that may block until the answer. Nothing, with the batch untouched, when there is no
  /// room in the queue: the caller then writes by itself.
  std::optional<Result<void>> write_synced(WriteBatch& batch);
  /// Any thread: have the thread look at the writer's health.
  void wake();
  /// Writes what waits, then ends the thread; refuses what comes later. Idempotent.
  void stop();

  std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }
  std::uint64_t batches() const { return batches_.load(std::memory_order_relaxed); }

 private:
  struct Waiting {
    WriteBatch batch;
    Durability durability;
    WriteDone done;
    bool in_place = false;  ///< a blocked thread: `done` wakes it, here and not through the completion executor
  };
  using Answers = std::vector<std::pair<WriteDone, Result<void>>>;

  void run();
  /// Waits for work; false when stopping and nothing is left. What is taken goes to `work`.
  bool take(std::vector<Waiting>& work);
  /// Writes the group that starts at `first`; returns where the next one starts.
  std::size_t commit_group(std::vector<Waiting>& work, std::size_t first);
  bool has_room(std::size_t bytes) const;
  void answer(Answers answers);
  void refuse(WriteDone done, ErrorCode code, std::string message);

  const RocksOptions options_;
  RocksWriter& writer_;
  std::atomic<std::uint64_t> groups_{0};
  std::atomic<std::uint64_t> batches_{0};

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Waiting> queue_;
  std::size_t waiting_batches_ = 0;  // in the queue, and taken but not yet answered
  std::size_t waiting_bytes_ = 0;
  bool look_at_health_ = false;
  bool stopping_ = false;

  std::mutex stop_mutex_;                // one stop() at a time
  std::uint32_t rounds_since_look_ = 0;  // commit thread
  rocksdb::WriteBatch group_;            // commit thread; kept for its memory
  std::thread thread_;                   // last: everything above is ready when it starts
};

}  // namespace latium::internal
