// A connection of SQLite, and statements of it, owned.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace latium::sql {

struct CloseConnection {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// In memory; used by one thread at a time.
Result<Connection> open_connection();

/// What SQLite says is wrong, as one of our errors.
Error error_of(sqlite3* db, int code);

/// `invalid_argument`. Null where the text has no statement in it.
Result<Prepared> prepare(sqlite3* db, std::string_view sql);
Result<void> run(sqlite3* db, std::string_view sql);

inline std::string text_at(sqlite3_stmt* statement, int at) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, at));
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, at)));
}

}  // namespace latium::sql
