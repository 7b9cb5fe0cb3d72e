// Transactions on MariaDB under load, for sessions_vs_mariadb.py: prepared statements over the local sockets of one server or of
// the nodes of a Galera cluster, clients spread over them. transaction_load.h has the load.
#include <mysql.h>
#include <mysqld_error.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bench/transaction_load.h"

namespace latium::bench {
namespace {

[[noreturn]] void die(const char* what, const char* error) {
  std::fprintf(stderr, "mariadb_load: %s: %s\n", what, error);
  std::_Exit(1);
}

/// What the server has ended, or refused at the commit (Galera): the transaction begins anew.
bool passes(unsigned code) {
  return code == ER_LOCK_DEADLOCK || code == ER_LOCK_WAIT_TIMEOUT;
}

class Connection {
 public:
  explicit Connection(const std::string& socket) : mysql_(mysql_init(nullptr)) {
    if (mysql_real_connect(mysql_, nullptr, "root", "", "bench", 0, socket.c_str(), 0) == nullptr) {
      die("no connection", mysql_error(mysql_));
    }
  }
  ~Connection() { mysql_close(mysql_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  MYSQL* get() { return mysql_; }
  /// False: the transaction has ended, and begins anew.
  bool run(const char* statement) {
    if (mysql_query(mysql_, statement) == 0) return true;
    if (!passes(mysql_errno(mysql_))) die(statement, mysql_error(mysql_));
    return false;
  }
  std::int64_t number(const char* query) {
    run(query);
    MYSQL_RES* const result = mysql_store_result(mysql_);
    const std::int64_t value = std::strtoll(mysql_fetch_row(result)[0], nullptr, 10);
    mysql_free_result(result);
    return value;
  }

 private:
  MYSQL* mysql_;
};

/// A prepared statement of one row: its id last, before it (when one is written) its value.
class Statement {
 public:
  Statement(Connection& connection, const char* text) : text_(text), statement_(mysql_stmt_init(connection.get())) {
    if (mysql_stmt_prepare(statement_, text, std::strlen(text)) != 0) die(text, mysql_stmt_error(statement_));
  }
  ~Statement() { mysql_stmt_close(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool read_text(std::uint64_t id, std::string& out) {
    char buffer[256];
    unsigned long length = 0;
    MYSQL_BIND result{};
    result.buffer_type = MYSQL_TYPE_STRING;
    result.buffer = buffer;
    result.buffer_length = sizeof buffer;
    result.length = &length;
    if (!execute(nullptr, id) || !fetch(result)) return false;
    out.assign(buffer, length);
    return true;
  }
  bool read_number(std::uint64_t id, std::int64_t& out) {
    long long number = 0;
    MYSQL_BIND result{};
    result.buffer_type = MYSQL_TYPE_LONGLONG;
    result.buffer = &number;
    if (!execute(nullptr, id) || !fetch(result)) return false;
    out = number;
    return true;
  }
  bool write(const std::string& value, std::uint64_t id) {
    MYSQL_BIND given{};
    given.buffer_type = MYSQL_TYPE_STRING;
    given.buffer = const_cast<char*>(value.data());
    given.buffer_length = value.size();
    return execute(&given, id);
  }
  bool write(std::int64_t value, std::uint64_t id) {
    MYSQL_BIND given{};
    given.buffer_type = MYSQL_TYPE_LONGLONG;
    given.buffer = &value;
    return execute(&given, id);
  }

 private:
  bool execute(const MYSQL_BIND* value, std::uint64_t id) {
    MYSQL_BIND binds[2]{};
    int count = 0;
    if (value != nullptr) binds[count++] = *value;
    binds[count].buffer_type = MYSQL_TYPE_LONGLONG;
    binds[count].buffer = &id;
    if (mysql_stmt_bind_param(statement_, binds) != 0) die(text_, mysql_stmt_error(statement_));
    return mysql_stmt_execute(statement_) == 0 || ended();
  }
  bool fetch(MYSQL_BIND& result) {
    if (mysql_stmt_bind_result(statement_, &result) != 0) die(text_, mysql_stmt_error(statement_));
    const int status = mysql_stmt_fetch(statement_);
    if (status == MYSQL_NO_DATA) die(text_, "no such row");
    const bool there = status == 0 || ended();
    mysql_stmt_free_result(statement_);
    return there;
  }
  bool ended() {
    if (!passes(mysql_stmt_errno(statement_))) die(text_, mysql_stmt_error(statement_));
    return false;
  }

  const char* text_;
  MYSQL_STMT* statement_;
};

class MariadbClient final : public TransactionClient {
 public:
  explicit MariadbClient(const std::string& socket) : connection_(socket) {}

  std::uint64_t mixed(const std::array<std::uint64_t, 5>& rows, const std::string& value) override {
    return transact([&] {
      for (std::size_t i = 0; i < 3; ++i) {
        if (!read_row_.read_text(rows[i], text_)) return false;
      }
      return write_row_.write(value, rows[3]) && write_row_.write(value, rows[4]);
    });
  }
  std::uint64_t increment(std::uint64_t counter) override {
    return transact([&] {
      std::int64_t n = 0;
      return read_counter_.read_number(counter, n) && write_counter_.write(n + 1, counter);
    });
  }

 private:
  template <class Work>
  std::uint64_t transact(Work work) {
    for (std::uint64_t begun = 1;; ++begun) {
      connection_.run("START TRANSACTION");
      if (work() && connection_.run("COMMIT")) return begun;
      connection_.run("ROLLBACK");
    }
  }

  Connection connection_;
  Statement read_row_{connection_, "SELECT value FROM `rows` WHERE id = ?"};
  Statement write_row_{connection_, "UPDATE `rows` SET value = ? WHERE id = ?"};
  Statement read_counter_{connection_, "SELECT value FROM counters WHERE id = ? FOR UPDATE"};
  Statement write_counter_{connection_, "UPDATE counters SET value = ? WHERE id = ?"};
  std::string text_;
};

std::int64_t total(const std::string& socket) {
  Connection connection(socket);
  // Not before all is applied that another node of Galera has committed.
  connection.run("SET SESSION wsrep_sync_wait = 1");
  return connection.number("SELECT SUM(value) FROM counters");
}

int run(const std::vector<std::string>& sockets) {
  if (mysql_library_init(0, nullptr, nullptr) != 0) die("libmariadb", "does not start");
  return serve_load(
      {.name = "mariadb_load",
       .connect = [&](std::size_t number) { return std::make_unique<MariadbClient>(sockets[number % sockets.size()]); },
       .total = [&] { return total(sockets.front()); }});
}

}  // namespace
}  // namespace latium::bench

int main(int argc, char** argv) {
  CLI::App app("transactions on MariaDB under load");
  std::vector<std::string> sockets;
  app.add_option("--socket", sockets)->required();
  CLI11_PARSE(app, argc, argv);
  return latium::bench::run(sockets);
}
