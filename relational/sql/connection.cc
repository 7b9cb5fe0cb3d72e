#include "relational/sql/connection.h"

namespace latium::sql {

Result<Connection> open_connection() {
  sqlite3* db = nullptr;
  const int code = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(db);
  if (code != SQLITE_OK) return fail(ErrorCode::overloaded, "SQLite cannot open a connection: out of memory");
  sqlite3_extended_result_codes(db, 1);
  return connection;
}

Error error_of(sqlite3* db, int code) {
  const std::string message = db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  switch (code & 0xff) {
    case SQLITE_INTERRUPT:
      return {ErrorCode::cancelled, "interrupted"};
    case SQLITE_NOMEM:
      return {ErrorCode::overloaded, "out of memory"};
    case SQLITE_TOOBIG:
      return {ErrorCode::invalid_argument, message + ": a value is larger than the limit of the session: raise max_bytes"};
    case SQLITE_BUSY:
      return {ErrorCode::conflict, message};
    case SQLITE_CONSTRAINT:
      if (message.starts_with("UNIQUE")) return {ErrorCode::already_exists, message};
      if (message.starts_with("FOREIGN KEY")) return {ErrorCode::broken_reference, message};
      break;
    default:
      break;
  }
  return {ErrorCode::invalid_argument, message};
}

Result<Prepared> prepare(sqlite3* db, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), 0, &statement, nullptr);
  if (code != SQLITE_OK) return fail(error_of(db, code));
  return Prepared(statement);
}

Result<void> run(sqlite3* db, std::string_view sql) {
  LATIUM_TRY(const Prepared statement, prepare(db, sql));
  int code = SQLITE_DONE;
  while (statement && (code = sqlite3_step(statement.get())) == SQLITE_ROW) {
  }
  if (code != SQLITE_DONE) return fail(error_of(db, code));
  return {};
}

}  // namespace latium::sql
