// LATIUM_CHECK: always on. The process stops rather than serve what may be wrong.
#pragma once

#include <string_view>

namespace latium {

/// Prints the place, the condition and the text to stderr, then aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view text);

}  // namespace latium

// LATIUM_CHECK(condition) or LATIUM_CHECK(condition, "what must hold").
#define LATIUM_CHECK(condition, ...)                                          \
  do {                                                                        \
    if (!(condition)) [[unlikely]] {                                          \
      ::latium::check_failed(__FILE__, __LINE__, #condition, "" __VA_ARGS__); \
    }                                                                         \
  } while (false)
