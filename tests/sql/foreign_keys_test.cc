// Foreign keys of tables that SQL made, each with SQLite itself beside ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latium/db_errors.h"
#include "relational/sql/engine.h"
#include "tests/sql/memory_tables.h"

namespace latium::sql {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class ForeignKeysTest : public ::testing::Test {
 protected:
  ForeignKeysTest() : engine_(session({.foreign_keys = true})), native_(*open_connection()) {
    EXPECT_TRUE(latium::sql::run(native_.get(), "PRAGMA foreign_keys = ON").has_value());
  }

  std::shared_ptr<Engine> session(SqlOptions options) {
    auto made = Engine::open(std::make_unique<latium::testing::MemoryTables>(database_), options);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *made;
  }
  static std::string show(const std::vector<std::vector<Value>>& rows) {
    std::string out;
    for (const auto& row : rows) {
      out += out.empty() ? "" : " ";
      for (std::size_t i = 0; i < row.size(); ++i) out += (i > 0 ? "|" : "") + row[i].to_string();
    }
    return out;
  }
  static std::string kind_of(const std::string& message) {
    const std::size_t end = message.find(" failed");
    return end == std::string::npos ? message : message.substr(0, end + 7);
  }
  std::string ours(std::string_view sql) {
    const auto result = engine_->execute(sql, {});
    if (result) return show(result->rows);
    if (result.error().message.starts_with("FOREIGN KEY")) EXPECT_TRUE(is_reference_error(result.error()));
    // What follows is ours: which key, and which values.
    return "error: " + kind_of(result.error().message);
  }
  std::string natives(std::string_view sql) {
    const auto prepared = prepare(native_.get(), sql);
    if (!prepared) return "error: " + prepared.error().message;
    std::vector<std::vector<Value>> rows;
    int code = 0;
    while ((code = sqlite3_step(prepared->get())) == SQLITE_ROW) {
      auto& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(prepared->get()); ++i) row.push_back(column_value(prepared->get(), i));
    }
    const std::string message = sqlite3_errmsg(native_.get());
    return code == SQLITE_DONE ? show(rows) : "error: " + kind_of(message);
  }
  /// What both answer.
  std::string both(std::string_view sql) {
    const std::string answer = ours(sql);
    EXPECT_EQ(answer, natives(sql)) << sql;
    return answer;
  }
  void tables(const std::string& actions) {
    both("CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    both("CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER DEFAULT 9 REFERENCES p" + actions + ")");
    both("INSERT INTO p VALUES (1, 'a'), (2, 'b'), (9, 'z')");
    both("INSERT INTO c VALUES (10, 1), (11, 1), (20, 2), (30, NULL)");
  }

  static constexpr const char* kFailed = "error: FOREIGN KEY constraint failed";

  std::shared_ptr<latium::testing::MemoryDatabase> database_ = std::make_shared<latium::testing::MemoryDatabase>();
  std::shared_ptr<Engine> engine_;
  Connection native_;
};

TEST_F(ForeignKeysTest, AChildNamesRowsThatAreThere) {
  tables("");
  EXPECT_EQ(both("INSERT INTO c VALUES (40, 7)"), kFailed);
  EXPECT_EQ(both("UPDATE c SET p = 7 WHERE id = 10"), kFailed);
  EXPECT_EQ(both("INSERT INTO c VALUES (40, '2'), (41, 2.0), (42, NULL)"), "");
  EXPECT_EQ(both("INSERT INTO c VALUES (43, 'x')"), kFailed);
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "10|1 11|1 20|2 30|null 40|2 41|2 42|null");
  const auto refused = engine_->execute("INSERT INTO c VALUES (40, 7)", {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::already_exists) << "what the row itself breaks comes first";
  EXPECT_THAT(engine_->execute("INSERT INTO c VALUES (50, 7)", {}).error().message,
              StartsWith("FOREIGN KEY constraint failed: c.p = 7 has no row in 'p'"));
}

TEST_F(ForeignKeysTest, NoActionHoldsAtTheEndOfTheStatement) {
  tables("");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), kFailed);
  EXPECT_EQ(both("UPDATE p SET id = 5 WHERE id = 1"), kFailed);
  EXPECT_EQ(both("DELETE FROM p WHERE id = 9"), "");
  EXPECT_EQ(both("INSERT OR REPLACE INTO p VALUES (1, 'again')"), "");
  EXPECT_EQ(both("UPDATE p SET id = CASE id WHEN 1 THEN 2 ELSE 1 END WHERE name = 'nobody'"), "");
  both("CREATE TABLE t(id INTEGER PRIMARY KEY, up INTEGER REFERENCES t)");
  EXPECT_EQ(both("INSERT INTO t VALUES (1, 2), (2, 1), (3, 3)"), "");
  EXPECT_EQ(both("DELETE FROM t WHERE id = 1"), kFailed);
  EXPECT_EQ(both("DELETE FROM t"), "");
}

TEST_F(ForeignKeysTest, RestrictHoldsAtOnce) {
  tables(" ON DELETE RESTRICT ON UPDATE RESTRICT");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), kFailed);
  EXPECT_EQ(both("UPDATE p SET id = 5 WHERE id = 1"), kFailed);
  EXPECT_EQ(both("INSERT OR REPLACE INTO p VALUES (1, 'again')"), kFailed);
  EXPECT_EQ(both("UPDATE p SET name = 'other' WHERE id = 1"), "");
  EXPECT_EQ(both("DELETE FROM c WHERE p = 1"), "");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), "");
  EXPECT_EQ(both("SELECT * FROM p"), "2|'b' 9|'z'");
}

TEST_F(ForeignKeysTest, CascadeTakesTheRowsAlong) {
  tables(" ON DELETE CASCADE ON UPDATE CASCADE");
  both("CREATE TABLE g(id INTEGER PRIMARY KEY, c INTEGER REFERENCES c ON DELETE CASCADE)");
  both("INSERT INTO g VALUES (100, 10), (200, 20)");
  EXPECT_EQ(both("UPDATE p SET id = 5 WHERE id = 1"), "");
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "10|5 11|5 20|2 30|null");
  EXPECT_EQ(engine_->execute("DELETE FROM p WHERE id = 5", {})->changes, 1) << "rows that follow are not counted";
  natives("DELETE FROM p WHERE id = 5");
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "20|2 30|null");
  EXPECT_EQ(both("SELECT * FROM g"), "200|20");
  EXPECT_EQ(both("INSERT OR REPLACE INTO p VALUES (2, 'again')"), "");
  EXPECT_EQ(both("SELECT count(*) FROM c WHERE p = 2"), "0");
  EXPECT_EQ(both("SELECT count(*) FROM g"), "0");
}

TEST_F(ForeignKeysTest, CascadeGoesDownATree) {
  both("CREATE TABLE t(id INTEGER PRIMARY KEY, up INTEGER REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE)");
  both("INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, NULL), (6, 5)");
  EXPECT_EQ(both("UPDATE t SET id = id + 100 WHERE up IS NULL OR up = 1"), "");
  EXPECT_EQ(both("SELECT * FROM t ORDER BY id"), "3|102 4|3 6|105 101|null 102|101 105|null");
  EXPECT_EQ(engine_->execute("DELETE FROM t WHERE id > 100", {})->changes, 2) << "102 goes with 101";
  natives("DELETE FROM t WHERE id > 100");
  EXPECT_EQ(both("SELECT * FROM t ORDER BY id"), "");
}

TEST_F(ForeignKeysTest, SetNullAndSetDefault) {
  tables(" ON DELETE SET NULL ON UPDATE SET DEFAULT");
  EXPECT_EQ(both("UPDATE p SET id = 5 WHERE id = 1"), "");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 2"), "");
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "10|9 11|9 20|null 30|null");
  EXPECT_EQ(both("UPDATE p SET id = 8 WHERE id = 9"), kFailed) << "the default names the row that has moved";
  both("CREATE TABLE n(id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p ON DELETE SET NULL, CHECK (p IS NOT 5))");
  both("INSERT INTO n VALUES (1, 9)");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 9"), "error: NOT NULL constraint failed");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 5"), "");
}

TEST_F(ForeignKeysTest, DeferredKeysHoldAtTheCommit) {
  tables(" DEFERRABLE INITIALLY DEFERRED");
  EXPECT_EQ(both("INSERT INTO c VALUES (40, 7)"), kFailed) << "a statement of its own is a transaction";
  both("BEGIN");
  EXPECT_EQ(both("INSERT INTO c VALUES (40, 7)"), "");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), "");
  EXPECT_EQ(both("COMMIT"), kFailed);
  EXPECT_TRUE(engine_->in_transaction());
  EXPECT_EQ(both("INSERT INTO p VALUES (7, 'seven')"), "");
  EXPECT_EQ(both("COMMIT"), kFailed);
  EXPECT_EQ(both("DELETE FROM c WHERE p = 1"), "");
  EXPECT_EQ(both("COMMIT"), "");
  both("SAVEPOINT outer_one");
  both("INSERT INTO c VALUES (50, 77)");
  both("SAVEPOINT inner_one");
  EXPECT_EQ(both("RELEASE inner_one"), "");
  EXPECT_EQ(both("RELEASE outer_one"), kFailed);
  EXPECT_EQ(both("ROLLBACK TO outer_one"), "");
  EXPECT_EQ(both("RELEASE outer_one"), "");
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "20|2 30|null 40|7");
}

TEST_F(ForeignKeysTest, AllAreDeferredOnRequest) {
  tables(" ON DELETE RESTRICT");
  both("BEGIN");
  both("PRAGMA defer_foreign_keys = ON");
  EXPECT_EQ(both("PRAGMA defer_foreign_keys"), "1");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 2"), "");
  EXPECT_EQ(both("COMMIT"), kFailed);
  EXPECT_EQ(both("INSERT INTO p VALUES (2, 'two')"), "");
  EXPECT_EQ(both("COMMIT"), "");
  EXPECT_EQ(both("PRAGMA defer_foreign_keys"), "0");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 2"), kFailed);
}

TEST_F(ForeignKeysTest, KeysOfSeveralColumnsAndUniqueOnes) {
  both("CREATE TABLE p(a TEXT COLLATE NOCASE, b INTEGER, n TEXT UNIQUE, PRIMARY KEY (a, b))");
  both(
      "CREATE TABLE c(x TEXT, y INTEGER, n TEXT REFERENCES p(n) ON UPDATE CASCADE, FOREIGN KEY (y, x) REFERENCES p(b, a) ON "
      "DELETE CASCADE)");
  both("INSERT INTO p VALUES ('A', 1, 'one'), ('b', 2, NULL)");
  EXPECT_EQ(both("INSERT INTO c VALUES ('a', 1, 'one'), ('B', '2', NULL), ('none', NULL, NULL)"), "");
  EXPECT_EQ(both("INSERT INTO c VALUES ('A', 2, NULL)"), kFailed);
  EXPECT_EQ(both("UPDATE p SET a = 'a' WHERE b = 1"), "") << "equal for NOCASE";
  EXPECT_EQ(both("UPDATE p SET n = 'two' WHERE b = 1"), "");
  EXPECT_EQ(both("SELECT * FROM c WHERE n IS NOT NULL"), "'a'|1|'two'");
  EXPECT_EQ(both("DELETE FROM p WHERE a = 'B'"), "");
  EXPECT_EQ(both("SELECT count(*) FROM c"), "2");
}

TEST_F(ForeignKeysTest, KeysThatNameNothingAreRefused) {
  both("CREATE TABLE p(a INTEGER, b INTEGER)");
  both("CREATE TABLE c(a INTEGER REFERENCES p(a))");
  both("CREATE TABLE d(a INTEGER REFERENCES nowhere(a))");
  EXPECT_THAT(ours("INSERT INTO c VALUES (1)"), HasSubstr("foreign key"));
  EXPECT_THAT(engine_->execute("INSERT INTO c VALUES (1)", {}).error().message,
              HasSubstr("foreign key mismatch - \"c\" referencing \"p\""));
  EXPECT_THAT(engine_->execute("INSERT INTO d VALUES (1)", {}).error().message, HasSubstr("no such table: main.nowhere"));
}

TEST_F(ForeignKeysTest, ConflictClausesAreNotAboutThem) {
  tables(" ON DELETE CASCADE");
  EXPECT_EQ(both("INSERT OR IGNORE INTO c VALUES (40, 2), (41, 7)"), kFailed);
  EXPECT_EQ(both("INSERT OR FAIL INTO c VALUES (40, 2), (41, 7)"), kFailed);
  both("BEGIN");
  both("INSERT INTO c VALUES (50, 2)");
  EXPECT_EQ(both("INSERT OR ROLLBACK INTO c VALUES (41, 7)"), kFailed);
  EXPECT_TRUE(engine_->in_transaction());
  EXPECT_EQ(both("INSERT OR FAIL INTO c VALUES (60, 2), (61, 7), (10, 1)"), kFailed);
  both("COMMIT");
  EXPECT_EQ(both("SELECT id FROM c ORDER BY id"), "10 11 20 30 50");
}

TEST_F(ForeignKeysTest, StatementsOfSeveralPartsHoldAtTheirEnd) {
  tables(" ON DELETE CASCADE");
  EXPECT_EQ(both("INSERT INTO c VALUES (40, 2), (41, 7) RETURNING id"), kFailed);
  EXPECT_EQ(both("INSERT INTO c VALUES (10, 7) ON CONFLICT (id) DO UPDATE SET p = excluded.p"), kFailed);
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1 RETURNING name"), "'a'");
  EXPECT_EQ(both("SELECT * FROM c ORDER BY id"), "20|2 30|null");
}

TEST_F(ForeignKeysTest, AreOffUnlessAskedFor) {
  engine_ = session({});
  EXPECT_EQ(ours("PRAGMA foreign_keys"), "0");
  natives("PRAGMA foreign_keys = OFF");
  tables(" ON DELETE CASCADE");
  EXPECT_EQ(both("INSERT INTO c VALUES (40, 7)"), "");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), "");
  EXPECT_EQ(both("SELECT count(*) FROM c"), "5");
  both("BEGIN");
  both("PRAGMA foreign_keys = ON");
  EXPECT_EQ(both("PRAGMA foreign_keys"), "0") << "not inside a transaction";
  both("COMMIT");
  both("PRAGMA foreign_keys = ON");
  EXPECT_EQ(both("PRAGMA foreign_keys"), "1");
  EXPECT_EQ(both("INSERT INTO c VALUES (41, 7)"), kFailed);
  EXPECT_EQ(both("DELETE FROM p WHERE id = 2"), "");
  EXPECT_EQ(both("SELECT count(*) FROM c"), "4");
}

TEST_F(ForeignKeysTest, ATableThatIsNamedIsNotDropped) {
  tables("");
  EXPECT_EQ(ours("DROP TABLE p"), kFailed);
  EXPECT_EQ(ours("DELETE FROM c WHERE p IS NOT NULL"), "");
  EXPECT_EQ(ours("DROP TABLE p"), "");
  EXPECT_EQ(ours("SELECT name FROM sqlite_master WHERE type = 'table'"), "'c'");
}

TEST_F(ForeignKeysTest, RowsThatGoTogetherAndNameEachOtherAreRestricted) {
  both("CREATE TABLE p(id INTEGER PRIMARY KEY)");
  both(
      "CREATE TABLE c(id INTEGER PRIMARY KEY, up INTEGER REFERENCES c ON DELETE RESTRICT, p INTEGER REFERENCES p ON DELETE "
      "CASCADE)");
  both("INSERT INTO p VALUES (1), (2)");
  both("INSERT INTO c VALUES (1, NULL, 1), (5, 1, 1), (6, 7, 2), (7, NULL, 2)");
  EXPECT_EQ(both("DELETE FROM p WHERE id = 1"), kFailed);
  EXPECT_EQ(both("DELETE FROM p WHERE id = 2"), "") << "the one that names goes before the one that is named";
  both("SELECT * FROM c");
}

// Not one look-up a row.
TEST_F(ForeignKeysTest, ManyRowsTakeFewBatches) {
  ours("CREATE TABLE p(id INTEGER PRIMARY KEY)");
  ours("CREATE TABLE c(id INTEGER PRIMARY KEY, p INTEGER REFERENCES p ON DELETE CASCADE)");
  ours("CREATE INDEX c_by_p ON c(p)");
  const std::string numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) ";
  ours("INSERT INTO p " + numbers + "SELECT i FROM n");
  const auto added = engine_->execute("INSERT INTO c " + numbers + "SELECT i, i FROM n", {});
  ASSERT_TRUE(added.has_value()) << added.error().message;
  EXPECT_EQ(added->changes, 300);
  EXPECT_LE(added->stats.batches, 3u);
  const auto removed = engine_->execute("DELETE FROM p WHERE id <= 200", {});
  ASSERT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(removed->changes, 200);
  EXPECT_LE(removed->stats.batches, 6u);
  EXPECT_EQ(ours("SELECT count(*) FROM c"), "100");
}

}  // namespace
}  // namespace latium::sql
