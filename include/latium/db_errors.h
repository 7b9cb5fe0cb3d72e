// Errors of sessions by the names that users of SQLAlchemy, oslo.db and ROME know. An Error is all there is to each of them;
// these functions tell which one it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latium/error.h"

namespace latium {

/// DBDeadlock: another session was first, nothing was done, and doing all of it again is right. Database::transact() does.
inline bool is_deadlock(const Error& error) {
  return error.code == ErrorCode::conflict;
}

/// DBDuplicateEntry: a row with this primary key, or these values of a unique index, is there.
inline bool is_duplicate_entry(const Error& error) {
  return error.code == ErrorCode::already_exists;
}

/// The columns of a DBDuplicateEntry, each as "table.column"; none when it is not one of a session.
inline std::vector<std::string> duplicate_columns(const Error& error) {
  constexpr std::string_view kBefore = "UNIQUE constraint failed: ";
  std::vector<std::string> columns;
  std::string_view rest = error.message;
  if (!is_duplicate_entry(error) || !rest.starts_with(kBefore)) return columns;
  // Names have neither blanks nor commas; the values behind them may.
  rest = rest.substr(kBefore.size(), rest.find(" (") - kBefore.size());
  while (!rest.empty()) {
    const std::size_t end = rest.find(", ");
    columns.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  }
  return columns;
}

/// DBReferenceError: a row that a foreign key names is not there, or one that is named was to be removed.
inline bool is_reference_error(const Error& error) {
  return error.code == ErrorCode::broken_reference;
}

/// NoResultFound: one row was asked for, and there is none. Also of tables and indexes that are not there.
inline bool is_no_result_found(const Error& error) {
  return error.code == ErrorCode::not_found;
}

/// MultipleResultsFound: one row was asked for, and there are several.
inline bool is_multiple_results_found(const Error& error) {
  return error.code == ErrorCode::multiple_results;
}

}  // namespace latium
