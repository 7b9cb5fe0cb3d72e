// What tables can be, and be made into: names, queries that make them, renaming, generated columns, what is refused.
#include "tests/sql/engine_fixture.h"

namespace latium::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using TableDefinitionsTest = EngineTest;

TEST_F(TableDefinitionsTest, NamesAreWhatQuotesHold) {
  ok("CREATE TABLE \"my \"\"hosts\"\"\"(\"the id\" INTEGER PRIMARY KEY, [1st] TEXT, `select` INTEGER, \"d\u00e9t\" REAL)");
  ok("CREATE UNIQUE INDEX \"by.1st\" ON \"my \"\"hosts\"\"\"([1st])");
  ok("CREATE TABLE \"of;them\"(\"a-b\" INTEGER REFERENCES \"my \"\"hosts\"\"\"(\"the id\"), id INTEGER PRIMARY KEY)");
  ok("INSERT INTO [my \"hosts\"] VALUES (1, 'x', 2, 0.5)");
  EXPECT_EQ(run("INSERT INTO [my \"hosts\"]([1st]) VALUES ('x')"), "error: UNIQUE constraint failed: my \"hosts\".1st ('x')");
  ok("INSERT INTO \"of;them\" VALUES (1, 1)");
  EXPECT_EQ(run("SELECT h.\"the id\", \"select\", d\u00e9t FROM \"of;them\" JOIN [my \"hosts\"] AS h ON \"a-b\" = h.[the id]"),
            "1|2|0.5");
  EXPECT_EQ(run("UPDATE [my \"hosts\"] SET \"select\" = 3 WHERE [1st] = 'x' RETURNING \"select\""), "3");
  ok("ALTER TABLE \"of;them\" RENAME TO \"\u2603\"");
  ok("ALTER TABLE \"\u2603\" RENAME COLUMN \"a-b\" TO \"A B\"");
  ok("ALTER TABLE \u2603 ADD COLUMN \"it's\" TEXT DEFAULT ''''");
  EXPECT_EQ(run("SELECT * FROM \u2603"), "1|1|''''");
  EXPECT_EQ(run("SELECT name FROM pragma_table_info('\u2603')"), "'A B' 'id' 'it''s'");
  ok("DROP INDEX \"by.1st\"");
  ok("DROP TABLE \"\u2603\"");
  EXPECT_THAT(run("CREATE TABLE \"a\nb\"(id INTEGER PRIMARY KEY)"), HasSubstr("control characters"));
  // Temporary tables are SQLite's own, which does not survive these.
  for (const char* const sql :
       {"CREATE TEMP TABLE \"\"\"t\"(a)", "CREATE TEMP TABLE temp.'\"t'(a)", "CREATE TABLE IF NOT EXISTS ['t](a)",
        "ALTER TABLE t RENAME TO '`t'", "CREATE TEMP TABLE t(a REFERENCES \"[t\")"}) {
    EXPECT_THAT(run(sql), HasSubstr("begins with a quote")) << sql;
  }
  ok("CREATE TEMP TABLE here(a DEFAULT '\"', b)");
}

TEST_F(TableDefinitionsTest, ATableOfTheRowsOfAQuery) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL)");
  ok("INSERT INTO t VALUES (1, 'x', 1.5), (2, 'y', NULL), (3, 'z', 3)");
  ok("CREATE TABLE u AS SELECT id, upper(a) AS big, b, b * 2 AS twice FROM t WHERE id <> ? ORDER BY id", {Value(2)});
  EXPECT_EQ(run("SELECT * FROM u ORDER BY id"), "1|'X'|1.5|3.0 3|'Z'|3.0|6.0");
  EXPECT_EQ(run("SELECT type FROM pragma_table_info('u')"), "'INT' '' 'REAL' ''") << "as SQLite has it";
  EXPECT_EQ(run("CREATE TABLE u AS SELECT 1 AS one"), "error: table u already exists");
  EXPECT_EQ(run("CREATE TABLE IF NOT EXISTS u AS SELECT 1 AS one"), "");
  EXPECT_THAT(run("CREATE TABLE v AS SELECT missing FROM t"), HasSubstr("no such column: missing"));
  ok("CREATE TABLE \"t's\" AS SELECT count(*), max(id) FROM t");
  EXPECT_EQ(run("SELECT \"count(*)\", \"max(id)\" FROM [t's]"), "3|3");
  ok("DROP TABLE \"t's\"");
  EXPECT_EQ(run("CREATE TABLE main.\"v\" AS WITH n(i) AS (SELECT 7) SELECT i FROM n"), "");
  EXPECT_EQ(run("SELECT * FROM v"), "7");
  // In a transaction: the rows go with it, the table, like others, does not.
  ok("BEGIN");
  ok("INSERT INTO t VALUES (4, 'w', 4)");
  ok("CREATE TABLE w AS SELECT a FROM t WHERE id = 4");
  EXPECT_EQ(run("SELECT * FROM w"), "'w'");
  ok("ROLLBACK");
  EXPECT_EQ(run("SELECT * FROM w"), "");
  EXPECT_EQ(run("SELECT name FROM sqlite_schema ORDER BY name"), "'t' 'u' 'v' 'w'");
  ok("CREATE TEMP TABLE here AS SELECT a FROM t");
  ok("CREATE TABLE kept AS SELECT * FROM here");
  EXPECT_EQ(run("SELECT count(*) FROM kept"), "3");
}

TEST_F(TableDefinitionsTest, ATableThatDoesNotGetItsRowsIsNotThere) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY)");
  for (int i = 0; i < 20; ++i) ok("INSERT INTO t DEFAULT VALUES");
  engine_ = session({.max_rows_read = 10});
  EXPECT_THAT(run("CREATE TABLE u AS SELECT id FROM t"), HasSubstr("max_rows_read"));
  EXPECT_EQ(run("SELECT name FROM sqlite_schema"), "'t'");
  EXPECT_FALSE(engine_->in_transaction());
}

TEST_F(TableDefinitionsTest, TablesAreRenamed) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT UNIQUE, up INTEGER REFERENCES t(id))");
  ok("CREATE INDEX t_by_up ON t(up)");
  ok("CREATE VIEW v AS SELECT t.a FROM t WHERE t.up IS NULL");
  ok("INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', 1)");
  const auto other = session();
  ASSERT_EQ(show(other->execute("SELECT count(*) FROM t", {})), "2");
  ok("ALTER TABLE t RENAME TO \"u\"");
  EXPECT_EQ(run("SELECT * FROM u ORDER BY id"), "1|'x'|null 2|'y'|1");
  EXPECT_THAT(run("SELECT * FROM t"), HasSubstr("no such table: t"));
  EXPECT_EQ(run("SELECT * FROM v"), "'x'") << "views follow";
  EXPECT_THAT(run("INSERT INTO u VALUES (3, 'x', 1)"), HasSubstr("UNIQUE constraint failed: u.a"));
  EXPECT_EQ(run("SELECT substr(sql, 14, 3), substr(sql, -19) FROM sqlite_schema WHERE name = 'u'"),
            "'\"u\"'|'REFERENCES \"u\"(id))'");
  EXPECT_EQ(run("SELECT name FROM pragma_index_list('u') WHERE origin = 'c'"), "'t_by_up'");
  // Other sessions notice by themselves.
  EXPECT_EQ(show(other->execute("SELECT a FROM u WHERE up = 1", {})), "'y'");
  EXPECT_EQ(show(other->execute("SELECT * FROM v", {})), "'x'");
  EXPECT_THAT(show(other->execute("SELECT * FROM t", {})), HasSubstr("no such table: t"));
  // Foreign keys to itself hold on.
  ok("PRAGMA foreign_keys = ON");
  EXPECT_THAT(run("INSERT INTO u VALUES (4, 'w', 9)"), HasSubstr("FOREIGN KEY"));
  EXPECT_THAT(run("DELETE FROM u WHERE id = 1"), HasSubstr("FOREIGN KEY"));

  ok("CREATE TABLE t(a)");
  EXPECT_THAT(run("ALTER TABLE t RENAME TO u"), HasSubstr("there is already another table or index with this name: u"));
  EXPECT_THAT(run("ALTER TABLE t RENAME TO sqlite_x"), HasSubstr("reserved"));
  EXPECT_THAT(run("ALTER TABLE nothing RENAME TO x"), HasSubstr("no such table"));
  ok("CREATE TABLE c(t INTEGER REFERENCES u(id))");
  // Those of others follow.
  ok("INSERT INTO c VALUES (1)");
  ok("ALTER TABLE u RENAME TO \"x y\"");
  EXPECT_EQ(run("SELECT sql FROM sqlite_schema WHERE name = 'c'"), "'CREATE TABLE c(t INTEGER REFERENCES \"x y\"(id))'");
  EXPECT_THAT(run("DELETE FROM \"x y\" WHERE id = 1"), HasSubstr("FOREIGN KEY"));
  ASSERT_TRUE(other->execute("PRAGMA foreign_keys = ON", {}).has_value());
  EXPECT_THAT(show(other->execute("INSERT INTO c VALUES (77)", {})), HasSubstr("FOREIGN KEY"));
  EXPECT_EQ(run("SELECT * FROM v"), "'x'");
  // What ALTER TABLE cannot change: a new table takes the place of the old one.
  ok("BEGIN");
  ok("CREATE TABLE new_t(a, b DEFAULT 7)");
  ok("INSERT INTO t VALUES (5)");
  ok("INSERT INTO new_t(a) SELECT a FROM t");
  ok("COMMIT");
  ok("DROP TABLE t");
  ok("ALTER TABLE new_t RENAME TO t");
  EXPECT_EQ(run("SELECT * FROM t"), "5|7");
}

TEST_F(TableDefinitionsTest, GeneratedColumnsAreWorkedOutWhenARowIsWritten) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER DEFAULT 5, twice INTEGER GENERATED ALWAYS AS (a * 2) STORED UNIQUE,"
     " word TEXT AS (upper(b) || twice) VIRTUAL, b TEXT)");
  ok("INSERT INTO t VALUES (1, 10, 'x'), (2, NULL, 'y')");
  ok("INSERT INTO t(b) VALUES ('z')");
  EXPECT_EQ(run("SELECT * FROM t"), "1|10|20|'X20'|'x' 2|null|null|null|'y' 3|5|10|'Z10'|'z'");
  EXPECT_EQ(run("SELECT id FROM t WHERE twice = 20"), "1");
  ok("UPDATE t SET a = a + 1, b = 'w' WHERE id = 1");
  EXPECT_EQ(run("SELECT twice, word FROM t WHERE id = 1"), "22|'W22'");
  EXPECT_EQ(run("INSERT INTO t(id, a, b) VALUES (1, 3, 'u') ON CONFLICT(id) DO UPDATE SET a = excluded.a RETURNING twice, word"),
            "6|'W6'");
  EXPECT_THAT(run("INSERT INTO t(a) VALUES (5)"), HasSubstr("UNIQUE constraint failed: t.twice"));
  EXPECT_THAT(run("INSERT INTO t(a, twice) VALUES (7, 14)"), HasSubstr("cannot INSERT into generated column \"twice\""));
  EXPECT_THAT(run("UPDATE t SET b = 'v', TWICE = 4"), HasSubstr("cannot UPDATE generated column \"twice\""));
  EXPECT_THAT(run("UPDATE t SET (b, twice) = (SELECT 'v', 4)"), HasSubstr("cannot UPDATE generated column \"twice\""));
  ok("UPDATE t SET b = (SELECT twice FROM t WHERE id = 3), a = 9 WHERE id = 2");
  EXPECT_EQ(run("SELECT twice, b, word FROM t WHERE id = 2"), "18|'10'|'1018'");
  EXPECT_EQ(run("SELECT name, hidden FROM pragma_table_xinfo('t') WHERE hidden > 0"), "'twice'|3 'word'|2");
  // Through foreign keys, too.
  ok("PRAGMA foreign_keys = ON");
  ok("CREATE TABLE c(p INTEGER REFERENCES t(twice) ON UPDATE CASCADE, double_p INTEGER AS (p * 2))");
  ok("INSERT INTO c VALUES (18)");
  ok("UPDATE t SET a = 50 WHERE id = 2");
  EXPECT_EQ(run("SELECT * FROM c"), "100|200");
  EXPECT_THAT(run("CREATE TABLE n(id INTEGER PRIMARY KEY, g AS (id + 1))"), HasSubstr("cannot depend on id"));
  EXPECT_THAT(run("ALTER TABLE c ADD COLUMN g AS (p + 1)"), HasSubstr("make the table anew"));
  EXPECT_THAT(run("ALTER TABLE c DROP COLUMN p"), HasSubstr("error in table c after drop column"));
  ok("ALTER TABLE c RENAME COLUMN p TO q");
  ok("INSERT INTO c VALUES (10)");
  EXPECT_EQ(run("SELECT double_p FROM c WHERE q = 10"), "20");
}

TEST_F(TableDefinitionsTest, EveryPragmaThatTellsIsAFunctionToo) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE)");
  for (const char* query :
       {"SELECT name FROM pragma_table_list WHERE name = 't'", "SELECT count(*) FROM pragma_table_info('t')",
        "SELECT count(*) FROM pragma_table_xinfo('t')", "SELECT count(*) FROM pragma_index_list('t')",
        "SELECT name FROM pragma_index_info('sqlite_autoindex_t_1')",
        "SELECT count(*) FROM pragma_index_xinfo('sqlite_autoindex_t_1')", "SELECT count(*) FROM pragma_foreign_key_list('t')",
        "SELECT name FROM pragma_database_list", "SELECT count(*) > 0 FROM pragma_collation_list",
        "SELECT count(*) > 0 FROM pragma_function_list", "SELECT count(*) > 0 FROM pragma_compile_options"}) {
    EXPECT_THAT(run(query), Not(HasSubstr("error"))) << query;
  }
}

TEST_F(TableDefinitionsTest, WhatIsNotSupportedSaysSo) {
  ok("CREATE TABLE t(id INTEGER PRIMARY KEY, a)");
  for (const char* sql :
       {"CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE INDEX i ON t(a) WHERE a > 1",
        "CREATE INDEX i ON t(a + 1)", "ATTACH 'x' AS y", "PRAGMA wal_checkpoint", "CREATE VIRTUAL TABLE f USING fts5(a)",
        "CREATE TABLE u(a PRIMARY KEY ON CONFLICT REPLACE)", "CREATE TABLE u(a COLLATE RTRIM)"}) {
    EXPECT_THAT(run(sql), HasSubstr("not supported")) << sql;
  }
  EXPECT_EQ(run("SELECT name FROM sqlite_master"), "'t'");
}

}  // namespace
}  // namespace latium::sql
