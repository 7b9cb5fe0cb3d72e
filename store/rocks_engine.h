// The engine of real nodes: RocksDB behind the seam of store/engine.h. No header of RocksDB is needed to use it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/events.h"
#include "store/engine.h"

namespace rocksdb {
class FileSystem;
}

namespace latium {

/// Runs a closure on the loop. Called from the commit thread, and from callers of submit() whose batch is refused.
using CompletionExecutor = std::function<void(std::move_only_function<void()>)>;

struct RocksOptions {
  /// Where the data lives; created when absent (its parent must exist). One engine at a time.
  std::string directory;

  /// Bytes of uncompressed blocks, indexes and filters kept in memory, and in a quarter of it values of keys that were read or
  /// written lately. 64 MiB: holds the hot part of some million small keys, and leaves an embedding process its memory. Must be
  /// at least 1 MiB.
  std::size_t block_cache_bytes = std::size_t{64} << 20;

  /// Bytes of writes that are collected in memory before they become a table. 16 MiB: at most three such buffers exist, and
  /// replaying one at the start takes tenths of a second. Must be at least 64 KiB.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;

  /// Open table files at most; above it the least used are closed. 512 leaves sockets their share of the usual limit of
  /// 1,024 descriptors; with files of 32 MiB that is 16 GiB of tables kept open.
  int max_open_files = 512;

  /// Size of a file that is given up when the disk is full, so that deletes can still be written; 0 = none. 16 MiB: what
  /// writing out one write buffer needs.
  std::size_t reserve_bytes = std::size_t{16} << 20;

  /// Batches and bytes that may wait for the commit thread; above either, submit() answers `overloaded`. A single batch
  /// above the limit in bytes is taken when nothing else waits. 64 Ki batches and 64 MiB: a second of writes.
  std::size_t queue_batches = 65'536;
  std::size_t queue_bytes = std::size_t{64} << 20;

  /// Bytes written as one group at most. 4 MiB: a sync of that size takes about as long as the sync itself does.
  std::size_t group_bytes = std::size_t{4} << 20;

  /// How often a read-only engine looks whether it can write again. A second: not felt by people, no load.
  std::chrono::milliseconds recovery_interval{1000};

  /// Runs the answers to submit(), all those of a commit group in one closure. Required.
  CompletionExecutor completion_executor;

  /// Whether a value of Family::data is over, and may go when a compaction comes by; null: none is. Called from RocksDB's threads
  /// until the engine is closed. A single read may find one for a while all the same. Compactions come by a week after a table
  /// was written at the latest: with this, all of the family is written anew once a week.
  std::function<bool(BytesView key, BytesView value)> is_over;

  /// Where what happens is reported: disk full, recovered, corrupted. Borrowed, outlives the engine; null = nowhere.
  EventSink* events = nullptr;

  /// The file system below RocksDB; null = the operating system's. Tests put one here that fails.
  std::shared_ptr<rocksdb::FileSystem> file_system;
};

/// Opens `options.directory`, creating it when absent; replays the log. Takes tenths of a second whatever the amount of data.
/// Blocks. Errors: `invalid_argument` (options; the directory is a file), `io_error`, `data_dir_locked` (in use by another
/// process or by this one), `incompatible_format` (written by newer software), `corruption` (never opened by guessing).
/// The destructor closes the engine.
Result<std::unique_ptr<Engine>> open_rocks_engine(RocksOptions options);

}  // namespace latium
