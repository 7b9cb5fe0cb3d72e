// ClusterMap: the topology that this node goes by, on disk before it is in use.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>

#include "ring/ring.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "store/engine.h"

namespace latium {

/// Any thread for ring() and epoch(); the loop thread for the rest.
class ClusterMap {
 public:
  /// Loads what the engine holds; epoch 0 and an empty ring when there is nothing yet. Blocks.
  static Result<std::unique_ptr<ClusterMap>> open(Runtime& runtime, Engine& engine);

  /// The map in use; never null.
  std::shared_ptr<const Ring> ring() const;
  Epoch epoch() const { return Epoch{epoch_.load(std::memory_order_acquire)}; }

  /// Takes over a newer map: on disk, and in use, when it returns true. False: it is not newer. `wrong_cluster`: of another one.
  Task<bool> adopt(Topology topology);

  /// Puts a first map into a batch that the caller writes, and takes it into use. Before the loop runs.
  void begin(Topology topology, WriteBatch& batch);

 private:
  ClusterMap(Runtime& runtime, Engine& engine) : runtime_(runtime), engine_(engine) {}
  void install(Topology topology);

  Runtime& runtime_;
  Engine& engine_;
  Semaphore one_{1, 4096};  // adoptions go one by one
  mutable std::shared_mutex lock_;
  std::shared_ptr<const Ring> ring_ = Ring::build(Topology());
  std::atomic<std::uint64_t> epoch_ = 0;  // of the ring
};

}  // namespace latium
