#include "node/cli/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace latium::cli {

namespace {

std::unexpected<Error> failed(const char* what, const std::string& path, int error) {
  return fail(ErrorCode::io_error, std::string("cannot ") + what + " '" + path + "': " + std::strerror(error) +
                                       "; check the path, its permissions and the space on its disk");
}

// Makes a rename last. A directory that cannot be synced (some network file systems) is no reason to fail.
void sync_directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int directory = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

}  // namespace

Result<AtomicFile> AtomicFile::create(std::string path) {
  std::string partial = path + ".partial";
  const int file = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return failed("write", partial, errno);
  return AtomicFile(std::move(path), std::move(partial), file);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), partial_(std::move(other.partial_)), file_(std::exchange(other.file_, -1)) {}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(partial_.c_str());
}

Result<void> AtomicFile::write(BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", partial_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (::fsync(file_) != 0) return failed("write", partial_, errno);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed("write", path_, errno);
  ::close(std::exchange(file_, -1));
  sync_directory_of(path_);
  return {};
}

Result<void> write_file(const std::string& path, BytesView bytes) {
  LATIUM_TRY(AtomicFile file, AtomicFile::create(path));
  LATIUM_CHECKED(file.write(bytes));
  return file.commit();
}

Result<Bytes> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    const int error = errno;
    if (error == ENOENT) return fail(ErrorCode::not_found, "there is no file '" + path + "'");
    return failed("read", path, error);
  }
  Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return failed("read", path, EIO);
  return bytes;
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return failed("remove", path, errno);
}

}  // namespace latium::cli
