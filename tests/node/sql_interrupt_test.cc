// Statements that wait for nodes which do not answer, and are told to end.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "latium/sql.h"
#include "node/remote_client.h"
#include "node/sql_conversation.h"
#include "proto/faults.pb.h"
#include "proto/wire.pb.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

class SqlInterruptTest : public ThreeNodesTest {
 protected:
  // Long enough to see that a statement waits, and far below its timeout.
  static constexpr std::chrono::milliseconds kWaits{300};
  static constexpr std::chrono::seconds kSoon{2};
  static constexpr std::chrono::seconds kTimeout{8};

  void SetUp() override {
    enable_faults_ = true;
    ThreeNodesTest::SetUp();
    if (HasFatalFailure()) return;
    auto made = nodes_[0].database("acme")->sql({.reads = Consistency::quorum, .timeout = kTimeout});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    session_.emplace(*std::move(made));
    ASSERT_TRUE(session_->script("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER);INSERT INTO t VALUES (1, 0), (2, 0)"));
    auto client = RemoteClient::open({.node = *Address::parse(nodes_[0].status().listen), .tls = {}, .connections = 2});
    ASSERT_TRUE(client.has_value());
    client_ = *std::move(client);
  }

  template <class Response, class Request>
  Result<Response> call(Method method, const Request& request) {
    return client_->call<Response>(method, request, client_->after(std::chrono::seconds(30)));
  }
  /// What node 0 sends to the two others comes a minute late: no majority is to be had.
  void cut_off(bool yes) {
    faults::FaultsSetRequest request;
    for (std::size_t i = 1; yes && i < 3; ++i) {
      faults::Rule& rule = *request.add_rules();
      rule.add_address(nodes_[i].status().listen);
      rule.set_delay_ms(60'000);
    }
    ASSERT_TRUE(call<faults::FaultsSetResponse>(wire::METHOD_FAULTS_SET, request).has_value());
  }
  /// What `work` ends with when it is interrupted while it waits.
  template <class Work, class Interrupt>
  auto interrupted(Work work, Interrupt interrupt) {
    std::promise<decltype(work())> promise;
    auto ended = promise.get_future();
    std::thread runs([&] { promise.set_value(work()); });
    EXPECT_EQ(ended.wait_for(kWaits), std::future_status::timeout) << "it does not wait";
    interrupt();
    EXPECT_EQ(ended.wait_for(kSoon), std::future_status::ready) << "it waits on";
    runs.join();
    return ended.get();
  }
  static Error error_of(const Result<SqlResult>& result) { return result ? Error(ErrorCode::internal, "done") : result.error(); }
  /// Once the others are there again: as long as calls of before are in their way, it is asked again.
  Result<SqlResult> later(std::string_view sql) {
    Result<SqlResult> out = session_->execute(sql);
    for (int i = 0; i < 20 && !out && out.error().code != ErrorCode::invalid_argument; ++i) out = session_->execute(sql);
    return out;
  }

  std::optional<SqlSession> session_;
  std::unique_ptr<RemoteClient> client_;
};

TEST_F(SqlInterruptTest, AReadThatWaitsEndsWithItsTransaction) {
  ASSERT_TRUE(session_->execute("BEGIN").has_value());
  ASSERT_TRUE(session_->execute("UPDATE t SET v = 1 WHERE id = 1").has_value());
  cut_off(true);
  const Error why =
      error_of(interrupted([&] { return session_->execute("SELECT v FROM t WHERE id = 2"); }, [&] { session_->interrupt(); }));
  EXPECT_EQ(why.code, ErrorCode::cancelled) << why.message;
  EXPECT_EQ(why.certainty, Certainty::not_applied);
  cut_off(false);
  // Else what comes next would be a transaction of its own.
  EXPECT_EQ(error_of(session_->execute("UPDATE t SET v = 2 WHERE id = 2")).code, ErrorCode::cancelled);
  EXPECT_EQ(error_of(session_->execute("COMMIT")).code, ErrorCode::cancelled);
  ASSERT_TRUE(session_->execute("ROLLBACK").has_value());
  const auto after = later("SELECT v FROM t ORDER BY id");
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(after->rows, (std::vector<std::vector<Value>>{{Value(0)}, {Value(0)}}));
}

TEST_F(SqlInterruptTest, ACommitThatWaitsHasAnUnknownOutcomeAndIsWholeOrNotAtAll) {
  ASSERT_TRUE(session_->execute("BEGIN").has_value());
  ASSERT_TRUE(session_->execute("UPDATE t SET v = v + 1").has_value());
  cut_off(true);
  const Error why = error_of(interrupted([&] { return session_->execute("COMMIT"); }, [&] { session_->interrupt(); }));
  EXPECT_EQ(why.code, ErrorCode::unknown_outcome) << why.message;
  EXPECT_EQ(why.certainty, Certainty::unknown);
  EXPECT_FALSE(session_->in_transaction());
  cut_off(false);
  const auto after = later("SELECT min(v), max(v) FROM t");
  ASSERT_TRUE(after.has_value()) << after.error().message;
  EXPECT_EQ(after->rows[0][0], after->rows[0][1]);
}

TEST_F(SqlInterruptTest, WhatIsInterruptedBeforeItBeginsGoesOn) {
  session_->interrupt();
  EXPECT_TRUE(session_->execute("SELECT v FROM t").has_value());
}

TEST_F(SqlInterruptTest, ACancelOfAClientEndsWhatWaits) {
  client::SqlOpenRequest open;
  open.set_tenant("acme");
  open.set_reads(client::SqlOpenRequest::READS_QUORUM);
  open.set_timeout_ms(std::chrono::milliseconds(kTimeout).count());
  const auto opened = call<client::SqlOpenResponse>(wire::METHOD_SQL_OPEN, open);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  client::SqlExecuteRequest select;
  select.set_session(opened->session());
  select.set_sql("SELECT v FROM t WHERE id = 2");
  ASSERT_TRUE(call<client::SqlPage>(wire::METHOD_SQL_EXECUTE, select).has_value());
  cut_off(true);
  client::SqlCancelRequest cancel;
  cancel.set_session(opened->session());
  const auto page = interrupted([&] { return call<client::SqlPage>(wire::METHOD_SQL_EXECUTE, select); },
                                [&] {
                                  const auto told = call<client::SqlCancelResponse>(wire::METHOD_SQL_CANCEL, cancel);
                                  ASSERT_TRUE(told.has_value()) << told.error().message;
                                  EXPECT_TRUE(told->was_running());
                                });
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().code, ErrorCode::cancelled) << page.error().message;
}

}  // namespace
}  // namespace latium
