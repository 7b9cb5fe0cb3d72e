// SQL on a cluster of three nodes and one that holds nothing.
#include "latium/sql.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "base/result.h"
#include "tests/node/three_nodes.h"

namespace latium {
namespace {

class SqlTest : public ThreeNodesTest {
 protected:
  SqlSession session(std::size_t node, SqlOptions options = {.reads = Consistency::quorum}) {
    auto made = nodes_[node].database("acme")->sql(options);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
  }
  static SqlResult ok(SqlSession& session, std::string_view sql, std::vector<Value> parameters = {}) {
    auto result = session.execute(sql, std::move(parameters));
    EXPECT_TRUE(result.has_value()) << sql << ": " << result.error().message;
    return result ? *result : SqlResult();
  }
  static std::string show(const Result<SqlResult>& result) {
    if (!result) return "error: " + result.error().message;
    std::string out;
    for (const auto& row : result->rows) {
      out += out.empty() ? "" : " ";
      for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "|" : "") + row[i].to_string();
    }
    return out;
  }
};

TEST_F(SqlTest, WhatOneNodeWritesAllNodesRead) {
  SqlSession writer = session(0);
  const auto made = writer.script(
      "CREATE TABLE hosts(id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, cpus INTEGER);"
      "CREATE INDEX hosts_by_cpus ON hosts(cpus);"
      "INSERT INTO hosts(name, cpus) VALUES ('a', 4), ('b', '8'), ('c', 8.0);");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    SqlSession reader = session(node);
    EXPECT_EQ(show(reader.execute("SELECT name, cpus FROM hosts WHERE cpus = 8 ORDER BY name")), "'b'|8 'c'|8");
    EXPECT_EQ(show(reader.execute("SELECT id, cpus FROM hosts WHERE name = ?", {Value("a")})), "1|4");
    EXPECT_EQ(show(reader.execute("SELECT count(*), max(id) FROM hosts")), "3|3");
  }
  SqlSession other = session(3);
  EXPECT_EQ(ok(other, "UPDATE hosts SET cpus = cpus * 2 WHERE cpus >= 8").changes, 2);
  EXPECT_EQ(ok(other, "DELETE FROM hosts WHERE name = 'a'").changes, 1);
  const auto duplicate = other.execute("INSERT INTO hosts(name) VALUES ('b')");
  ASSERT_FALSE(duplicate.has_value());
  EXPECT_EQ(duplicate.error().code, ErrorCode::already_exists);
  EXPECT_THAT(duplicate.error().message, testing::HasSubstr("UNIQUE constraint failed: hosts.name"));
  EXPECT_EQ(show(writer.execute("SELECT name, cpus FROM hosts ORDER BY id")), "'b'|16 'c'|16");
}

TEST_F(SqlTest, TransactionsCommitWholeOrNotAtAll) {
  SqlSession one = session(0);
  ASSERT_TRUE(one.script("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER);INSERT INTO t VALUES (1, 0), (2, 0)").has_value());
  SqlSession two = session(1);
  ok(one, "BEGIN");
  ok(two, "BEGIN");
  EXPECT_EQ(show(one.execute("SELECT v FROM t WHERE id = 1")), "0");
  EXPECT_EQ(show(two.execute("SELECT v FROM t WHERE id = 1")), "0");
  ok(one, "UPDATE t SET v = v + 1 WHERE id = 1");
  ok(two, "UPDATE t SET v = v + 1 WHERE id = 1");
  ok(one, "COMMIT");
  const auto lost = two.execute("COMMIT");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::conflict) << lost.error().message;
  EXPECT_FALSE(two.in_transaction());
  ok(two, "BEGIN");
  ok(two, "SAVEPOINT s");
  ok(two, "UPDATE t SET v = 100");
  ok(two, "ROLLBACK TO s");
  ok(two, "UPDATE t SET v = v + 1 WHERE id = 1");
  ok(two, "COMMIT");
  EXPECT_EQ(show(one.execute("SELECT v FROM t ORDER BY id")), "2 0");
}

TEST_F(SqlTest, ManySessionsCountInOneRow) {
  SqlSession first = session(0);
  ASSERT_TRUE(first.script("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER);INSERT INTO t VALUES (1, 0)").has_value());
  constexpr int kEach = 5;
  std::atomic<int> counted = 0;
  std::atomic<int> open = 0;  // somebody else wrote before it was known what became of it
  std::vector<std::thread> threads;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    threads.emplace_back([&, node] {
      SqlSession mine = session(node, {.timeout = std::chrono::seconds(60)});
      for (int i = 0; i < kEach; ++i) {
        const auto done = mine.execute("UPDATE t SET v = v + 1 WHERE id = 1");
        if (done) ++counted;
        if (!done && done.error().code == ErrorCode::unknown_outcome) ++open;
        EXPECT_TRUE(done || done.error().code == ErrorCode::unknown_outcome) << done.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const SqlResult total = ok(first, "SELECT v FROM t");
  ASSERT_EQ(total.rows.size(), 1u);
  EXPECT_GE(total.rows[0][0], Value(counted.load()));
  EXPECT_LE(total.rows[0][0], Value(counted + open));
}

TEST_F(SqlTest, StatementsAreSteppedThroughAndUsedAgain) {
  SqlSession mine = session(1);
  ASSERT_TRUE(mine.script("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)").has_value());
  auto insert = mine.prepare("INSERT INTO t(v) VALUES (?)");
  ASSERT_TRUE(insert.has_value()) << insert.error().message;
  EXPECT_EQ(insert->parameters(), 1u);
  EXPECT_FALSE(insert->read_only());
  for (const char* text : {"x", "y", "z"}) {
    ASSERT_TRUE(insert->bind({Value(text)}).has_value());
    const auto done = insert->step();
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_FALSE(*done);
    EXPECT_EQ(insert->changes(), 1);
  }
  auto select = mine.prepare("SELECT id, v FROM t ORDER BY id DESC");
  ASSERT_TRUE(select.has_value());
  EXPECT_TRUE(*select->step());
  EXPECT_EQ(select->row(), (std::vector<Value>{Value(3), Value("z")}));
  EXPECT_EQ(select->columns(), (std::vector<std::string>{"id", "v"}));
  ASSERT_TRUE(select->reset().has_value());
  int rows = 0;
  while (*select->step()) ++rows;
  EXPECT_EQ(rows, 3);
}

// Whoever commits first decides, whatever the isolation: a row that is named is there.
TEST_F(SqlTest, ForeignKeysHoldAcrossNodes) {
  for (const bool serializable : {true, false}) {
    const SqlOptions options{.serializable = serializable, .reads = Consistency::quorum, .foreign_keys = true};
    const std::string p = serializable ? "p1" : "p2";
    const std::string c = serializable ? "c1" : "c2";
    SqlSession one = session(0, options);
    const auto made = one.script("CREATE TABLE " + p + "(id INTEGER PRIMARY KEY, name TEXT UNIQUE, v INTEGER);" +  //
                                 "CREATE TABLE " + c + "(id INTEGER PRIMARY KEY, p INTEGER REFERENCES " + p +
                                 ", name TEXT REFERENCES " + p + "(name) ON DELETE CASCADE);" +  //
                                 "CREATE INDEX by_" + c + " ON " + c + "(p);INSERT INTO " + p +
                                 " VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0)");
    ASSERT_TRUE(made.has_value()) << made.error().message;
    SqlSession two = session(1, options);
    const auto race = [&](const std::string& first, const std::string& second) {
      ok(one, "BEGIN");
      ok(two, "BEGIN");
      ok(one, first);
      ok(two, second);
      ok(one, "COMMIT");
      const auto lost = two.execute("COMMIT");
      return lost ? "committed" : std::string(to_string(lost.error().code));
    };
    EXPECT_EQ(race("DELETE FROM " + p + " WHERE id = 1", "INSERT INTO " + c + " VALUES (1, 1, NULL)"), "conflict");
    EXPECT_EQ(race("INSERT INTO " + c + " VALUES (2, 2, NULL)", "DELETE FROM " + p + " WHERE id = 2"), "conflict");
    EXPECT_EQ(race("INSERT INTO " + c + " VALUES (3, NULL, 'c')", "DELETE FROM " + p + " WHERE id = 3"), "conflict");
    // What else is in the row that is named is nobody's business.
    EXPECT_EQ(race("UPDATE " + p + " SET v = 1 WHERE id = 3", "INSERT INTO " + c + " VALUES (4, NULL, 'c')"), "committed");
    const auto named = two.execute("DELETE FROM " + p + " WHERE id = 2");
    ASSERT_FALSE(named.has_value());
    EXPECT_EQ(named.error().code, ErrorCode::broken_reference) << named.error().message;
    EXPECT_EQ(ok(two, "DELETE FROM " + p + " WHERE id = 3").changes, 1);
    EXPECT_EQ(show(one.execute("SELECT id FROM " + c + " ORDER BY id")), "2");
    EXPECT_EQ(show(one.execute("SELECT id FROM " + p + " ORDER BY id")), "2");
  }
}

// A table is known to all who remove rows that it may name from the moment on at which it can have rows.
TEST_F(SqlTest, ForeignKeysHoldFromTheFirstRowOn) {
  const SqlOptions options{.reads = Consistency::quorum, .foreign_keys = true};
  SqlSession one = session(0, options);
  ASSERT_TRUE(one.script("CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
                         "INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')")
                  .has_value());
  SqlSession two = session(1, options);
  SqlSession three = session(2, options);
  ok(two, "UPDATE p SET name = 'B' WHERE id = 2");
  ok(three, "BEGIN");
  ok(three, "DELETE FROM p WHERE id = 3");
  ok(one, "CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p, name TEXT REFERENCES p(name))");
  ok(one, "INSERT INTO c VALUES (1, 1, NULL), (2, NULL, 'B'), (3, 3, NULL)");
  // Who has used the table before, without a look at the clock.
  EXPECT_THAT(show(two.execute("DELETE FROM p WHERE id = 1")), testing::HasSubstr("FOREIGN KEY constraint failed"));
  EXPECT_THAT(show(two.execute("UPDATE p SET name = 'x' WHERE id = 2")), testing::HasSubstr("FOREIGN KEY constraint failed"));
  EXPECT_EQ(ok(two, "DELETE FROM p WHERE id = 4").changes, 1);
  // Who has looked for who names it when there was none.
  const auto lost = three.execute("COMMIT");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::conflict) << lost.error().message;
  // A column that comes later can name, too.
  ok(one, "CREATE TABLE d(id INTEGER PRIMARY KEY)");
  ok(two, "UPDATE p SET name = 'A' WHERE id = 1");
  ok(one, "DELETE FROM c");
  ok(one, "ALTER TABLE d ADD COLUMN p TEXT REFERENCES p(name)");
  ok(one, "INSERT INTO d VALUES (1, 'A')");
  EXPECT_THAT(show(two.execute("DELETE FROM p WHERE id = 1")), testing::HasSubstr("FOREIGN KEY constraint failed"));
}

TEST_F(SqlTest, ATableCanNameOneThatTheTransactionHasWritten) {
  SqlSession one = session(0, {.reads = Consistency::quorum, .foreign_keys = true});
  const auto made = one.script(
      "BEGIN;"
      "CREATE TABLE p(id INTEGER PRIMARY KEY);"
      "INSERT INTO p VALUES (1), (2);"
      "CREATE TABLE c(p INTEGER REFERENCES p);"
      "INSERT INTO c VALUES (2);"
      "COMMIT");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  SqlSession other = session(1, {.reads = Consistency::quorum, .foreign_keys = true});
  EXPECT_EQ(show(other.execute("SELECT p.id, c.p FROM p LEFT JOIN c ON c.p = p.id ORDER BY 1")), "1|null 2|2");
  EXPECT_EQ(show(other.execute("DELETE FROM p WHERE id = 1")), "");
  EXPECT_THAT(show(other.execute("DELETE FROM p WHERE id = 2")), testing::HasSubstr("FOREIGN KEY constraint failed"));
}

TEST_F(SqlTest, TablesAreRenamedAndMadeFromQueries) {
  SqlSession one = session(0);
  ASSERT_TRUE(one.script("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT UNIQUE, b INTEGER);CREATE INDEX t_by_b ON t(b);"
                         "CREATE VIEW big AS SELECT a FROM t WHERE b > 1;"
                         "INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3)")
                  .has_value());
  SqlSession two = session(1);
  EXPECT_EQ(show(two.execute("SELECT a FROM big ORDER BY a")), "'y' 'z'");
  ok(one, "CREATE TABLE copy AS SELECT a, b FROM t WHERE id > 1");
  EXPECT_EQ(show(two.execute("SELECT a, b FROM copy ORDER BY b")), "'y'|2 'z'|3");
  ok(one, "ALTER TABLE t RENAME TO u");
  for (SqlSession* const session : {&one, &two}) {
    EXPECT_EQ(show(session->execute("SELECT id FROM u WHERE b = 2")), "2");
    EXPECT_EQ(show(session->execute("SELECT a FROM big ORDER BY a")), "'y' 'z'");
    EXPECT_THAT(show(session->execute("SELECT * FROM t")), testing::HasSubstr("no such table: t"));
  }
  // Indexes keep their names, also where the table is met under both of its own.
  ok(two, "DROP INDEX t_by_b");
  ok(one, "CREATE INDEX t_by_b ON u(b)");
  ok(two, "INSERT INTO u(a, b) VALUES ('w', 4)");
  EXPECT_THAT(show(one.execute("INSERT INTO u VALUES (9, 'w', 4)")), testing::HasSubstr("UNIQUE constraint failed: u.a"));
  // A transaction that has used the old name, or the new one's forerunner, does not commit.
  ok(two, "BEGIN");
  ok(two, "UPDATE u SET b = 0");
  ok(one, "ALTER TABLE u RENAME TO t");
  const auto lost = two.execute("COMMIT");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::conflict) << lost.error().message;
  EXPECT_EQ(show(two.execute("SELECT sum(b) FROM t")), "10");
  ok(one, "DROP TABLE t");
  EXPECT_THAT(show(two.execute("ALTER TABLE copy RENAME TO t")), testing::HasSubstr("error in view big")) << "as in SQLite";
  ok(one, "DROP VIEW big");
  ok(two, "ALTER TABLE copy RENAME TO t");
  EXPECT_EQ(show(one.execute("SELECT a, b FROM t ORDER BY b")), "'y'|2 'z'|3");
}

TEST_F(SqlTest, ForeignKeysFollowATableThatIsRenamed) {
  SqlSession one = session(0, {.reads = Consistency::quorum, .foreign_keys = true});
  SqlSession two = session(1, {.reads = Consistency::quorum, .foreign_keys = true});
  ASSERT_TRUE(one.script("CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p);"
                         "INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1)")
                  .has_value());
  EXPECT_EQ(show(two.execute("SELECT count(*) FROM p JOIN c ON c.p = p.id")), "1");
  // What was begun before does not commit; what comes later finds the rows that name one, and those that are named.
  ok(two, "BEGIN");
  ok(two, "DELETE FROM p WHERE id = 2");
  ok(one, "ALTER TABLE p RENAME TO q");
  EXPECT_EQ(two.execute("COMMIT").error().code, ErrorCode::conflict);
  for (SqlSession* const session : {&two, &one}) {
    EXPECT_THAT(show(session->execute("DELETE FROM q WHERE id = 1")), testing::HasSubstr("FOREIGN KEY constraint failed"));
    EXPECT_THAT(show(session->execute("INSERT INTO c VALUES (9, 9)")), testing::HasSubstr("FOREIGN KEY constraint failed"));
    EXPECT_THAT(show(session->execute("SELECT * FROM p")), testing::HasSubstr("no such table: p"));
  }
  ok(two, "INSERT INTO c VALUES (2, 2)");
  EXPECT_EQ(show(one.execute("SELECT sql FROM sqlite_schema WHERE name = 'c'")),
            "'CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES \"q\")'");
  // A parent that another session makes is met without a refresh of any other cause.
  ok(one, "CREATE TABLE d(r INTEGER REFERENCES r(id))");
  EXPECT_THAT(show(one.execute("INSERT INTO d VALUES (1)")), testing::HasSubstr("no such table: main.r"));
  ok(two, "CREATE TABLE r(id INTEGER PRIMARY KEY)");
  ok(two, "INSERT INTO r VALUES (1)");
  ok(one, "INSERT INTO d VALUES (1)");
}

TEST_F(SqlTest, TablesOfCppAreSeenWithTheirTypes) {
  TableDefinition table{.name = "events",
                        .columns = {{.name = "id", .type = ValueType::uuid},
                                    {.name = "at", .type = ValueType::timestamp},
                                    {.name = "done", .type = ValueType::boolean, .default_value = false}},
                        .primary_key = {"id"},
                        .indexes = {{.name = "by_at", .columns = {"at"}}}};
  ASSERT_TRUE(nodes_[0].database("acme")->create_table(table).has_value());
  SqlSession mine = session(2);
  ok(mine, "INSERT INTO events(id, at) VALUES ('00000000-0000-0000-0000-000000000001', '2026-01-31 12:00:00')");
  EXPECT_EQ(show(mine.execute("SELECT * FROM events WHERE id = '00000000-0000-0000-0000-000000000001'")),
            "'00000000-0000-0000-0000-000000000001'|'2026-01-31 12:00:00.000000'|0");
  EXPECT_EQ(show(mine.execute("SELECT count(*) FROM events WHERE at > '2026-01-31'")), "1");
  EXPECT_THAT(show(mine.execute("INSERT INTO events(id, at) VALUES ('x', '2026-01-31 12:00:00')")),
              testing::HasSubstr("datatype mismatch"));
  Session session = nodes_[0].database("acme")->session({.reads = Consistency::quorum});
  const auto found = session.find("events", "");
  ASSERT_TRUE(found.has_value() && found->rows.size() == 1);
  EXPECT_EQ(found->rows[0].values[2], Value(false));
}

TEST_F(SqlTest, AnIndexIsAddedToATableWithRowsThatChangeMeanwhile) {
  SqlSession one = session(0);
  ASSERT_TRUE(one.script("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER, w TEXT)").has_value());
  constexpr int kRows = 300;
  for (int i = 0; i < kRows; i += 100) {
    ok(one, "INSERT INTO t SELECT value, value % 10, 'w' || value FROM json_each(?)", [&] {
      std::string numbers;
      for (int n = i; n < i + 100; ++n) numbers += (numbers.empty() ? "[" : ",") + std::to_string(n);
      return std::vector<Value>{Value(numbers + "]")};
    }());
  }
  std::atomic<bool> built = false;
  std::thread writer([&] {
    SqlSession mine = session(2, {.timeout = std::chrono::seconds(60)});
    for (int i = 0; i < 10 || (!built && i < 200); ++i) {
      ok(mine, "UPDATE t SET v = v + 10 WHERE id = ?", {Value(i % kRows)});
      ok(mine, "INSERT INTO t VALUES (?, 5, 'new' || ?)", {Value(kRows + i), Value(i)});
    }
  });
  SqlSession two = session(1, {.reads = Consistency::quorum, .timeout = std::chrono::seconds(60)});
  ok(two, "CREATE INDEX by_v ON t(v)");
  built = true;
  writer.join();
  const auto total = ok(two, "SELECT count(*) FROM t").rows.at(0).at(0).get<std::int64_t>();
  const SqlResult few = ok(two, "SELECT count(*) FROM t WHERE v = 5");
  EXPECT_LT(few.stats.rows_read, static_cast<std::uint64_t>(total)) << "the index is used";
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    SqlSession reader = session(node);
    // By the index and not by it.
    EXPECT_EQ(show(reader.execute("SELECT count(*) FROM t WHERE v = 5")),
              show(reader.execute("SELECT count(*) FROM t WHERE +v = 5")));
    EXPECT_EQ(show(reader.execute("SELECT count(*) FROM t WHERE v > 12")),
              show(reader.execute("SELECT count(*) FROM t WHERE +v > 12")));
  }
}

TEST_F(SqlTest, AUniqueIndexOfRowsWithTheSameValuesIsRefusedAndNotLeft) {
  SqlSession one = session(0, {.reads = Consistency::quorum, .timeout = std::chrono::seconds(60)});
  ASSERT_TRUE(
      one.script("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER); INSERT INTO t VALUES (1, 7), (2, 8), (3, 7)").has_value());
  const auto refused = one.execute("CREATE UNIQUE INDEX one_v ON t(v)");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
  EXPECT_THAT(refused.error().message, testing::StartsWith("UNIQUE constraint failed: t.v"));
  SqlSession two = session(1, {.reads = Consistency::quorum, .timeout = std::chrono::seconds(60)});
  EXPECT_EQ(show(two.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")), "");
  ok(two, "INSERT INTO t VALUES (4, 8)");
  ok(two, "DELETE FROM t WHERE id > 2");
  ok(two, "CREATE UNIQUE INDEX one_v ON t(v)");
  EXPECT_THAT(show(one.execute("INSERT INTO t VALUES (5, 8)")), testing::HasSubstr("UNIQUE constraint failed: t.v"));
  ok(one, "DROP INDEX one_v");
  ok(one, "INSERT INTO t VALUES (5, 8)");
  ok(two, "CREATE INDEX one_v ON t(v)");
  EXPECT_EQ(show(two.execute("SELECT id FROM t WHERE v = 8 ORDER BY id")), "2 5");
}

TEST_F(SqlTest, BadOptionsAndBadSqlAreRefused) {
  EXPECT_EQ(nodes_[0].database("acme")->sql({.max_rows = 0}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(nodes_[0].database("acme")->sql({.timeout = std::chrono::milliseconds(0)}).error().code, ErrorCode::invalid_argument);
  SqlSession mine = session(0, {.max_rows = 2});
  EXPECT_EQ(show(mine.execute("SELECT FROM")), "error: near \"FROM\": syntax error");
  EXPECT_EQ(show(mine.execute("SELECT * FROM nowhere")), "error: no such table: nowhere");
  EXPECT_THAT(show(mine.execute("VALUES (1), (2), (3)")), testing::HasSubstr("max_rows"));
  EXPECT_THAT(show(mine.execute("ATTACH 'x' AS y")), testing::HasSubstr("not supported"));
  EXPECT_THAT(show(mine.execute("SELECT 1; SELECT 2")), testing::HasSubstr("several statements"));
  EXPECT_EQ(show(mine.execute("SELECT latium_site()")), "'rennes'");
}

}  // namespace
}  // namespace latium
