// RecentValues: the values of keys that were read or written lately, as the database has them. A look costs a tenth of RocksDB's
// own, which goes through its write buffers and, for each table that may have the key, through filter, index and block.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "store/write_batch.h"

namespace latium::internal {

/// Of the families that is_kept() names. Any thread. It never tells what the database would not tell at some moment of the call:
/// a key that is being written is unknown here from before the write until after it, and a reader brings what it read only if
/// nothing was written since it began. Writers of one key that overlap leave nothing behind, for which of them the database took
/// last is not known.
class RecentValues {
 public:
  /// `capacity_bytes`: keys, values and what they cost here; what is being written comes on top.
  explicit RecentValues(std::size_t capacity_bytes);
  ~RecentValues();
  RecentValues(const RecentValues&) = delete;
  RecentValues& operator=(const RecentValues&) = delete;

  /// Those whose keys are read one by one, and whose values are never empty.
  static bool is_kept(Family family) { return family == Family::data || family == Family::registers; }

  /// What to give to note_read() with the value that the database has, if it has one.
  struct Ticket {
    std::uint64_t hash = 0;
    std::uint64_t writes = 0;
  };
  /// True: `value` is set. False: ask the database.
  bool find(Family family, BytesView key, Bytes& value, Ticket& ticket);
  void note_read(Family family, BytesView key, BytesView value, const Ticket& ticket);

  /// Before the batch is given to the database, and after: what it did with it. Each batch once and then once.
  void begin_write(const WriteBatch& batch);
  void end_write(const WriteBatch& batch, bool written);

  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Name {
    Family family;
    BytesView key;
  };
  struct Entry;
  class Shard;
  // Two processors do not fight over more.
  static constexpr std::size_t kShards = 16;

  Shard& shard_of(std::uint64_t hash) const;

  std::atomic<std::size_t> bytes_{0};
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace latium::internal
