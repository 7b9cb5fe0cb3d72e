// SimulatedDisk: what the memory engine's process and machine leave behind. A table (written by compaction, always durable)
// and a log of checksummed records of which a prefix is synced; faults that tests and the simulator switch on.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/clock.h"
#include "store/write_batch.h"

namespace latium {

/// How the disk misbehaves, each draw from the engine's generator. Change it at any time.
struct DiskFaults {
  double read_error_rate = 0;  ///< reads that may block and fail with `io_error`
  double sync_error_rate = 0;  ///< syncs that fail; the engine is read_only until it is opened again
  double slow_sync_rate = 0;   ///< syncs that take slow_sync_max at most instead of their usual time
  Duration slow_sync_max = std::chrono::seconds(2);
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// Outlives every engine that opens it; one at a time. Any thread.
class SimulatedDisk {
 public:
  DiskFaults faults() const;
  void set_faults(DiskFaults faults);

  /// The machine loses power: of the records that are not synced a random prefix stays, possibly followed by a part of the
  /// next one (cut short, or with a hole of zeros at its end). The engine on it is dead: abandon() it first.
  void crash(Random& random);

  /// The value of this key fails its checksum from now on: reads of it are `corruption` until it is written again.
  void rot_key(Family family, BytesView key);
  /// Flips one bit of the log's or table's stored bytes, but of no last record (a torn one looks the same). The next open is
  /// `corruption`. False when there is nothing to rot.
  bool rot_stored(Random& random);

  /// An empty disk.
  void wipe();

  std::uint64_t used_bytes() const;
  /// Records that recovery has cut off since the disk is in use.
  std::uint64_t torn_records() const;
  std::uint64_t unsynced_records() const;

  /// The copy that Engine::checkpoint made under this name; null when there is none.
  std::shared_ptr<SimulatedDisk> directory(const std::string& name) const;

 private:
  friend class MemoryEngine;

  // Checksummed records, one after the other. Format: u32 length, u32 crc32c of the payload, u32 crc32c of those 8 bytes,
  // payload.
  struct File {
    Bytes bytes;
    std::vector<std::size_t> ends;  // of each whole record
    std::size_t synced = 0;         // records
    void append(BytesView payload);
    std::size_t end_of(std::size_t records) const { return records == 0 ? 0 : ends[records - 1]; }
  };

  static constexpr std::size_t kHeaderBytes = 12;

  mutable std::mutex mutex_;
  DiskFaults faults_;
  File table_;
  File log_;
  std::set<std::pair<Family, Bytes>> rotten_;
  std::uint64_t torn_records_ = 0;
  std::map<std::string, std::shared_ptr<SimulatedDisk>> directories_;
};

}  // namespace latium
