#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"

namespace latium {
namespace {

using nlohmann::ordered_json;

std::string_view lower_name(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return "debug";
    case Severity::info:
      return "info";
    case Severity::warn:
      return "warn";
    case Severity::error:
      return "error";
  }
  return "error";
}

std::string_view upper_name(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return "DEBUG";
    case Severity::info:
      return "INFO";
    case Severity::warn:
      return "WARN";
    case Severity::error:
      return "ERROR";
  }
  return "ERROR";
}

spdlog::level::level_enum spdlog_level(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return spdlog::level::debug;
    case Severity::info:
      return spdlog::level::info;
    case Severity::warn:
      return spdlog::level::warn;
    case Severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// Values may be bytes of any kind: what is not UTF-8 becomes U+FFFD, for a log line must be readable whatever it is about.
std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

// A value that could be taken for more than one field, or for more than one line, is quoted as JSON quotes strings.
void append_text_value(std::string& line, const std::string& value) {
  bool plain = !value.empty() && is_utf8(value);
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    plain = plain && byte > 0x20 && byte != 0x7F && c != '"' && c != '=' && c != '\\';
  }
  line += plain ? value : dump(ordered_json(value));
}

// What follows the time: `LEVEL name field=value ...`.
std::string text_payload(Severity severity, std::string_view name, std::initializer_list<Field> fields) {
  std::string line(upper_name(severity));
  line += ' ';
  line += name;
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_text_value(line, field.value);
  }
  return line;
}

// The object without its opening brace: the pattern writes that, and the time, before it.
std::string json_payload(Severity severity, std::string_view name, std::initializer_list<Field> fields) {
  ordered_json line;
  line["level"] = lower_name(severity);
  line["event"] = name;
  for (const Field& field : fields) {
    if (field.name != "ts") line.emplace(std::string(field.name), field.value);
  }
  return dump(line).substr(1);
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(Options options, spdlog::sink_ptr sink) : options_(std::move(options)), logger_("latium", std::move(sink)) {
    const char* pattern = options_.format == Format::json ? "{\"ts\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v" : "%Y-%m-%dT%H:%M:%S.%eZ %v";
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
    logger_.set_level(spdlog_level(options_.level));
    // Lines are rare and matter most just before a crash: none waits in a buffer.
    logger_.flush_on(spdlog::level::trace);
  }

  bool enabled(Severity severity) const override { return severity >= options_.level; }

  void log(Severity severity, std::string_view name, std::initializer_list<Field> fields) override {
    if (!enabled(severity)) return;
    const std::string payload =
        options_.format == Format::json ? json_payload(severity, name, fields) : text_payload(severity, name, fields);
    logger_.log(spdlog_level(severity), spdlog::string_view_t(payload));
  }

 private:
  const Options options_;
  spdlog::logger logger_;
};

class NullLogger final : public Logger {
 public:
  bool enabled(Severity) const override { return false; }
  void log(Severity, std::string_view, std::initializer_list<Field>) override {}
};

}  // namespace

Result<std::shared_ptr<Logger>> Logger::open(Options options) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    return std::make_shared<SpdlogLogger>(std::move(options), std::move(sink));
  } catch (const spdlog::spdlog_ex& error) {
    return fail(ErrorCode::io_error, "cannot open the log: " + std::string(error.what()));
  }
}

std::shared_ptr<Logger> Logger::null() {
  return std::make_shared<NullLogger>();
}

}  // namespace latium
