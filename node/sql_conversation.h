// SqlConversation: one SQL session of a remote client, with its prepared statements; requests in, answers out. All of it blocks:
// on a thread that may, one call at a time, but for interrupt().
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "base/result.h"
#include "latium/sql.h"
#include "proto/sql.pb.h"

namespace latium {

struct SqlPageLimits {
  std::uint32_t default_rows = 1000;
  std::uint32_t max_rows = 10'000;
  /// A page ends with the row that brings it here; a row is at most what a message may carry.
  std::size_t bytes = 4 << 20;
};

class SqlConversation {
 public:
  explicit SqlConversation(SqlSession session) : session_(std::move(session)) {}

  // Errors of all: those of the session (latium/sql.h); `not_found` (no such statement); `invalid_argument`.

  /// `overloaded`: too many statements are open.
  Result<client::SqlPrepareResponse> prepare(const client::SqlPrepareRequest& request);
  Result<client::SqlPage> execute(const client::SqlExecuteRequest& request);
  Result<client::SqlPage> fetch(const client::SqlFetchRequest& request);
  client::SqlStateResponse state() const;
  /// False: there is no such statement.
  bool close(std::uint32_t statement) { return statements_.erase(statement) > 0; }

  /// Any thread.
  void interrupt() { session_.interrupt(); }

 private:
  struct Open {
    SqlStatement statement;
    bool keep = true;        // prepared by the client; else it goes with its last row
    bool row_waits = false;  // the statement has come to a row that is not sent yet
  };

  Result<std::uint32_t> open(std::string_view sql, bool keep);
  Result<void> run(Open& open, const google::protobuf::RepeatedPtrField<client::SqlValue>& values);
  Result<client::SqlPage> page(std::uint32_t number, std::uint32_t rows);

  SqlSession session_;
  std::uint32_t next_ = 1;
  std::map<std::uint32_t, Open> statements_;
};

/// What a session is opened with. `invalid_argument`.
Result<SqlOptions> to_options(const client::SqlOpenRequest& request);

Value to_value(const client::SqlValue& message);
void to_message(const Value& value, client::SqlValue& out);
void to_message(const SqlStats& stats, client::SqlStats& out);

}  // namespace latium
