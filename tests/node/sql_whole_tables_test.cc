// Statements over small tables, which a node has at hand as a whole: what they find, what commits check, what limits hold.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "latium/sql.h"
#include "tests/node/clusters_over_sites.h"

namespace latium {
namespace {

constexpr int kRows = 200;

class SqlWholeTablesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto created = cluster_.nodes[0].create_tenant("acme", {.placement = "rennes:1", .partitions = 4});
    ASSERT_TRUE(created.has_value()) << created.error().message;
    SqlSession writer = session();
    for (const char* sql : {"CREATE TABLE hosts(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, rack TEXT)",
                            "CREATE INDEX hosts_by_rack ON hosts(rack)",
                            "CREATE TABLE extras(id INTEGER PRIMARY KEY, host TEXT UNIQUE, value TEXT)"}) {
      run(writer, sql);
    }
    run(writer, "BEGIN");
    for (int i = 0; i < kRows; ++i) {
      const std::string number = std::to_string(i);
      run(writer, "INSERT INTO hosts VALUES (" + number + ", 'h" + number + "', 'r" + std::to_string(i % 10) + "')");
      if (i % 2 == 0) run(writer, "INSERT INTO extras VALUES (" + number + ", 'h" + number + "', 'v" + number + "')");
    }
    run(writer, "COMMIT");
  }
  SqlSession session(SqlOptions options = {}) {
    auto made = cluster_.nodes[0].database("acme")->sql(options);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
  }
  static SqlResult run(SqlSession& session, const std::string& sql) {
    auto done = session.execute(sql);
    EXPECT_TRUE(done.has_value()) << sql << ": " << done.error().message;
    return done ? *std::move(done) : SqlResult();
  }
  static std::string code_of(const Result<SqlResult>& done) { return done ? "ok" : std::string(to_string(done.error().code)); }
  static std::string one(SqlSession& session, const std::string& sql) {
    const SqlResult done = run(session, sql);
    return done.rows.size() == 1 ? done.rows[0][0].to_string() : std::to_string(done.rows.size()) + " rows";
  }

  ClusterOverSites cluster_{{"rennes"}};
  const std::string join_ = "SELECT count(*), count(e.value) FROM hosts h LEFT JOIN extras e ON e.host = h.name";
  const std::string with_value_ = "SELECT count(e.value) FROM hosts h LEFT JOIN extras e ON e.host = h.name";
};

TEST_F(SqlWholeTablesTest, AJoinReadsEachTableOnce) {
  SqlSession reader = session();
  for (int run_of = 0; run_of < 2; ++run_of) {
    const SqlResult joined = run(reader, join_);
    ASSERT_EQ(joined.rows.size(), 1u);
    EXPECT_EQ(joined.rows[0][0], Value(kRows));
    EXPECT_EQ(joined.rows[0][1], Value(kRows / 2));
    EXPECT_EQ(joined.stats.rows_read, static_cast<std::uint64_t>(kRows + kRows / 2));
    EXPECT_LE(joined.stats.batches, 3u);
  }
}

TEST_F(SqlWholeTablesTest, WhatIsCommittedIsSeenByTheNextStatement) {
  SqlSession reader = session();
  SqlSession writer = session();
  EXPECT_EQ(one(reader, with_value_), "100");
  for (int i = 0; i < 20; ++i) {
    run(writer, "INSERT INTO extras VALUES (" + std::to_string(1000 + i) + ", 'h" + std::to_string(2 * i + 1) + "', 'new')");
    EXPECT_EQ(one(reader, with_value_), std::to_string(101 + i));
    run(writer, "UPDATE hosts SET rack = 'moved' WHERE id = " + std::to_string(i));
    EXPECT_EQ(one(reader, "SELECT count(*) FROM hosts WHERE rack = 'moved'"), std::to_string(i + 1));
  }
  run(writer, "DELETE FROM extras");
  EXPECT_EQ(one(reader, with_value_), "0");
}

TEST_F(SqlWholeTablesTest, ATransactionSeesWhatItWroteAndGoesBackFromIt) {
  SqlSession writer = session();
  EXPECT_EQ(one(writer, with_value_), "100");
  run(writer, "BEGIN");
  EXPECT_EQ(one(writer, with_value_), "100");
  run(writer, "SAVEPOINT before");
  run(writer, "INSERT INTO extras VALUES (1001, 'h1', 'new')");
  run(writer, "UPDATE extras SET host = NULL WHERE host = 'h2'");
  EXPECT_EQ(one(writer, "SELECT count(*) FROM extras WHERE host IS NULL"), "1");
  EXPECT_EQ(one(writer, with_value_), "100");
  EXPECT_EQ(one(writer, "SELECT e.value FROM hosts h JOIN extras e ON e.host = h.name WHERE h.id = 1"), "'new'");
  run(writer, "ROLLBACK TO before");
  EXPECT_EQ(one(writer, "SELECT count(*) FROM extras WHERE host = 'h1'"), "0");
  EXPECT_EQ(one(writer, "SELECT value FROM extras WHERE host = 'h2'"), "'v2'");
  run(writer, "COMMIT");
  EXPECT_EQ(one(writer, with_value_), "100");
}

TEST_F(SqlWholeTablesTest, RowsComeInTheOrderOfTheIndex) {
  SqlSession reader = session();
  run(reader, join_);
  EXPECT_EQ(one(reader, "SELECT group_concat(id) FROM (SELECT id FROM hosts WHERE rack = 'r3' ORDER BY id LIMIT 3)"),
            "'3,13,23'");
  EXPECT_EQ(one(reader, "SELECT group_concat(id) FROM (SELECT id FROM hosts WHERE id >= 195 ORDER BY id)"),
            "'195,196,197,198,199'");
  EXPECT_EQ(one(reader, "SELECT group_concat(name) FROM (SELECT name FROM hosts WHERE name > 'h97' ORDER BY name)"), "'h98,h99'");
  EXPECT_EQ(one(reader, "SELECT count(*) FROM hosts WHERE rack IN ('r1', 'r2', 'r99') AND id < 100"), "20");
  EXPECT_EQ(one(reader, "SELECT count(*) FROM hosts WHERE name = 5"), "0");
}

// What one reads and the other writes, and neither has written both.
TEST_F(SqlWholeTablesTest, ACommitIsRefusedWhereARowThatWasReadHasChanged) {
  SqlSession reader = session();
  SqlSession writer = session();
  run(reader, join_);
  for (const bool same : {true, false}) {
    run(reader, "BEGIN");
    EXPECT_EQ(one(reader, "SELECT rack FROM hosts WHERE name = 'h7'"), same ? "'r7'" : "'moved'");
    run(reader, "UPDATE extras SET value = 'seen' WHERE host = 'h8'");
    run(writer, same ? "UPDATE hosts SET rack = 'moved' WHERE name = 'h7'" : "UPDATE hosts SET rack = 'moved' WHERE name = 'h9'");
    EXPECT_EQ(code_of(reader.execute("COMMIT")), same ? "conflict" : "ok");
  }
  EXPECT_EQ(one(reader, "SELECT value FROM extras WHERE host = 'h8'"), "'seen'");
}

TEST_F(SqlWholeTablesTest, ACommitIsRefusedWhereARowHasComeThatWasLookedFor) {
  SqlSession reader = session();
  SqlSession writer = session();
  for (const bool checked : {true, false}) {
    run(reader, join_);
    SqlSession only_reads = session({.check_read_only = checked});
    run(only_reads, "BEGIN");
    EXPECT_EQ(one(only_reads, with_value_), checked ? "100" : "101");
    run(writer, checked ? "INSERT INTO extras VALUES (1001, 'h1', 'new')" : "INSERT INTO extras VALUES (1003, 'h3', 'new')");
    // It is what it was for the transaction, whether that is found out at its end or not.
    EXPECT_EQ(one(only_reads, with_value_), checked ? "100" : "101");
    EXPECT_EQ(code_of(only_reads.execute("COMMIT")), checked ? "conflict" : "ok");
  }
}

TEST_F(SqlWholeTablesTest, LimitsHold) {
  SqlSession enough = session({.max_rows_read = kRows + kRows / 2});
  EXPECT_EQ(code_of(enough.execute(join_)), "ok");
  SqlSession rows = session({.max_rows_read = kRows + kRows / 2 - 1});
  const auto refused = rows.execute(join_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("max_rows_read"), std::string::npos) << refused.error().message;
  SqlSession writer = session();
  run(writer, "UPDATE extras SET value = hex(zeroblob(2500))");
  SqlSession bytes = session({.max_bytes = 1 << 20});
  const auto too_much = bytes.execute(join_);
  ASSERT_FALSE(too_much.has_value());
  EXPECT_NE(too_much.error().message.find("max_bytes"), std::string::npos) << too_much.error().message;
}

TEST_F(SqlWholeTablesTest, ALargeTableIsLookedUpByItsKeys) {
  SqlSession writer = session();
  run(writer, "CREATE TABLE many(id INTEGER PRIMARY KEY, host TEXT UNIQUE)");
  for (int block = 0; block < 5; ++block) {
    run(writer, "INSERT INTO many SELECT value, 'h' || value FROM (WITH RECURSIVE n(value) AS (SELECT " +
                    std::to_string(500 * block) + " UNION ALL SELECT value + 1 FROM n WHERE value < " +
                    std::to_string(500 * block + 499) + ") SELECT value FROM n)");
  }
  SqlSession reader = session();
  const SqlResult joined = run(reader, "SELECT count(*) FROM hosts h JOIN many m ON m.host = h.name WHERE h.rack = 'r1'");
  ASSERT_EQ(joined.rows.size(), 1u);
  EXPECT_EQ(joined.rows[0][0], Value(kRows / 10));
  EXPECT_LT(joined.stats.rows_read, 1000u);
}

}  // namespace
}  // namespace latium
