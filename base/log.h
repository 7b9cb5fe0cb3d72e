// Logging. spdlog behind it; nothing else in the code knows that.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace latium {

enum class Severity : std::uint8_t { debug, info, warn, error };

/// One field of a log line or trace event; values are text already.
struct Field {
  std::string_view name;
  std::string value;
};

/// Structured lines to stderr or a file, each written at once. Any thread.
///   text: `2026-01-31T12:00:00.000Z INFO node_started site=rennes reason="first start"`; a value with spaces, quotes, '=',
///         control characters or no characters is quoted as JSON quotes strings
///   json: {"ts":"2026-01-31T12:00:00.000Z","level":"info","event":"node_started","site":"rennes"}
/// Times are UTC. Bytes that are not UTF-8 become U+FFFD. In JSON, a field named ts, level, event, or as one before it, is
/// left out.
class Logger {
 public:
  enum class Format : std::uint8_t { text, json };
  struct Options {
    Severity level = Severity::info;
    Format format = Format::text;
    std::string file;  ///< empty = stderr
  };

  /// `io_error` when the file cannot be opened.
  static Result<std::shared_ptr<Logger>> open(Options options);
  /// Writes nothing.
  static std::shared_ptr<Logger> null();

  virtual ~Logger() = default;
  virtual bool enabled(Severity severity) const = 0;
  /// `name`: what happened, snake_case, constant text; `fields`: the particulars.
  virtual void log(Severity severity, std::string_view name, std::initializer_list<Field> fields) = 0;
};

}  // namespace latium
