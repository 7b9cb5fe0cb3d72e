// Engine: the seam to one node's durable state. Ordered byte keys in a few families, atomic batches, snapshots.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "store/write_batch.h"

namespace latium {

/// How long an engine may take over a read.
enum class ReadMode : std::uint8_t {
  cached_only,  ///< from memory, or not at all (Presence::not_cached); never blocks: what the loop uses first
  may_block,    ///< reads the disk if it must: the blocking pool, or a caller's own thread
};

enum class Presence : std::uint8_t { found, absent, not_cached };

/// What a read of one key found. `value` is set only when found.
struct ReadResult {
  Presence presence = Presence::absent;
  Bytes value;
};

/// Half-open key range [begin, end); an empty end means no upper bound.
struct KeyRange {
  Bytes begin;
  Bytes end;

  static KeyRange prefix(BytesView prefix) { return {Bytes(prefix), prefix_end(prefix)}; }
};

/// A consistent view of the whole engine at one moment. Released when it dies, before the engine does.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

/// Walks a range in key order. One thread at a time; sees one moment. The engine outlives it.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// False at the end and after an error: look at status() then.
  virtual bool valid() const = 0;
  virtual void next() = 0;
  /// Views that live until next(). Precondition: valid().
  virtual BytesView key() const = 0;
  virtual BytesView value() const = 0;
  /// `corruption` or `io_error` when the walk stopped short.
  virtual Result<void> status() const = 0;
};

/// Whether the engine takes writes.
struct EngineHealth {
  enum class State : std::uint8_t { writable, read_only };
  State state = State::writable;
  std::string reason;  ///< for people; empty when writable
};

struct EngineStatistics {
  std::uint64_t keys_estimate = 0;  ///< live keys in Family::data; an estimate
  std::uint64_t disk_bytes = 0;     ///< files on disk
  std::uint64_t memory_bytes = 0;   ///< write buffers + table readers, without the block cache
  std::uint64_t block_cache_bytes = 0;
  std::uint64_t commit_groups = 0;      ///< groups written by the commit thread
  std::uint64_t commit_batches = 0;     ///< batches in those groups: batches / groups = how well grouping works
  std::uint64_t syncs = 0;              ///< log syncs asked for
  std::uint64_t written_bytes = 0;      ///< batch bytes accepted
  std::uint64_t read_cache_misses = 0;  ///< cached_only reads that answered not_cached
};

/// Called once with the outcome of a submitted batch.
using WriteDone = std::move_only_function<void(Result<void>)>;

/// Any thread may call anything, except where a method says otherwise. Errors: `io_error`, `corruption` (names file and
/// key), `read_only` (disk full or failed: nothing was applied), `cancelled` (closing). A failed write whose batch may
/// nevertheless be in the log has certainty `unknown`; everything else is `not_applied`.
class Engine {
 public:
  virtual ~Engine() = default;

  /// One key, as of `snapshot` or now.
  virtual Result<ReadResult> get(Family family, BytesView key, ReadMode mode, const Snapshot* snapshot = nullptr) = 0;

  /// Many keys of one family at one moment; results in the order of `keys`. May block.
  virtual std::vector<Result<ReadResult>> multi_get(Family family, std::span<const Bytes> keys,
                                                    const Snapshot* snapshot = nullptr) = 0;

  /// May block, as the cursor's steps may.
  virtual Result<std::unique_ptr<Cursor>> scan(Family family, KeyRange range, const Snapshot* snapshot = nullptr) = 0;

  virtual std::shared_ptr<const Snapshot> snapshot() = 0;

  /// Applies the batch atomically on the calling thread, which may block. With Durability::sync it is on disk when this
  /// returns; the log sync is shared with everything else that waits for one.
  virtual Result<void> write(WriteBatch batch, Durability durability) = 0;

  /// The same without blocking, for the loop: queues the batch for the commit thread, which writes everything that waits as
  /// one batch with one sync. Batches of one caller apply in the order submitted. `done` runs through the completion
  /// executor that the engine was opened with, never inline. A full queue: done(overloaded).
  virtual void submit(WriteBatch batch, Durability durability, WriteDone done) = 0;

  /// A consistent copy of everything synced and unsynced, in a directory that must not exist; opens like any other. Blocks.
  virtual Result<void> checkpoint(const std::string& directory) = 0;

  virtual EngineHealth health() = 0;
  virtual EngineStatistics statistics() = 0;

  /// Finishes what is queued, syncs, and refuses the rest. Idempotent. Snapshots and cursors must be gone. Blocks.
  virtual Result<void> close() = 0;
};

}  // namespace latium
