// DiskReserve: a file that holds disk space to be given up when the disk is full, so that deletes have room to be written.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace latium::internal {

/// One thread at a time.
class DiskReserve {
 public:
  /// `bytes` = 0: no reserve, every call succeeds. `headroom_bytes`: what must be free beside the file before it is made.
  DiskReserve(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& directory, std::uint64_t bytes,
              std::uint64_t headroom_bytes);

  /// Makes the file when it is not there in full. `io_error` when there is no room for it and the headroom, and then nothing
  /// is left behind.
  Result<void> fill();
  /// Deletes the file.
  void release();

 private:
  Result<void> write_file();

  std::shared_ptr<rocksdb::FileSystem> file_system_;
  std::string directory_;
  std::string path_;
  std::uint64_t bytes_;
  std::uint64_t headroom_bytes_;
};

}  // namespace latium::internal
