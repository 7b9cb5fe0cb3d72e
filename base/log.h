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

/// Structured lines to stderr or a file, as text (`time level name field=value`) or JSON. Any thread.
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
