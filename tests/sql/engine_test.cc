// Statements over tables in memory.
#include "tests/sql/engine_fixture.h"

namespace latium::sql {
namespace {

using ::testing::HasSubstr;

TEST_F(EngineTest, CreatesInsertsAndSelects) {
  ok("CREATE TABLE hosts(id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, cpus INTEGER, load FLOAT)");
  const SqlResult added = ok("INSERT INTO hosts(name, cpus, load) VALUES ('a', 4, 1), ('b', '8', 2.5)");
  EXPECT_EQ(added.changes, 2);
  EXPECT_EQ(added.last_insert_id, 2);
  EXPECT_EQ(run("SELECT id, name, cpus, load FROM hosts ORDER BY id"), "1|'a'|4|1.0 2|'b'|8|2.5");
  EXPECT_EQ(run("SELECT name FROM hosts WHERE id = ?", {Value(2)}), "'b'");
  EXPECT_EQ(run("SELECT id FROM hosts WHERE name = 'a'"), "1");
  EXPECT_EQ(run("SELECT rowid FROM hosts WHERE rowid = 2"), "2");
  EXPECT_EQ(run("SELECT count(*), sum(cpus) FROM hosts WHERE cpus > 4"), "1|8");
}

TEST_F(EngineTest, UpdatesAndDeletes) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b)");
  ok("INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', NULL)");
  EXPECT_EQ(ok("UPDATE t SET b = b + 1 WHERE id < 3").changes, 2);
  EXPECT_EQ(ok("UPDATE t SET id = id + 10 WHERE a = 'z'").changes, 1);
  EXPECT_EQ(ok("DELETE FROM t WHERE b = 3").changes, 1);
  EXPECT_EQ(run("SELECT * FROM t"), "1|'x'|2 13|'z'|null");
}

TEST_F(EngineTest, ConstraintsFailInTheWordsOfSqlite) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER CHECK (b > 0), c, d, UNIQUE (c, d))");
  ok("INSERT INTO t VALUES (1, 'x', 1, 1, 1)");
  EXPECT_THAT(run("INSERT INTO t VALUES (1, 'y', 1, 2, 2)"), HasSubstr("UNIQUE constraint failed: t.id"));
  EXPECT_THAT(run("INSERT INTO t VALUES (2, 'y', 1, 1, 1.0)"), HasSubstr("UNIQUE constraint failed: t.c, t.d"));
  EXPECT_EQ(run("INSERT INTO t VALUES (2, NULL, 1, 2, 2)"), "error: NOT NULL constraint failed: t.a");
  EXPECT_EQ(run("INSERT INTO t VALUES (2, 'y', 0, 2, 2)"), "error: CHECK constraint failed: b > 0");
  EXPECT_EQ(run("INSERT INTO t VALUES ('y', 'y', 1, 2, 2)"), "error: datatype mismatch");
  EXPECT_EQ(ok("INSERT OR IGNORE INTO t VALUES (1, 'y', 1, 2, 2), (5, 'z', 1, 5, 5)").changes, 1);
  EXPECT_EQ(ok("INSERT OR REPLACE INTO t VALUES (9, 'r', 1, 1, 1)").changes, 1);
  EXPECT_EQ(run("SELECT id, a FROM t"), "5|'z' 9|'r'");
}

TEST_F(EngineTest, TransactionsAndSavepoints) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a)");
  ok("BEGIN");
  ok("INSERT INTO t VALUES (1, 1)");
  ok("SAVEPOINT one");
  ok("INSERT INTO t VALUES (2, 2)");
  ok("ROLLBACK TO one");
  ok("INSERT INTO t VALUES (3, 3)");
  EXPECT_THAT(run("INSERT INTO t VALUES (4, 4), (1, 1)"), HasSubstr("UNIQUE"));
  ok("RELEASE one");
  EXPECT_EQ(show(session()->execute("SELECT count(*) FROM t", {})), "0");
  ok("COMMIT");
  EXPECT_EQ(show(session()->execute("SELECT id FROM t", {})), "1 3");
  ok("BEGIN");
  ok("DELETE FROM t");
  ok("ROLLBACK");
  EXPECT_EQ(run("SELECT count(*) FROM t"), "2");
}

TEST_F(EngineTest, DefaultsOfColumnsThatAreLeftOut) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a DEFAULT 5, b TEXT DEFAULT 'x', c DEFAULT (1 + 1))");
  ok("INSERT INTO t(id) VALUES (1), (2)");
  ok("INSERT INTO t(id, a) VALUES (3, NULL)");
  ok("INSERT INTO t DEFAULT VALUES");
  EXPECT_EQ(run("SELECT * FROM t"), "1|5|'x'|2 2|5|'x'|2 3|null|'x'|2 4|5|'x'|2");
}

TEST_F(EngineTest, OtherKeysAndNone) {
  ok("CREATE TABLE pairs(a TEXT, b INTEGER, c, PRIMARY KEY (a, b))");
  ok("CREATE TABLE bag(a, b)");
  ok("INSERT INTO pairs VALUES ('x', 1, 'one'), ('x', 2, 'two'), ('y', 1, 'three')");
  ok("INSERT INTO bag VALUES (1, 'a'), (1, 'a'), (2, 'b')");
  EXPECT_EQ(ok("UPDATE pairs SET c = 'new' WHERE a = 'x' AND b = 2").changes, 1);
  EXPECT_EQ(ok("UPDATE pairs SET b = b + 1 WHERE a = 'y'").changes, 1);
  EXPECT_EQ(run("SELECT * FROM pairs WHERE a >= 'x'"), "'x'|1|'one' 'x'|2|'new' 'y'|2|'three'");
  EXPECT_EQ(ok("DELETE FROM bag WHERE a = 1").changes, 2);
  EXPECT_EQ(run("SELECT * FROM bag"), "2|'b'");
}

TEST_F(EngineTest, SchemaIsSeenInOtherSessions) {
  const auto other = session();
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)");
  ok("CREATE INDEX by_a ON t(a)");
  ok("CREATE VIEW v AS SELECT a FROM t");
  EXPECT_EQ(show(other->execute("INSERT INTO t VALUES (1, 'x')", {})), "");
  EXPECT_EQ(show(other->execute("SELECT * FROM v", {})), "'x'");
  ok("ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 7");
  EXPECT_EQ(show(other->execute("SELECT a, b FROM t", {})), "'x'|7");
  EXPECT_EQ(show(other->execute("SELECT * FROM t", {})), "1|'x'|7");
  ok("ALTER TABLE t RENAME COLUMN b TO c");
  EXPECT_EQ(show(other->execute("SELECT c FROM t", {})), "7");
  EXPECT_EQ(run("SELECT name FROM sqlite_master WHERE type = 'index'"), "'by_a'");
  EXPECT_EQ(run("SELECT name, type FROM pragma_table_info('t')"), "'id'|'INTEGER' 'a'|'TEXT' 'c'|'INTEGER'");
  ok("DROP VIEW v");
  ok("DROP TABLE t");
  EXPECT_THAT(show(other->execute("SELECT * FROM t", {})), HasSubstr("no such table"));
}

TEST_F(EngineTest, JoinsTakeOneBatchATable) {
  ok("CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT)");
  ok("CREATE TABLE b(id INTEGER PRIMARY KEY, a_id INTEGER, x TEXT)");
  ok("CREATE INDEX b_by_a ON b(a_id)");
  ok("CREATE TABLE c(id INTEGER PRIMARY KEY, b_id INTEGER UNIQUE)");
  for (int i = 1; i <= 300; ++i) {
    ok("INSERT INTO a VALUES (?, ?)", {Value(i), Value("n" + std::to_string(i))});
    ok("INSERT INTO b VALUES (?, ?, 'x')", {Value(i + 1000), Value(i)});
    if (i % 2 == 0) ok("INSERT INTO c VALUES (?, ?)", {Value(i + 5000), Value(i + 1000)});
  }
  const SqlResult joined = ok("SELECT a.name, b.id, c.id FROM a LEFT JOIN b ON b.a_id = a.id LEFT JOIN c ON c.b_id = b.id");
  EXPECT_EQ(joined.rows.size(), 300u);
  EXPECT_LE(joined.stats.batches, 4u);
}

TEST_F(EngineTest, ReturningGivesTheRows) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INTEGER DEFAULT 7)");
  EXPECT_EQ(run("INSERT INTO t(a) VALUES ('x'), ('y') RETURNING id, a || ?, b", {Value("!")}), "1|'x!'|7 2|'y!'|7");
  EXPECT_EQ(run("UPDATE t SET b = b + ? WHERE a = ? RETURNING *", {Value(1), Value("y")}), "2|'y'|8");
  EXPECT_EQ(run("DELETE FROM t WHERE id = 1 RETURNING a, b"), "'x'|7");
  EXPECT_EQ(run("SELECT * FROM t"), "2|'y'|8");
  EXPECT_EQ(run("UPDATE t SET b = 0 WHERE id = 99 RETURNING id"), "");
}

TEST_F(EngineTest, UpsertChangesWhatIsThere) {
  ok("CREATE TABLE t(k TEXT PRIMARY KEY, n INTEGER NOT NULL, m INTEGER UNIQUE)");
  ok("INSERT INTO t VALUES ('a', 1, 10)");
  EXPECT_EQ(ok("INSERT INTO t VALUES ('a', 5, 11), ('b', 2, 20) ON CONFLICT (k) DO UPDATE SET n = n + excluded.n").changes, 2);
  EXPECT_EQ(run("SELECT * FROM t"), "'a'|6|10 'b'|2|20");
  EXPECT_EQ(
      ok("INSERT INTO t VALUES ('a', ?, 1) ON CONFLICT (k) DO UPDATE SET n = excluded.n WHERE excluded.n > 100", {Value(50)})
          .changes,
      0);
  EXPECT_EQ(ok("INSERT INTO t VALUES ('a', 1, 1), ('c', 3, 30) ON CONFLICT DO NOTHING").changes, 1);
  EXPECT_EQ(run("INSERT INTO t VALUES ('d', NULL, 1) ON CONFLICT DO NOTHING"), "error: NOT NULL constraint failed: t.n");
  EXPECT_EQ(run("INSERT INTO t(k, n) VALUES ('a', 7) ON CONFLICT (k) DO UPDATE SET n = excluded.n RETURNING k, n"), "'a'|7");
  EXPECT_THAT(run("INSERT INTO t VALUES ('e', 1, 99), ('f', 1, 30) ON CONFLICT (k) DO UPDATE SET n = 0"), HasSubstr("UNIQUE"));
  EXPECT_EQ(run("SELECT * FROM t"), "'a'|7|10 'b'|2|20 'c'|3|30");
}

TEST_F(EngineTest, TextIsUtf8) {
  EXPECT_THAT(run("CREATE TABLE t(a DEFAULT '\xff')"), HasSubstr("UTF-8"));
  EXPECT_EQ(run("SELECT name FROM sqlite_master"), "");
  EXPECT_EQ(run("SELECT 'caf\xc3\xa9'"), "'caf\xc3\xa9'");
}

TEST_F(EngineTest, LimitsOfReading) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  for (int i = 0; i < 20; ++i) ok("INSERT INTO t DEFAULT VALUES");
  engine_ = session({.max_rows = 5, .max_rows_read = 10});
  EXPECT_THAT(run("SELECT id FROM t WHERE id < 8"), HasSubstr("max_rows"));
  EXPECT_THAT(run("SELECT count(*) FROM t"), HasSubstr("max_rows_read"));
  EXPECT_EQ(run("SELECT id FROM t WHERE id < 3"), "1 2");
}

TEST_F(EngineTest, LimitOfMemory) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)");
  const std::string text(10'000, 'x');
  ok("BEGIN");
  for (int i = 0; i < 200; ++i) ok("INSERT INTO t(v) VALUES (?)", {Value(text)});
  ok("COMMIT");
  const auto refused = HasSubstr("max_bytes");
  engine_ = session({.max_bytes = 1 << 20});
  EXPECT_THAT(run("SELECT count(DISTINCT v || id) FROM t"), refused) << "rows that are fetched";
  EXPECT_THAT(
      run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT i, ? FROM n", {Value(text)}),
      refused)
      << "rows that are returned";
  EXPECT_THAT(run("SELECT zeroblob(2000000)"), refused) << "a value";
  EXPECT_THAT(
      run("INSERT INTO t(v) SELECT ? FROM t WHERE id < 60 UNION ALL SELECT ? FROM t WHERE id < 90", {Value(text), Value(text)}),
      refused)
      << "writes that wait";
  EXPECT_EQ(run("SELECT count(*) FROM t WHERE id < 50"), "49") << "what was kept is kept no more";
  ok("BEGIN");
  std::string last;
  int added = 0;
  while (last.empty() && added < 200) {
    last = run("INSERT INTO t(v) VALUES (?)", {Value(text)});
    ++added;
  }
  EXPECT_THAT(last, refused) << "writes of a transaction";
  EXPECT_GT(added, 50);
  ok("ROLLBACK");
  ok("INSERT INTO t(v) VALUES (?)", {Value(text)});
  EXPECT_EQ(show(session()->execute("SELECT count(*) FROM t", {})), "201");
}

TEST_F(EngineTest, LimitOfWanRoundTrips) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER)");
  ok("INSERT INTO t VALUES (1, 1), (2, 2)");
  auto tables = std::make_unique<latium::testing::MemoryTables>(database_);
  tables->far = true;
  engine_ = *Engine::open(std::move(tables), {.max_wan_round_trips = 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run("SELECT v FROM t WHERE id = 2"), "2") << "each statement has its own";
  EXPECT_THAT(run("SELECT (SELECT v FROM t WHERE id = 1), (SELECT v FROM t WHERE id = 2)"),
              HasSubstr("raise max_wan_round_trips"));
}

TEST_F(EngineTest, StatementsAreKeptForTheirNextUse) {
  engine_ = session({.statement_cache = 2});
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER)");
  EXPECT_EQ(run("SELECT v FROM t WHERE id = ?", {Value(1)}), "");
  EXPECT_EQ(engine_->statements_kept(), 1u);
  ok("INSERT INTO t VALUES (1, ?)", {Value(5)});
  EXPECT_EQ(run("SELECT v FROM t WHERE id = ?", {Value(1)}), "5");
  EXPECT_EQ(run("SELECT v FROM t WHERE id = ?"), "") << "values do not stay";
  EXPECT_EQ(engine_->statements_kept(), 2u);
  {
    const auto one = *engine_->prepare("SELECT v FROM t WHERE id = ?");
    const auto same = *engine_->prepare("SELECT v FROM t WHERE id = ?");
    EXPECT_EQ(engine_->statements_kept(), 1u) << "one user each";
  }
  ok("SELECT 1");
  ok("SELECT 2");
  EXPECT_EQ(engine_->statements_kept(), 2u);
  ok("ALTER TABLE t ADD COLUMN w INTEGER DEFAULT 7");
  EXPECT_EQ(engine_->statements_kept(), 0u) << "of tables as they are not any more";
  EXPECT_EQ(run("SELECT * FROM t"), "1|5|7");
  engine_ = session({.statement_cache = 0});
  ok("SELECT 1");
  EXPECT_EQ(engine_->statements_kept(), 0u);
}

TEST(StatementCacheTest, WhatWasUsedLongestAgoGoesFirst) {
  const Connection db = *open_connection();
  const auto made = [&](const std::string& sql) { return *prepare(db.get(), sql); };
  StatementCache cache(2);
  cache.put("SELECT 1", {}, made("SELECT 1"));
  cache.put("SELECT 2", {}, made("SELECT 2"));
  Prepared first = cache.take("SELECT 1");
  ASSERT_TRUE(first);
  EXPECT_FALSE(cache.take("SELECT 1"));
  cache.put("SELECT 1", {}, std::move(first));
  cache.put("SELECT 3", {}, made("SELECT 3"));
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_FALSE(cache.take("SELECT 2"));
  EXPECT_TRUE(cache.take("SELECT 1"));
  EXPECT_TRUE(cache.take("SELECT 3"));
}

TEST_F(EngineTest, NumbersCompareAcrossTypesToTheLastDigit) {
  ok("CREATE TABLE t(a UNIQUE, b INTEGER)");
  ok("CREATE INDEX i ON t(b)");
  ok("INSERT INTO t VALUES (9007199254740993, 9223372036854775807), (9007199254740992.0, 9007199254740993), (1, 0.5)");
  EXPECT_EQ(run("SELECT a FROM t WHERE a > 9007199254740992.0"), "9007199254740993");
  EXPECT_THAT(run("INSERT INTO t VALUES (1.0, 1)"), HasSubstr("UNIQUE"));
  EXPECT_EQ(run("SELECT b FROM t WHERE b > 9007199254740992 ORDER BY b"), "9007199254740993 9223372036854775807");
  EXPECT_EQ(run("SELECT b FROM t WHERE b = 9223372036854775807"), "9223372036854775807");
}

// More look-ups than guesses help with have the whole table fetched. A number in a column without a type is looked up by what is
// before it in the key.
TEST_F(EngineTest, AJoinOfNumbersWithAColumnWithoutATypeFindsAllOfAWholeTable) {
  ok("CREATE TABLE m(id INTEGER PRIMARY KEY, n NUMERIC)");
  ok("CREATE TABLE t(a INTEGER NOT NULL, b NOT NULL, PRIMARY KEY (a, b))");
  for (int i = 1; i <= 10; ++i) {
    ok("INSERT INTO m VALUES (?, ?)", {Value(i), Value(i + 0.5)});
    ok("INSERT INTO t VALUES (?, ?)", {Value(100 - i), Value(i + 0.5)});
  }
  EXPECT_EQ(run("SELECT count(*) FROM m CROSS JOIN t ON t.a = abs(m.id - 100) AND t.b = m.n"), "10");
}

// Text of a column of numbers makes numbers of what it is compared with, and numbers come before all text: '1' < ''.
TEST_F(EngineTest, TextBesideAColumnOfNumbersIsComparedAsNumbers) {
  ok("CREATE TABLE n(id INTEGER PRIMARY KEY, v INTEGER)");
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, v VARCHAR(9))");
  ok("CREATE INDEX by_v ON t(v)");
  ok("INSERT INTO n VALUES (1, x''), (2, 'ab'), (3, 2000), (4, ''), (5, 1.5)");
  ok("INSERT INTO t VALUES (1, '1'), (2, ' 1.0'), (3, '1000.0'), (4, 'b'), (5, '')");
  EXPECT_EQ(run("SELECT count(*), sum(t.id) FROM n JOIN t ON t.v < n.v WHERE n.id = 4"), "3|6");
  EXPECT_EQ(run("SELECT count(*) FROM n JOIN t ON t.v < n.v"), "17");
  EXPECT_EQ(run("SELECT count(*) FROM n JOIN t ON t.v <= n.v"), "18");
  EXPECT_EQ(run("SELECT count(*) FROM t WHERE v < ''"), "0") << "of a text by itself nothing makes a number";
  EXPECT_EQ(run("SELECT count(*) FROM t WHERE v < ?", {Value("1.5")}), "3");
}

TEST_F(EngineTest, ExplainLatiumCounts) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  ok("INSERT INTO t DEFAULT VALUES");
  EXPECT_THAT(run("EXPLAIN LATIUM SELECT * FROM t WHERE id = 1"), HasSubstr("'batches'|1"));
  EXPECT_THAT(run("EXPLAIN LATIUM SELECT * FROM t WHERE id = 1"), HasSubstr("'site'|'memory'"));
  EXPECT_THAT(run("EXPLAIN LATIUM SELECT * FROM t WHERE id = 1"), HasSubstr("'copies'|'memory:1'"));
  EXPECT_THAT(run("SELECT latium_stats()"), HasSubstr("\"rows_read\""));
  EXPECT_EQ(run("SELECT 'abc' REGEXP '^a.c$', 'abc' REGEXP 'x', 'zabcz' REGEXP 'b', NULL REGEXP 'x'"), "1|0|1|null");
  EXPECT_THAT(run("SELECT 'abc' REGEXP '('"), HasSubstr("regexp: "));
  // With a search that goes back it would take longer than the world is old.
  EXPECT_EQ(run("SELECT hex(zeroblob(1000000)) REGEXP '^(0+)+1$'"), "0");
}

}  // namespace
}  // namespace latium::sql
