#include "store/rocks_log.h"

#include <cstdarg>
#include <cstdio>
#include <string>

namespace latium::internal {

namespace {

constexpr std::size_t kHeldLines = 64;

}  // namespace

void RocksLog::Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  const Severity severity = level >= rocksdb::InfoLogLevel::WARN_LEVEL ? Severity::warn : Severity::debug;
  if (level < GetInfoLogLevel() || events_ == nullptr || !events_->enabled(severity)) return;
  char line[512];
  if (std::vsnprintf(line, sizeof line, format, arguments) < 0) return;
  {
    const std::scoped_lock lock(mutex_);
    if (!opened_) {
      if (held_.size() < kHeldLines) held_.emplace_back(severity, line);
      return;
    }
  }
  events_->emit(severity, "rocksdb", {{"line", std::string(line)}});
}

void RocksLog::opened() {
  std::vector<std::pair<Severity, std::string>> held;
  {
    const std::scoped_lock lock(mutex_);
    opened_ = true;
    held.swap(held_);
  }
  for (auto& [severity, line] : held) events_->emit(severity, "rocksdb", {{"line", std::move(line)}});
}

}  // namespace latium::internal
