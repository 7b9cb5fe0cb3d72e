#include "tests/support/fault_file_system.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "base/check.h"

namespace latium::testing {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class FaultFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(FaultFileSystem& system, std::shared_ptr<FileState> state, std::unique_ptr<rocksdb::FSWritableFile> target)
      : FSWritableFileOwnerWrapper(std::move(target)), system_(system), state_(std::move(state)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = system_.reserve(*state_, data.size());
    return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
  }
  // Space is counted by what is written: preallocated space would hide a full disk.
  IOStatus Allocate(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  template <class Sync>
  IOStatus synced(Sync sync) {
    IOStatus status = system_.admit(FileOperation::sync);
    if (!status.ok()) return status;
    status = sync();
    if (status.ok()) system_.mark_synced(*state_);
    return status;
  }

  FaultFileSystem& system_;
  std::shared_ptr<FileState> state_;
};

class FaultFileSystem::ReadFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ReadFile(FaultFileSystem& system, std::unique_ptr<rocksdb::FSRandomAccessFile> target)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), system_(system) {}

  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    const IOStatus status = system_.admit(FileOperation::read);
    return status.ok() ? FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, debug) : status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options, IODebugContext* debug) override {
    for (size_t i = 0; i < count; ++i) {
      rocksdb::FSReadRequest& request = requests[i];
      request.status = Read(request.offset, request.len, options, &request.result, request.scratch, debug);
    }
    return IOStatus::OK();
  }

 private:
  FaultFileSystem& system_;
};

class FaultFileSystem::SequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  SequentialFile(FaultFileSystem& system, std::unique_ptr<rocksdb::FSSequentialFile> target)
      : FSSequentialFileOwnerWrapper(std::move(target)), system_(system) {}

  IOStatus Read(size_t bytes, const IOOptions& options, Slice* result, char* scratch, IODebugContext* debug) override {
    const IOStatus status = system_.admit(FileOperation::read);
    return status.ok() ? FSSequentialFileOwnerWrapper::Read(bytes, options, result, scratch, debug) : status;
  }

 private:
  FaultFileSystem& system_;
};

class FaultFileSystem::Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultFileSystem& system, std::string path, std::unique_ptr<rocksdb::FSDirectory> target)
      : FSDirectoryWrapper(std::move(target)), system_(system), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return FsyncWithDirOptions(options, debug, rocksdb::DirFsyncOptions());
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& sync_options) override {
    IOStatus status = system_.admit(FileOperation::sync);
    if (status.ok()) status = FSDirectoryWrapper::FsyncWithDirOptions(options, debug, sync_options);
    if (status.ok()) system_.mark_names_synced(path_);
    return status;
  }

 private:
  FaultFileSystem& system_;
  std::string path_;
};

FaultFileSystem::FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void FaultFileSystem::fail_nth(FileOperation operation, std::uint64_t nth, FileFault fault, bool sticky) {
  std::scoped_lock lock(mutex_);
  const auto index = static_cast<std::size_t>(operation);
  faults_[index] = Fault{counts_[index] + nth, fault, sticky};
}

void FaultFileSystem::heal() {
  std::scoped_lock lock(mutex_);
  faults_ = {};
}

std::uint64_t FaultFileSystem::count(FileOperation operation) const {
  std::scoped_lock lock(mutex_);
  return counts_[static_cast<std::size_t>(operation)];
}

void FaultFileSystem::set_capacity(std::uint64_t bytes) {
  std::scoped_lock lock(mutex_);
  capacity_ = bytes;
}

std::uint64_t FaultFileSystem::used_bytes() const {
  std::scoped_lock lock(mutex_);
  std::uint64_t used = 0;
  for (const auto& [path, file] : files_) used += file->written;
  return used;
}

void FaultFileSystem::set_reported_free(std::optional<std::uint64_t> bytes) {
  std::scoped_lock lock(mutex_);
  reported_free_ = bytes;
}

void FaultFileSystem::crash() {
  std::unique_lock lock(mutex_);
  lose_power(std::move(lock));
}

void FaultFileSystem::end_process_at_crash(std::function<void()> end) {
  std::scoped_lock lock(mutex_);
  end_process_ = std::move(end);
}

bool FaultFileSystem::crashed() const {
  std::scoped_lock lock(mutex_);
  return crashed_;
}

void FaultFileSystem::restart(Random& random) {
  std::scoped_lock lock(mutex_);
  crashed_ = false;
  faults_ = {};
  for (auto it = files_.begin(); it != files_.end();) {
    FileState& file = *it->second;
    const bool name_lost = !file.name_synced && random.chance(0.5);
    // The process may have ended in the middle of removing or renaming one: after it was done and before it was noted.
    if (name_lost || !std::filesystem::exists(it->first)) {
      std::filesystem::remove(it->first);
      it = files_.erase(it);
      continue;
    }
    // An append that the end of the process cut short is in `written`, and not on the disk.
    const std::uint64_t written = std::min<std::uint64_t>(file.written, std::filesystem::file_size(it->first));
    const std::uint64_t kept = file.synced + random.below(written - file.synced + 1);
    std::filesystem::resize_file(it->first, kept);
    file = {kept, kept, true};
    ++it;
  }
}

void FaultFileSystem::start() {
  std::scoped_lock lock(mutex_);
  crashed_ = false;
  faults_ = {};
}

std::string FaultFileSystem::save() const {
  std::scoped_lock lock(mutex_);
  std::ostringstream out;
  out << crashed_ << '\n';
  for (const auto& [path, file] : files_) {
    out << file->written << ' ' << file->synced << ' ' << file->name_synced << ' ' << path << '\n';
  }
  return out.str();
}

void FaultFileSystem::load(const std::string& saved) {
  std::scoped_lock lock(mutex_);
  files_.clear();
  std::istringstream in(saved);
  in >> crashed_;
  FileState file;
  std::string path;
  while (in >> file.written >> file.synced >> file.name_synced && std::getline(in >> std::ws, path)) {
    files_[path] = std::make_shared<FileState>(file);
  }
}

IOStatus FaultFileSystem::admit(FileOperation operation) {
  std::unique_lock lock(mutex_);
  if (crashed_) return lose_power(std::move(lock));
  const auto index = static_cast<std::size_t>(operation);
  const std::uint64_t number = ++counts_[index];
  const std::optional<Fault>& fault = faults_[index];
  if (!fault || number < fault->at || (number > fault->at && !fault->sticky)) return IOStatus::OK();
  switch (fault->kind) {
    case FileFault::io_error:
      return IOStatus::IOError("injected failure");
    case FileFault::no_space:
      return IOStatus::NoSpace("injected: no space left on device");
    case FileFault::crash:
      return lose_power(std::move(lock));
  }
  return IOStatus::OK();
}

IOStatus FaultFileSystem::lose_power(std::unique_lock<std::mutex> lock) {
  const bool first = !std::exchange(crashed_, true);
  if (!end_process_) return IOStatus::IOError("the machine is off");
  lock.unlock();
  if (first) end_process_();
  for (;;) pause();
}

IOStatus FaultFileSystem::reserve(FileState& file, std::uint64_t bytes) {
  IOStatus status = admit(FileOperation::append);
  if (!status.ok()) return status;
  const std::uint64_t used = used_bytes();
  std::scoped_lock lock(mutex_);
  if (used + bytes > capacity_) return IOStatus::NoSpace("no space left on device");
  file.written += bytes;
  return status;
}

void FaultFileSystem::mark_synced(FileState& file) {
  std::scoped_lock lock(mutex_);
  file.synced = file.written;
}

void FaultFileSystem::mark_names_synced(const std::string& directory) {
  std::scoped_lock lock(mutex_);
  for (auto& [path, file] : files_) {
    if (std::filesystem::path(path).parent_path() == std::filesystem::path(directory)) file->name_synced = true;
  }
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus status = admit(FileOperation::create);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, &file, debug);
  if (!status.ok()) return status;
  auto state = std::make_shared<FileState>();
  std::scoped_lock lock(mutex_);
  files_[path] = state;
  *result = std::make_unique<File>(*this, std::move(state), std::move(file));
  return status;
}

IOStatus FaultFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  const IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, &file, debug);
  if (status.ok()) *result = std::make_unique<ReadFile>(*this, std::move(file));
  return status;
}

IOStatus FaultFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  const IOStatus status = FileSystemWrapper::NewSequentialFile(path, options, &file, debug);
  if (status.ok()) *result = std::make_unique<SequentialFile>(*this, std::move(file));
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  const IOStatus status = FileSystemWrapper::NewDirectory(path, options, &directory, debug);
  if (status.ok()) *result = std::make_unique<Directory>(*this, path, std::move(directory));
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* debug) {
  IOStatus status = admit(FileOperation::remove);
  if (status.ok()) status = FileSystemWrapper::DeleteFile(path, options, debug);
  if (!status.ok()) return status;
  std::scoped_lock lock(mutex_);
  files_.erase(path);
  return status;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                     IODebugContext* debug) {
  IOStatus status = admit(FileOperation::rename);
  if (status.ok()) status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  // Journals keep the order of what they hold, so a rename that survives takes earlier creations with it; here it survives.
  mark_names_synced(std::filesystem::path(to).parent_path());
  std::scoped_lock lock(mutex_);
  files_.erase(to);
  if (const auto file = files_.find(from); file != files_.end()) {
    files_[to] = file->second;
    files_.erase(file);
  }
  return status;
}

IOStatus FaultFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* free, IODebugContext* debug) {
  const std::uint64_t used = used_bytes();
  std::unique_lock lock(mutex_);
  if (reported_free_) {
    *free = *reported_free_;
    return IOStatus::OK();
  }
  if (capacity_ == std::numeric_limits<std::uint64_t>::max()) {
    lock.unlock();
    return FileSystemWrapper::GetFreeSpace(path, options, free, debug);
  }
  *free = capacity_ > used ? capacity_ - used : 0;
  return IOStatus::OK();
}

}  // namespace latium::testing
