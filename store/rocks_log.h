// RocksLog: RocksDB's own log lines, as events. Never a file: RocksDB 7.8 as Debian builds it stops the process when its log
// file cannot be written, that is, on a full disk.
#pragma once

#include <rocksdb/env.h>

#include "runtime/events.h"

namespace latium::internal {

/// Any thread. `events` outlives it; null drops everything. No line is of severity error: the engine reports what matters.
class RocksLog final : public rocksdb::Logger {
 public:
  explicit RocksLog(EventSink* events) : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), events_(events) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override { Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;

 private:
  EventSink* events_;
};

}  // namespace latium::internal
