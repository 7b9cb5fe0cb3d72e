// RocksLog: RocksDB's own log lines, as events. Never a file: RocksDB 7.8 as Debian builds it stops the process when its log
// file cannot be written, that is, on a full disk.
#pragma once

#include <rocksdb/env.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "runtime/events.h"

namespace latium::internal {

/// Any thread. `events` outlives it; null drops everything. No line is of severity error: the engine reports what matters.
class RocksLog final : public rocksdb::Logger {
 public:
  /// Holds lines back until opened(): what goes wrong while the database is opened is the caller's error, in one line.
  explicit RocksLog(EventSink* events) : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), events_(events) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override { Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;

  /// The database is open: tells what was held back, then every line at once.
  void opened();

 private:
  EventSink* events_;
  std::mutex mutex_;
  bool opened_ = false;
  std::vector<std::pair<Severity, std::string>> held_;  // the first few
};

}  // namespace latium::internal
