#include "bench/mariadb_databases.h"

#include <mysql.h>

#include <map>

namespace fog {

namespace {

using latium::Error;
using latium::ErrorCode;

void replace(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string literal(const Value& value) {
  if (const auto* integer = value.get_if<std::int64_t>()) return std::to_string(*integer);
  if (const auto* real = value.get_if<double>()) return std::to_string(*real);
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return "NULL";
  std::string out = "'";
  for (const char c : *text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

class MariadbDatabases final : public Databases {
 public:
  ~MariadbDatabases() override {
    for (auto& [name, connection] : connections_) mysql_close(connection);
  }

  Result<void> open(const std::string& database, const std::string& socket, const std::string& suffix) {
    MYSQL* const connection = mysql_init(nullptr);
    connections_[database] = connection;
    // Rows that were found count as changed, as SQLAlchemy has it.
    if (mysql_real_connect(connection, nullptr, "root", nullptr, nullptr, 0, socket.c_str(), CLIENT_FOUND_ROWS) == nullptr) {
      return std::unexpected(failed(connection, "connecting to " + socket));
    }
    const std::string name = database + "_" + suffix;
    for (const std::string& sql : {"CREATE DATABASE " + name + " CHARACTER SET utf8mb3", "USE " + name,
                                   std::string("SET sql_mode = 'ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0")}) {
      if (auto done = run(database, sql, {}); !done) return std::unexpected(done.error());
    }
    return {};
  }

  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    MYSQL* const connection = connections_.at(database);
    const std::string text = mariadb_text(sql, parameters);
    if (mysql_real_query(connection, text.data(), text.size()) != 0) return std::unexpected(failed(connection, text));
    Answer out;
    MYSQL_RES* const result = mysql_store_result(connection);
    if (result == nullptr) {
      if (mysql_field_count(connection) != 0) return std::unexpected(failed(connection, text));
      out.changes = static_cast<std::int64_t>(mysql_affected_rows(connection));
      out.last_insert_id = static_cast<std::int64_t>(mysql_insert_id(connection));
      return out;
    }
    take(result, out);
    mysql_free_result(result);
    return out;
  }

 private:
  static Error failed(MYSQL* connection, const std::string& what) {
    constexpr unsigned kDeadlock = 1213;
    constexpr unsigned kLockWait = 1205;
    const unsigned code = mysql_errno(connection);
    return {code == kDeadlock || code == kLockWait ? ErrorCode::conflict : ErrorCode::internal,
            std::string(mysql_error(connection)) + ": " + what.substr(0, 200)};
  }

  static void take(MYSQL_RES* result, Answer& out) {
    const unsigned columns = mysql_num_fields(result);
    const MYSQL_FIELD* const fields = mysql_fetch_fields(result);
    for (unsigned i = 0; i < columns; ++i) out.columns.emplace_back(fields[i].name);
    while (const MYSQL_ROW row = mysql_fetch_row(result)) {
      const unsigned long* const lengths = mysql_fetch_lengths(result);
      std::vector<Value>& values = out.rows.emplace_back();
      for (unsigned i = 0; i < columns; ++i) {
        if (row[i] == nullptr) {
          values.emplace_back();
        } else if (IS_NUM(fields[i].type) && fields[i].decimals == 0) {
          values.emplace_back(static_cast<std::int64_t>(std::stoll(row[i])));
        } else {
          values.emplace_back(std::string(row[i], lengths[i]));
        }
      }
    }
  }

  std::map<std::string, MYSQL*> connections_;
};

}  // namespace

std::string mariadb_text(const std::string& sql, const std::vector<Value>& values) {
  std::string text;
  std::size_t next = 0;
  for (const char c : sql) {
    if (c == '?' && next < values.size()) {
      text += literal(values[next++]);
    } else {
      text += c;
    }
  }
  // A reserved word there, and a derived table has to have a name.
  replace(text, "AS usage", "AS \"usage\"");
  replace(text, "usage.", "\"usage\".");
  replace(text, "FROM (SELECT 1) WHERE", "FROM (SELECT 1) AS none WHERE");
  return text;
}

std::string mariadb_schema(std::string sql) {
  replace(sql, "DATETIME", "DATETIME(6)");
  replace(sql, "\"id\" INTEGER NOT NULL", "\"id\" INTEGER NOT NULL AUTO_INCREMENT");
  replace(sql, "FLOAT", "DOUBLE");
  return sql;
}

Result<std::unique_ptr<Databases>> open_mariadb(const Trace& trace, const std::string& socket, const std::string& suffix) {
  auto out = std::make_unique<MariadbDatabases>();
  for (const std::string& database : trace.databases()) {
    if (auto opened = out->open(database, socket, suffix); !opened) return std::unexpected(opened.error());
  }
  for (const TableRecord& table : trace.tables) {
    for (const std::string& sql : schema_of(trace, table)) {
      if (auto made = out->run(table.database, mariadb_schema(sql), {}); !made) return std::unexpected(made.error());
    }
    for (const auto& row : table.rows) {
      if (auto added = out->run(table.database, insert_of(table, 1), row); !added) return std::unexpected(added.error());
    }
  }
  return out;
}

}  // namespace fog
