// Gate: lets calls through until it is closed, and closing waits for those inside. What makes close() safe against calls of
// other threads without a lock on every read.
#pragma once

#include <sched.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace latium::internal {

/// Any thread. An entry costs two atomic additions on a cache line that the processor mostly has for itself.
class Gate {
 public:
  /// Held during one call; false when the gate is closed.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate), shard_(gate.enter()) {}
    ~Pass() {
      if (shard_ != nullptr) gate_->leave(*shard_);
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    explicit operator bool() const { return shard_ != nullptr; }

   private:
    Gate* gate_;
    std::atomic<std::uint32_t>* shard_;
  };

  /// Returns once every pass that was given out is back. Idempotent.
  void close() {
    closed_.store(true);
    for (Shard& shard : shards_) {
      for (std::uint32_t inside = shard.count.load(); inside != 0; inside = shard.count.load()) shard.count.wait(inside);
    }
  }

  bool closed() const { return closed_.load(); }

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint32_t> count{0};
  };

  // Both sides are sequentially consistent: either the caller sees the gate closed, or close() sees the caller inside.
  std::atomic<std::uint32_t>* enter() {
    std::atomic<std::uint32_t>& count = shards_[static_cast<std::size_t>(sched_getcpu()) % shards_.size()].count;
    count.fetch_add(1);
    if (!closed_.load()) [[likely]]
      return &count;
    leave(count);
    return nullptr;
  }
  void leave(std::atomic<std::uint32_t>& count) {
    count.fetch_sub(1);
    if (closed_.load()) [[unlikely]]
      count.notify_all();
  }

  std::array<Shard, 8> shards_;
  std::atomic<bool> closed_{false};
};

}  // namespace latium::internal
