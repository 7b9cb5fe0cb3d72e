#include "node/cli/acked_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace latium::cli {

namespace {

std::unexpected<Error> failed(const std::string& path, int error) {
  return fail(ErrorCode::io_error, "cannot write '" + path + "': " + std::strerror(error) + "; check the path and its disk");
}

}  // namespace

Result<AckedLog> AckedLog::open(std::string path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return failed(path, errno);
  return AckedLog(std::move(path), file);
}

AckedLog::AckedLog(AckedLog&& other) noexcept : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

AckedLog::~AckedLog() {
  if (file_ >= 0) ::close(file_);
}

Result<void> AckedLog::add(BytesView key, std::uint64_t sequence) {
  const std::string line = std::string(key) + " " + std::to_string(sequence) + "\n";
  ssize_t written = -1;
  do {
    written = ::write(file_, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) return {};
  return failed(path_, written < 0 ? errno : ENOSPC);
}

Result<std::map<Bytes, std::uint64_t>> parse_acked_log(BytesView text) {
  std::map<Bytes, std::uint64_t> last;
  for (std::uint64_t number = 1;; ++number) {
    const std::size_t newline = text.find('\n');
    if (newline == BytesView::npos) return last;
    const BytesView line = text.substr(0, newline);
    text.remove_prefix(newline + 1);
    const std::size_t space = line.find(' ');
    std::uint64_t sequence = 0;
    const char* const end = line.data() + line.size();
    const char* const digits = space == BytesView::npos ? end : line.data() + space + 1;
    const auto [stopped, error] = std::from_chars(digits, end, sequence);
    if (error != std::errc() || stopped != end || space == 0) {
      return fail(ErrorCode::invalid_argument, "line " + std::to_string(number) + " is not 'KEY SEQUENCE'");
    }
    std::uint64_t& known = last[Bytes(line.substr(0, space))];
    known = std::max(known, sequence);
  }
}

}  // namespace latium::cli
