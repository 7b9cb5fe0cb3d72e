// MemoryEngine: an Engine over a SimulatedDisk, with exact crash semantics. For the simulator (it lives in virtual time on a
// Runtime) and for unit tests (without one, submitted batches are written at once).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "runtime/runtime.h"
#include "store/engine.h"
#include "store/memory_table.h"
#include "store/simulated_disk.h"

namespace latium {

/// Any thread, as the interface says; with a Runtime: loop thread only. Locks the disk's mutex.
class MemoryEngine final : public Engine {
 public:
  struct Options {
    /// Virtual time: groups form, syncs take time, completions are timers. Outlives the engine.
    Runtime* runtime = nullptr;
    /// Runs completions when there is no runtime; required then. Must not run them inline.
    std::function<void(std::move_only_function<void()>)> completion;
    std::uint64_t seed = 1;
    double not_cached_rate = 0;  ///< cached_only reads of Family::data that answer not_cached for no reason
    Duration group_delay_max = std::chrono::microseconds(50);  ///< until the commit thread wakes
    Duration sync_min = std::chrono::microseconds(100);
    Duration sync_max = std::chrono::milliseconds(2);
    std::size_t queue_limit = 4096;             ///< batches that may wait
    std::size_t group_bytes_max = 1u << 20;     ///< of one group
    std::size_t compact_at_bytes = 256u << 10;  ///< log size from which compaction may run
    /// Sees each batch once it is in the log. Called with the disk locked: it must not touch the engine.
    std::function<void(const WriteBatch&)> appended{};
  };

  /// Recovers what `disk` holds; cuts off a torn last record. `corruption` when another record fails its checksum.
  static Result<std::unique_ptr<MemoryEngine>> open(SimulatedDisk& disk, Options options);
  /// Without close() or abandon(): as if the process had been killed here; what is not synced stays in the "operating system".
  ~MemoryEngine() override;

  Result<ReadResult> get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot) override;
  std::vector<Result<ReadResult>> multi_get(Family family, std::span<const Bytes> keys, const Snapshot* snapshot) override;
  Result<std::unique_ptr<Cursor>> scan(Family family, KeyRange range, const Snapshot* snapshot) override;
  std::shared_ptr<const Snapshot> snapshot() override;
  Result<void> write(WriteBatch batch, Durability durability) override;
  void submit(WriteBatch batch, Durability durability, WriteDone done) override;
  Result<void> checkpoint(const std::string& directory) override;
  EngineHealth health() override;
  EngineStatistics statistics() override;
  Result<void> close() override;

  /// The process dies: the disk is not touched again, everything in flight and everything later is `cancelled`.
  void abandon();

 private:
  class PinnedSnapshot;
  class TableCursor;

  struct Pending {
    WriteBatch batch;
    Durability durability;
    WriteDone done;
  };
  // Batches that are in the log together and wait for one sync.
  struct Group {
    Group() : sync(false) {}
    std::vector<Pending> members;
    bool sync;
    std::optional<Result<void>> outcome;  // set when it was finished ahead of its time
  };
  enum class State { open, closed, abandoned };

  MemoryEngine(SimulatedDisk& disk, Options options);

  // All with the lock held.
  Result<void> recover();
  Result<void> recover_file(SimulatedDisk::File& file, bool may_be_torn);
  Result<void> usable() const;
  Result<ReadResult> read(Family family, BytesView key, ReadMode mode, MemoryTable::Sequence at);
  Result<void> append(const WriteBatch& batch, bool may_compact);
  Result<void> sync_log();
  void apply(const WriteBatch& batch);
  void compact();
  Result<void> fits(const WriteBatch& batch, std::size_t record_bytes, bool may_compact);
  void arm(Duration delay, void (MemoryEngine::*step)());
  void begin_group();
  Result<void> finish_group(Group& group);
  void complete_group();
  void take_group();
  void complete(WriteDone done, Result<void> result);

  // Timer callbacks: take the lock.
  void on_begin();
  void on_sync();

  SimulatedDisk& disk_;
  Options options_;
  Random random_;
  MemoryTable table_;
  State state_ = State::open;
  Result<void> close_result_;
  bool sync_failed_ = false;
  bool full_ = false;
  std::deque<Pending> waiting_;
  std::optional<Group> group_;
  TimerId timer_;
  EngineStatistics statistics_;
};

}  // namespace latium
