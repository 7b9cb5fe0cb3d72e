#include "store/rocks_log.h"

#include <cstdarg>
#include <cstdio>
#include <string>

namespace latium::internal {

void RocksLog::Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  const Severity severity = level >= rocksdb::InfoLogLevel::WARN_LEVEL ? Severity::warn : Severity::debug;
  if (level < GetInfoLogLevel() || events_ == nullptr || !events_->enabled(severity)) return;
  char line[512];
  if (std::vsnprintf(line, sizeof line, format, arguments) < 0) return;
  events_->emit(severity, "rocksdb", {{"line", std::string(line)}});
}

}  // namespace latium::internal
