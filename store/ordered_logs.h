// OrderedLogs: the file system under RocksDB, with one rule more: a log file begins only when the one before it is durable.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

namespace latium::internal {

/// RocksDB syncs a log that it has left with the next synced write or flush, and meanwhile writes on in the next one. A power
/// cut could then keep a buffered write and lose an earlier one. Here the old log's end and its name are synced before the next
/// log is made: a write buffer's worth of buffered writes costs one sync, logs that are synced already cost nothing.
/// If that sync fails, so does making the new log. Any thread.
std::shared_ptr<rocksdb::FileSystem> with_ordered_logs(std::shared_ptr<rocksdb::FileSystem> target);

}  // namespace latium::internal
