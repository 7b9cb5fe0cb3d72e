// AckedLog: the writes that a node acknowledged, kept outside it, to hold against what it still has after a crash.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace latium::cli {

/// Lines "KEY SEQUENCE", appended: several runs may share a file. Keys hold no spaces or newlines.
class AckedLog {
 public:
  /// `io_error` naming the path.
  static Result<AckedLog> open(std::string path);
  ~AckedLog();
  AckedLog(AckedLog&& other) noexcept;
  AckedLog& operator=(AckedLog&&) = delete;

  /// With the operating system when it returns. One system call.
  Result<void> add(BytesView key, std::uint64_t sequence);

 private:
  AckedLog(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  int file_;
};

/// The last acknowledged write of each key. A last line without its newline was cut off and is left out.
/// `invalid_argument` naming the line otherwise.
Result<std::map<Bytes, std::uint64_t>> parse_acked_log(BytesView text);

}  // namespace latium::cli
