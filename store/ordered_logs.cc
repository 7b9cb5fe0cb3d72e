#include "store/ordered_logs.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace latium::internal {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class Log;

/// The log that is written to. Outlives the file system where a log does.
struct NewestLog {
  std::mutex mutex;  // held while it is synced for its successor: it must not be closed meanwhile
  Log* log = nullptr;
};

class Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Log(std::unique_ptr<rocksdb::FSWritableFile> target, std::shared_ptr<NewestLog> newest)
      : FSWritableFileOwnerWrapper(std::move(target)), newest_(std::move(newest)) {
    std::scoped_lock lock(newest_->mutex);
    newest_->log = this;
  }
  ~Log() override { leave(); }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    ++appends_;
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    ++appends_;
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    leave();
    return FSWritableFileOwnerWrapper::Close(options, debug);
  }

  bool durable() const { return synced_ == appends_; }

 private:
  template <class Sync>
  IOStatus synced(Sync sync) {
    const std::uint64_t appends = appends_;  // one that comes while the sync runs may have missed it
    IOStatus status = sync();
    if (status.ok()) synced_ = appends;
    return status;
  }
  void leave() {
    std::scoped_lock lock(newest_->mutex);
    if (newest_->log == this) newest_->log = nullptr;
  }

  const std::shared_ptr<NewestLog> newest_;
  std::atomic<std::uint64_t> appends_{0};
  std::atomic<std::uint64_t> synced_{0};
};

class OrderedLogs final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "latium.ordered_logs"; }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) override {
    if (!path.ends_with(".log")) return FileSystemWrapper::NewWritableFile(path, options, result, debug);
    IOStatus status = make_newest_durable(path, options.io_options, debug);
    std::unique_ptr<rocksdb::FSWritableFile> file;
    if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, &file, debug);
    if (status.ok()) *result = std::make_unique<Log>(std::move(file), newest_);
    return status;
  }

 private:
  IOStatus make_newest_durable(const std::string& next, const IOOptions& options, IODebugContext* debug) {
    std::scoped_lock lock(newest_->mutex);
    if (newest_->log == nullptr || newest_->log->durable()) return IOStatus::OK();
    IOStatus status = newest_->log->Sync(options, debug);
    std::unique_ptr<rocksdb::FSDirectory> directory;
    if (status.ok()) status = NewDirectory(next.substr(0, next.rfind('/')), options, &directory, debug);
    if (status.ok()) status = directory->FsyncWithDirOptions(options, debug, rocksdb::DirFsyncOptions());
    return status;
  }

  const std::shared_ptr<NewestLog> newest_ = std::make_shared<NewestLog>();
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> with_ordered_logs(std::shared_ptr<rocksdb::FileSystem> target) {
  return std::make_shared<OrderedLogs>(std::move(target));
}

}  // namespace latium::internal
