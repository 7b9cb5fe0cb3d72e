// FaultFileSystem: the operating system's files, with the faults of a disk and of a machine that loses power.
#pragma once

#include <rocksdb/file_system.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/random.h"

namespace latium::testing {

enum class FileOperation : std::uint8_t { append, sync, create, rename, remove, read };
inline constexpr std::size_t kFileOperationCount = 6;

enum class FileFault : std::uint8_t { io_error, no_space, crash };

/// Knows, of each file written through it, how much would survive a power cut: what was synced, if the directory was synced
/// after the file's creation. Any thread.
class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem();

  const char* Name() const override { return "latium.fault_file_system"; }

  /// The `nth` operation (from 1, counted from now) fails and has no effect; with `sticky`, so do all of that kind after it.
  /// A crash: the machine loses power, as by crash().
  void fail_nth(FileOperation operation, std::uint64_t nth, FileFault fault, bool sticky = false);
  /// No scheduled fault is left; a crash stays.
  void heal();
  /// Operations so far.
  std::uint64_t count(FileOperation operation) const;

  /// Bytes that all files together may have: appends beyond fail with no_space, and the free space is what is left.
  void set_capacity(std::uint64_t bytes);
  std::uint64_t used_bytes() const;
  /// What is said to be free, whatever is; nothing = the truth.
  void set_reported_free(std::optional<std::uint64_t> bytes);

  /// The machine loses power now: every operation from then on fails; after end_process_at_crash() none returns.
  void crash();
  /// A crash calls `end`, once, which must end the process. Whoever touches a file meanwhile stops there, as the threads of a
  /// machine without power do: RocksDB asserts that files which failed are not used again, and its threads race to use them.
  void end_process_at_crash(std::function<void()> end);
  bool crashed() const;
  /// The machine starts again: of what was not synced, a random part is gone. Everything opened before must be closed.
  void restart(Random& random);
  /// The machine went on when its process ended: everything written is there. Everything opened before must be closed.
  void start();

  /// What is known of the files and whether there is power, as text: for another process.
  std::string save() const;
  void load(const std::string& saved);

 private:
  struct FileState {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
    bool name_synced = false;
  };
  struct Fault {
    std::uint64_t at;
    FileFault kind;
    bool sticky;
  };
  class File;
  class ReadFile;
  class SequentialFile;
  class Directory;
  friend class File;
  friend class ReadFile;
  friend class SequentialFile;
  friend class Directory;

  rocksdb::IOStatus admit(FileOperation operation);
  rocksdb::IOStatus lose_power(std::unique_lock<std::mutex> lock);
  rocksdb::IOStatus reserve(FileState& file, std::uint64_t bytes);
  void mark_synced(FileState& file);
  void mark_names_synced(const std::string& directory);

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, uint64_t* free,
                                 rocksdb::IODebugContext* debug) override;

  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FileState>> files_;
  std::array<std::uint64_t, kFileOperationCount> counts_{};
  std::array<std::optional<Fault>, kFileOperationCount> faults_{};
  std::uint64_t capacity_ = std::numeric_limits<std::uint64_t>::max();
  std::optional<std::uint64_t> reported_free_;
  bool crashed_ = false;
  std::function<void()> end_process_;
};

}  // namespace latium::testing
