// The databases of a controller on SQLite itself, in memory.
#pragma once

#include <sqlite3.h>

#include <map>
#include <string>

#include "examples/fog_controllers/controller.h"

namespace fog {

class NativeDatabases final : public Databases {
 public:
  ~NativeDatabases() override {
    for (auto& [name, connection] : connections_) sqlite3_close(connection);
  }

  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    sqlite3* const db = connection(database);
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return failed(db, sql);
    for (std::size_t i = 0; i < parameters.size(); ++i) bind(statement, static_cast<int>(i + 1), parameters[i]);
    Answer out;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) out.columns.emplace_back(sqlite3_column_name(statement, i));
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      auto& row = out.rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(value(statement, i));
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE) return failed(db, sql);
    out.changes = sqlite3_changes(db);
    out.last_insert_id = sqlite3_last_insert_rowid(db);
    return out;
  }

 private:
  static std::unexpected<latium::Error> failed(sqlite3* db, const std::string& sql) {
    return std::unexpected(latium::Error(latium::ErrorCode::internal, std::string(sqlite3_errmsg(db)) + ": " + sql));
  }
  static void bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* integer = value.get_if<std::int64_t>()) sqlite3_bind_int64(statement, place, *integer);
    if (const auto* real = value.get_if<double>()) sqlite3_bind_double(statement, place, *real);
    if (const auto* text = value.get_if<std::string>())
      sqlite3_bind_text(statement, place, text->data(), static_cast<int>(text->size()), SQLITE_TRANSIENT);
  }
  static Value value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return std::int64_t{sqlite3_column_int64(statement, column)};
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_NULL:
        return {};
      default:
        return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)));
    }
  }
  sqlite3* connection(const std::string& database) {
    sqlite3*& found = connections_[database];
    if (found == nullptr) sqlite3_open(":memory:", &found);
    return found;
  }

  std::map<std::string, sqlite3*> connections_;
};

}  // namespace fog
