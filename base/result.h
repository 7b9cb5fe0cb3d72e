// Result and the statement forms that pass an error on.
#pragma once

#include "latium/error.h"

namespace latium {

/// The error alternative of any Result: `return fail(ErrorCode::not_found, "...")`.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(std::in_place, code, std::move(message));
}
inline std::unexpected<Error> fail(ErrorCode code, Certainty certainty, std::string message) {
  return std::unexpected<Error>(std::in_place, code, certainty, std::move(message));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace latium

#define LATIUM_CONCAT_INNER(a, b) a##b
#define LATIUM_CONCAT(a, b) LATIUM_CONCAT_INNER(a, b)

// LATIUM_TRY(auto x, expression): declares x from the value, or returns the error. In a coroutine: LATIUM_CO_TRY.
// LATIUM_CHECKED(expression) / LATIUM_CO_CHECKED(expression): the same for Result<void>.
#define LATIUM_TRY_IMPL(ret, tmp, decl, ...)                        \
  auto tmp = __VA_ARGS__;                                           \
  if (!tmp.has_value()) ret ::latium::fail(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define LATIUM_TRY(decl, ...) LATIUM_TRY_IMPL(return, LATIUM_CONCAT(latium_try_, __LINE__), decl, __VA_ARGS__)
#define LATIUM_CO_TRY(decl, ...) LATIUM_TRY_IMPL(co_return, LATIUM_CONCAT(latium_try_, __LINE__), decl, __VA_ARGS__)
#define LATIUM_CHECKED_IMPL(ret, tmp, ...) \
  if (auto tmp = __VA_ARGS__; !tmp.has_value()) ret ::latium::fail(std::move(tmp).error())
#define LATIUM_CHECKED(...) LATIUM_CHECKED_IMPL(return, LATIUM_CONCAT(latium_try_, __LINE__), __VA_ARGS__)
#define LATIUM_CO_CHECKED(...) LATIUM_CHECKED_IMPL(co_return, LATIUM_CONCAT(latium_try_, __LINE__), __VA_ARGS__)
