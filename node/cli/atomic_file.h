// AtomicFile: a file that is there whole or not at all.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace latium::cli {

/// Written beside its final name, with ".partial" behind it, and renamed at the end. Blocks. Errors: `io_error` naming the path.
class AtomicFile {
 public:
  static Result<AtomicFile> create(std::string path);
  /// Removes what was not committed.
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  Result<void> write(BytesView bytes);
  /// Syncs the file, renames it over `path`, syncs the directory.
  Result<void> commit();

 private:
  AtomicFile(std::string path, std::string partial, int file)
      : path_(std::move(path)), partial_(std::move(partial)), file_(file) {}

  std::string path_;
  std::string partial_;
  int file_;
};

/// The whole file at once.
Result<void> write_file(const std::string& path, BytesView bytes);
/// `not_found` when there is none.
Result<Bytes> read_file(const std::string& path);
/// A file that is not there is no error.
Result<void> remove_file(const std::string& path);

}  // namespace latium::cli
