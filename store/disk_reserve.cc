#include "store/disk_reserve.h"

#include <algorithm>
#include <utility>

#include "store/rocks_internal.h"

namespace latium::internal {
namespace {

const rocksdb::IOOptions kNoOptions;

}  // namespace

DiskReserve::DiskReserve(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& directory, std::uint64_t bytes,
                         std::uint64_t headroom_bytes)
    : file_system_(std::move(file_system)),
      directory_(directory),
      path_(directory + "/latium.reserve"),
      bytes_(bytes),
      headroom_bytes_(headroom_bytes) {}

Result<void> DiskReserve::fill() {
  std::uint64_t size = 0;
  const bool exists = bytes_ != 0 && file_system_->GetFileSize(path_, kNoOptions, &size, nullptr).ok();
  const std::uint64_t missing = exists && size >= bytes_ ? 0 : bytes_;
  std::uint64_t free = 0;
  // A file system that cannot tell is asked by trying.
  if (file_system_->GetFreeSpace(directory_, kNoOptions, &free, nullptr).ok() && free < missing + headroom_bytes_) {
    return fail(ErrorCode::io_error, "only " + std::to_string(free) + " bytes are free in " + directory_);
  }
  if (missing == 0) return {};
  Result<void> written = write_file();
  if (!written) release();
  return written;
}

Result<void> DiskReserve::write_file() {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = file_system_->NewWritableFile(path_, rocksdb::FileOptions(), &file, nullptr);
  // Written and not just allocated: not every file system can allocate, and some give allocated space away in a snapshot.
  const std::string zeros(std::min<std::uint64_t>(bytes_, std::uint64_t{1} << 20), '\0');
  for (std::uint64_t left = bytes_; status.ok() && left > 0;) {
    const std::uint64_t step = std::min<std::uint64_t>(left, zeros.size());
    status = file->Append(rocksdb::Slice(zeros.data(), step), kNoOptions, nullptr);
    left -= step;
  }
  // Sync, because a file system may find out only then that there is no room.
  if (status.ok()) status = file->Sync(kNoOptions, nullptr);
  if (status.ok()) status = file->Close(kNoOptions, nullptr);
  if (!status.ok()) return fail(to_error(status, "writing " + path_));
  return {};
}

void DiskReserve::release() {
  // Not there, or not deletable: either way there is nothing more to gain from it.
  if (bytes_ != 0) file_system_->DeleteFile(path_, kNoOptions, nullptr).PermitUncheckedError();
}

}  // namespace latium::internal
