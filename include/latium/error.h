// Errors as values: what failed, whether the change may have been made, and what to do about it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace latium {

/// What failed. The numbers are stable; `error_codes.def` is the table.
enum class ErrorCode : std::uint16_t {
#define LATIUM_ERROR(number, name, exit_status, meaning) name = number,
#include "latium/error_codes.def"
#undef LATIUM_ERROR
};

/// Whether the request that failed can have had an effect. Callers decide on this, not on lists of codes.
enum class Certainty : std::uint8_t {
  not_applied = 0,  ///< nothing was changed and nothing will be: a retry is safe
  unknown = 1,      ///< the change may have been made, or may still be
};

/// A failed operation. The message names the thing, the value and the remedy, in one line.
struct Error {
  ErrorCode code = ErrorCode::internal;
  Certainty certainty = Certainty::not_applied;
  std::string message;

  Error(ErrorCode error_code, std::string text) : code(error_code), message(std::move(text)) {}
  Error(ErrorCode error_code, Certainty how_certain, std::string text)
      : code(error_code), certainty(how_certain), message(std::move(text)) {}

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value or an error. Every public call returns one; exceptions are kept for bugs.
template <class T>
using Result = std::expected<T, Error>;

/// The code's name as in the table, for example "not_found".
std::string_view to_string(ErrorCode code);
/// "not_applied" or "unknown".
std::string_view to_string(Certainty certainty);
/// The exit status of the `latium` command for this code: 1 refused, 2 wrong usage, 3 unavailable, 4 unknown outcome.
int exit_status(ErrorCode code);

}  // namespace latium
