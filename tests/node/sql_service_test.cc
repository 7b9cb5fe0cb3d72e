// SQL over the client protocol, on a node of this process.
#include "node/sql_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "latium/node.h"
#include "node/remote_client.h"
#include "proto/wire.pb.h"
#include "tests/support/temp_directory.h"

namespace latium {
namespace {

class SqlServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Node::open({.data_dir = directory_ / "node",
                              .site = "rennes",
                              .bootstrap = true,
                              .listen = "127.0.0.1:0",
                              .log = {.level = "error"}});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    node_.emplace(*std::move(opened));
    ASSERT_TRUE(node_->create_tenant("acme").has_value());
    auto client = RemoteClient::open({.node = *Address::parse(node_->status().listen), .tls = {}, .connections = 2});
    ASSERT_TRUE(client.has_value());
    client_ = *std::move(client);
  }

  template <class Response, class Request>
  Result<Response> call(Method method, const Request& request) {
    return client_->call<Response>(method, request, client_->after(std::chrono::seconds(30)));
  }
  std::uint64_t open(std::uint64_t idle_ms = 0) {
    client::SqlOpenRequest request;
    request.set_tenant("acme");
    request.set_idle_ms(idle_ms);
    const auto response = call<client::SqlOpenResponse>(wire::METHOD_SQL_OPEN, request);
    EXPECT_TRUE(response.has_value()) << response.error().message;
    return response ? response->session() : 0;
  }
  Result<client::SqlPage> execute(std::uint64_t session, const std::string& sql, std::vector<Value> values = {},
                                  std::uint32_t page_rows = 0) {
    client::SqlExecuteRequest request;
    request.set_session(session);
    request.set_sql(sql);
    request.set_page_rows(page_rows);
    for (const Value& value : values) to_message(value, *request.add_values());
    return call<client::SqlPage>(wire::METHOD_SQL_EXECUTE, request);
  }
  Result<client::SqlPage> fetch(std::uint64_t session, std::uint32_t statement, std::uint32_t page_rows) {
    client::SqlFetchRequest request;
    request.set_session(session);
    request.set_statement(statement);
    request.set_page_rows(page_rows);
    return call<client::SqlPage>(wire::METHOD_SQL_FETCH, request);
  }
  /// A table of `rows` hosts n1, n2, ...
  void make_hosts(std::uint64_t session, int rows) {
    ASSERT_TRUE(execute(session, "CREATE TABLE hosts (id INTEGER PRIMARY KEY, name TEXT UNIQUE, cpus INTEGER)").has_value());
    ASSERT_TRUE(execute(session, "BEGIN").has_value());
    for (int i = 1; i <= rows; ++i) {
      const auto added =
          execute(session, "INSERT INTO hosts VALUES (?, ?, ?)", {Value(i), Value("n" + std::to_string(i)), Value(i * 2)});
      ASSERT_TRUE(added.has_value()) << added.error().message;
      EXPECT_EQ(added->changes(), 1);
      EXPECT_EQ(added->last_insert_id(), i);
      EXPECT_TRUE(added->in_transaction());
    }
    ASSERT_TRUE(execute(session, "COMMIT").has_value());
  }

  TempDirectory directory_;
  std::optional<Node> node_;
  std::unique_ptr<RemoteClient> client_;
};

TEST_F(SqlServiceTest, RowsComeInPages) {
  const std::uint64_t session = open();
  make_hosts(session, 25);
  auto page = execute(session, "SELECT id, name FROM hosts ORDER BY id", {}, 10);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(std::vector<std::string>(page->columns().begin(), page->columns().end()), (std::vector<std::string>{"id", "name"}));
  std::int64_t next = 1;
  std::vector<int> sizes;
  for (;;) {
    sizes.push_back(page->rows_size());
    for (const client::SqlRow& row : page->rows()) {
      EXPECT_EQ(to_value(row.values(0)), Value(next));
      EXPECT_EQ(to_value(row.values(1)), Value("n" + std::to_string(next)));
      ++next;
    }
    if (!page->more()) break;
    page = fetch(session, page->statement(), 10);
    ASSERT_TRUE(page.has_value()) << page.error().message;
    EXPECT_EQ(page->columns_size(), 0);
  }
  EXPECT_EQ(sizes, (std::vector<int>{10, 10, 5}));
  EXPECT_EQ(page->statement(), 0u);
  EXPECT_EQ(fetch(session, 1, 10).error().code, ErrorCode::not_found);
}

TEST_F(SqlServiceTest, PreparedStatementsRunAgainWithOtherValues) {
  const std::uint64_t session = open();
  make_hosts(session, 5);
  client::SqlPrepareRequest request;
  request.set_session(session);
  request.set_sql("SELECT cpus FROM hosts WHERE name = ?");
  const auto prepared = call<client::SqlPrepareResponse>(wire::METHOD_SQL_PREPARE, request);
  ASSERT_TRUE(prepared.has_value()) << prepared.error().message;
  EXPECT_EQ(prepared->parameters(), 1u);
  EXPECT_TRUE(prepared->read_only());
  for (int i = 1; i <= 5; ++i) {
    client::SqlExecuteRequest run;
    run.set_session(session);
    run.set_statement(prepared->statement());
    run.add_values()->set_text("n" + std::to_string(i));
    const auto page = call<client::SqlPage>(wire::METHOD_SQL_EXECUTE, run);
    ASSERT_TRUE(page.has_value()) << page.error().message;
    ASSERT_EQ(page->rows_size(), 1);
    EXPECT_EQ(page->rows(0).values(0).integer(), i * 2);
    EXPECT_EQ(page->statement(), prepared->statement());
  }
  client::SqlCloseRequest close;
  close.set_session(session);
  close.set_statement(prepared->statement());
  EXPECT_TRUE(call<client::SqlCloseResponse>(wire::METHOD_SQL_CLOSE, close)->closed());
  EXPECT_FALSE(call<client::SqlCloseResponse>(wire::METHOD_SQL_CLOSE, close)->closed());
}

TEST_F(SqlServiceTest, EveryKindOfValueGoesThereAndBack) {
  const std::uint64_t session = open();
  const std::vector<Value> values = {Value(), Value(std::int64_t{-1} << 62), Value(1.5), Value("caf\xc3\xa9"),
                                     Value(Blob{std::string("\0\xff", 2)})};
  const auto page = execute(session, "SELECT ?, ?, ?, ?, ?", values);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(to_value(page->rows(0).values(i)), values[static_cast<std::size_t>(i)]);
}

TEST_F(SqlServiceTest, ClosingASessionRollsItsTransactionBack) {
  const std::uint64_t session = open();
  make_hosts(session, 1);
  ASSERT_TRUE(execute(session, "BEGIN").has_value());
  ASSERT_TRUE(execute(session, "DELETE FROM hosts").has_value());
  client::SqlCloseRequest close;
  close.set_session(session);
  EXPECT_TRUE(call<client::SqlCloseResponse>(wire::METHOD_SQL_CLOSE, close)->closed());
  EXPECT_EQ(execute(session, "SELECT 1").error().code, ErrorCode::not_found);
  EXPECT_EQ(execute(open(), "SELECT count(*) FROM hosts")->rows(0).values(0).integer(), 1);
}

TEST_F(SqlServiceTest, ErrorsSayWhatIsWrongAndLeaveTheTransaction) {
  const std::uint64_t session = open();
  make_hosts(session, 2);
  ASSERT_TRUE(execute(session, "BEGIN").has_value());
  ASSERT_TRUE(execute(session, "UPDATE hosts SET cpus = 0 WHERE id = 1").has_value());
  const auto twice = execute(session, "INSERT INTO hosts VALUES (9, 'n2', 1)");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, ErrorCode::already_exists);
  EXPECT_NE(twice.error().message.find("UNIQUE constraint failed: hosts.name"), std::string::npos) << twice.error().message;
  client::SqlStateRequest state;
  state.set_session(session);
  EXPECT_TRUE(call<client::SqlStateResponse>(wire::METHOD_SQL_STATE, state)->in_transaction());
  ASSERT_TRUE(execute(session, "COMMIT").has_value());
  EXPECT_EQ(execute(session, "SELECT cpus FROM hosts WHERE id = 1")->rows(0).values(0).integer(), 0);
  EXPECT_EQ(execute(session, "SELEC 1").error().code, ErrorCode::invalid_argument);
}

TEST_F(SqlServiceTest, TheSecondOfTwoWritersHasAConflict) {
  const std::uint64_t one = open();
  const std::uint64_t other = open();
  make_hosts(one, 1);
  for (const std::uint64_t session : {one, other}) {
    ASSERT_TRUE(execute(session, "BEGIN").has_value());
    ASSERT_TRUE(execute(session, "UPDATE hosts SET cpus = cpus + 1 WHERE id = 1").has_value());
  }
  ASSERT_TRUE(execute(one, "COMMIT").has_value());
  EXPECT_EQ(execute(other, "COMMIT").error().code, ErrorCode::conflict);
  (void)execute(other, "ROLLBACK");
  EXPECT_EQ(execute(other, "SELECT cpus FROM hosts")->rows(0).values(0).integer(), 3);
}

// An endless statement, on a second connection cancelled; the session goes on.
TEST_F(SqlServiceTest, ARunningStatementIsCancelled) {
  const std::uint64_t session = open();
  std::atomic<bool> ended = false;
  std::thread runs([&] {
    const auto page = execute(session, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
    ASSERT_FALSE(page.has_value());
    EXPECT_EQ(page.error().code, ErrorCode::cancelled) << page.error().message;
    ended = true;
  });
  client::SqlCancelRequest cancel;
  cancel.set_session(session);
  while (!ended) {
    ASSERT_TRUE(call<client::SqlCancelResponse>(wire::METHOD_SQL_CANCEL, cancel).has_value());
    std::this_thread::yield();
  }
  runs.join();
  EXPECT_EQ(execute(session, "SELECT 1")->rows_size(), 1);
}

TEST_F(SqlServiceTest, ADeadlineEndsAStatement) {
  const std::uint64_t session = open();
  client::SqlExecuteRequest request;
  request.set_session(session);
  request.set_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  const auto page =
      client_->call<client::SqlPage>(wire::METHOD_SQL_EXECUTE, request, client_->after(std::chrono::milliseconds(300)));
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().code, ErrorCode::deadline_exceeded) << page.error().message;
  // It may take a moment until the session has noticed.
  Result<client::SqlPage> after = fail(ErrorCode::overloaded, "");
  while (!after && after.error().code == ErrorCode::overloaded) after = execute(session, "SELECT 1");
  EXPECT_TRUE(after.has_value()) << after.error().message;
}

TEST_F(SqlServiceTest, ASessionThatIsIdleEnds) {
  const std::uint64_t session = open(1);
  // The reaper looks once a second.
  while (true) {
    client::SqlCancelRequest look;  // does not keep it awake
    look.set_session(session);
    const auto there = call<client::SqlCancelResponse>(wire::METHOD_SQL_CANCEL, look);
    if (!there) {
      EXPECT_EQ(there.error().code, ErrorCode::not_found);
      break;
    }
    std::this_thread::yield();
  }
}

TEST_F(SqlServiceTest, BadRequestsAreRefused) {
  client::SqlOpenRequest request;
  request.set_tenant("nobody");
  EXPECT_EQ(call<client::SqlOpenResponse>(wire::METHOD_SQL_OPEN, request).error().code, ErrorCode::unknown_tenant);
  request.set_tenant("acme");
  request.set_idle_ms(3'600'001);
  EXPECT_EQ(call<client::SqlOpenResponse>(wire::METHOD_SQL_OPEN, request).error().code, ErrorCode::invalid_argument);
  const std::uint64_t session = open();
  EXPECT_EQ(execute(session, std::string((1 << 20) + 1, ' ')).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(execute(session, "SELECT ?", {Value(1), Value(2)}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(execute(session + 1, "SELECT 1").error().code, ErrorCode::not_found);
}

TEST_F(SqlServiceTest, ANodeStopsWithSessionsOpen) {
  const std::uint64_t session = open();
  make_hosts(session, 1);
  ASSERT_TRUE(execute(session, "BEGIN").has_value());
  ASSERT_TRUE(execute(session, "UPDATE hosts SET cpus = 1").has_value());
  EXPECT_TRUE(node_->stop().has_value());
}

}  // namespace
}  // namespace latium
