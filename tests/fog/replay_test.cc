// Boots made of the trace, on SQLite itself.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "examples/fog_controllers/controller.h"
#include "examples/fog_controllers/tokens.h"
#include "tests/fog/native_databases.h"

namespace fog {
namespace {

const Trace& trace() {
  static const Trace kTrace = [] {
    auto read = read_trace_file(FOG_TRACE);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return read ? *std::move(read) : Trace();
  }();
  return kTrace;
}

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const TableRecord& table : trace().tables) {
      for (const std::string& sql : schema_of(trace(), table)) ASSERT_TRUE(run(table.database, sql, {}).has_value()) << sql;
      for (const auto& row : table.rows) ASSERT_TRUE(run(table.database, insert_of(table, 1), row).has_value());
    }
  }
  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) {
    return databases_.run(database, sql, std::move(parameters));
  }
  std::int64_t count(const std::string& database, const std::string& sql) {
    return run(database, sql, {})->rows.at(0).at(0).get<std::int64_t>();
  }

  NativeDatabases databases_;
};

TEST(TraceTest, IsReadWhole) {
  EXPECT_EQ(trace().tables.size(), 42u);
  EXPECT_EQ(trace().shapes.size(), 88u);
  EXPECT_EQ(trace().databases(), (std::vector<std::string>{"nova_api", "nova_cell0", "nova_cell1", "placement"}));
  std::size_t statements = 0;
  std::size_t transactions = 0;
  std::size_t rows = 0;
  for (const RecordedBoot& boot : trace().boots) {
    transactions += boot.transactions.size();
    for (const auto& transaction : boot.transactions) statements += transaction.statements.size();
    EXPECT_EQ(boot.tokens.size(), 7u);  // four uuids, an address, a reservation, a name
    EXPECT_EQ(boot.allocations, 3);
  }
  for (const TableRecord& table : trace().tables) rows += table.rows.size();
  EXPECT_EQ(statements, 471u);
  EXPECT_EQ(transactions, 241u);
  EXPECT_EQ(rows, 475u);
}

TEST(TraceTest, AWrongLineIsNamed) {
  std::istringstream in("{\"ev\":\"about\"}\n{\"ev\":\"sql\",\"s\":0}\n");
  const auto read = read_trace(in);
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("line 2"), std::string::npos) << read.error().message;
}

TEST(TokensTest, AreThoseThatStandAloneAndAreNowhereElse) {
  EXPECT_EQ(tokens_of("a vm001, req-01234567-89ab-cdef-0123-456789abcdef vm0012 vm001 r-abcd1234 r-abcd12345", "r-other"),
            (std::vector<std::string>{"vm001", "01234567-89ab-cdef-0123-456789abcdef", "r-abcd1234"}));
  EXPECT_TRUE(tokens_of("vm001", "x vm001 y").empty());
  Random random(1);
  EXPECT_EQ(fresh_token("vm001", "vm-7", random), "vm-7");
  const std::string uuid = fresh_token("01234567-89ab-cdef-0123-456789abcdef", "", random);
  EXPECT_EQ(tokens_of(uuid, "").size(), 1u) << uuid;
}

// Every boot is checked against the counts of the trace: a wrong id, uuid or generation changes one of them.
TEST_F(ReplayTest, ManyBootsGiveTheRecordedCounts) {
  Controller controller(trace(), databases_, {.site = "rennes"});
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(controller.boot()) << controller.tally().problem;
  const Tally& tally = controller.tally();
  EXPECT_EQ(tally.boots, 12);
  EXPECT_EQ(tally.failures + tally.mismatches + tally.retries, 0);
  EXPECT_EQ(tally.statements, 4 * 471);
  EXPECT_EQ(tally.transactions, 4 * 241);
  EXPECT_EQ(count("nova_cell1", "SELECT count(*) FROM instances"), 13);
  EXPECT_EQ(count("nova_cell1", "SELECT count(DISTINCT display_name) FROM instances"), 13);
  EXPECT_EQ(count("nova_cell1", "SELECT count(*) FROM instances WHERE vm_state = 'active' AND host IS NOT NULL"), 13);
  EXPECT_EQ(count("placement", "SELECT count(*) FROM allocations"), 39);
  EXPECT_EQ(count("nova_api", "SELECT count(*) FROM build_requests"), 0);
  EXPECT_EQ(count("nova_cell1", "SELECT count(*) FROM instance_actions_events e JOIN instance_actions a ON e.action_id = a.id"),
            13);
}

TEST_F(ReplayTest, AWrongCountEndsTheBoot) {
  ASSERT_TRUE(run("placement", "DELETE FROM traits WHERE id = 1", {}).has_value());
  Controller controller(trace(), databases_, {.site = "rennes"});
  EXPECT_FALSE(controller.boot());
  EXPECT_EQ(controller.tally().failures, 1);
  EXPECT_EQ(controller.tally().mismatches, 1);
  EXPECT_EQ(controller.tally().stale, 4);
  EXPECT_NE(controller.tally().problem.find("gave 344 rows"), std::string::npos) << controller.tally().problem;
}

// The first answer about system metadata lacks a row, as a read that comes too early does.
class Early final : public Databases {
 public:
  explicit Early(Databases& inner) : inner_(inner) {}
  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    auto answer = inner_.run(database, sql, std::move(parameters));
    if (answer && answer->rows.size() == 13 && !std::exchange(done_, true)) answer->rows.pop_back();
    return answer;
  }
  Databases& inner_;
  bool done_ = false;
};

TEST_F(ReplayTest, WhatWasReadTooEarlyIsAskedAgainAndCounted) {
  Early early(databases_);
  Controller controller(trace(), early, {.site = "rennes"});
  ASSERT_TRUE(controller.boot()) << controller.tally().problem;
  EXPECT_EQ(controller.tally().stale, 1);
  EXPECT_EQ(controller.tally().mismatches + controller.tally().retries, 0);
}

// Every 29th statement is a conflict; the outcome of every other commit is unknown, and half of those were done.
class Troubled final : public Databases {
 public:
  explicit Troubled(Databases& inner) : inner_(inner) {}
  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    if (sql == "BEGIN" || sql == "ROLLBACK") return inner_.run(database, sql, {});
    if (sql == "COMMIT" && ++commits_ % 2 == 0) {
      if (commits_ % 4 == 0) (void)inner_.run(database, sql, {});
      return std::unexpected(latium::Error(latium::ErrorCode::unknown_outcome, latium::Certainty::unknown, "lost"));
    }
    if (++statements_ % 29 == 0) return std::unexpected(latium::Error(latium::ErrorCode::conflict, "another was first"));
    return inner_.run(database, sql, std::move(parameters));
  }
  Databases& inner_;
  int commits_ = 0;
  int statements_ = 0;
};

TEST_F(ReplayTest, ConflictsAndUnknownOutcomesAreDoneAgainOrRecognised) {
  Troubled troubled(databases_);
  Controller controller(trace(), troubled, {.site = "rennes"});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(controller.boot()) << controller.tally().problem;
  EXPECT_GT(controller.tally().retries, 20);
  EXPECT_GT(controller.tally().statements, 471);
  EXPECT_EQ(count("nova_cell1", "SELECT count(*) FROM instances"), 4);
  EXPECT_EQ(count("nova_cell1", "SELECT count(*) FROM instance_system_metadata"), 12 + 3 * 12);
  EXPECT_EQ(count("placement", "SELECT count(*) FROM allocations"), 12);
}

// Every commit is done, and its answer is lost.
class Silent final : public Databases {
 public:
  explicit Silent(Databases& inner) : inner_(inner) {}
  Result<Answer> run(const std::string& database, const std::string& sql, std::vector<Value> parameters) override {
    auto answer = inner_.run(database, sql, std::move(parameters));
    if (sql == "COMMIT")
      return std::unexpected(latium::Error(latium::ErrorCode::unknown_outcome, latium::Certainty::unknown, "lost"));
    return answer;
  }
  Databases& inner_;
};

TEST_F(ReplayTest, WhatWasCommittedIsRecognised) {
  Silent silent(databases_);
  Controller controller(trace(), silent, {.site = "rennes"});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(controller.boot()) << controller.tally().problem;
  EXPECT_EQ(controller.tally().retries + controller.tally().stale, 0);
  EXPECT_EQ(count("placement", "SELECT count(*) FROM allocations"), 12);
}

}  // namespace
}  // namespace fog
