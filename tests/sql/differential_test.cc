#include "tests/sql/differential.h"

#include <gtest/gtest.h>

#include "tests/sql/memory_tables.h"

namespace latium::sql {
namespace {

using latium::testing::MemoryDatabase;
using latium::testing::MemoryTables;

void compare(std::size_t statements, latium::testing::SqlGeneratorOptions options, bool whole = false) {
  constexpr std::size_t kEach = 200;
  for (std::uint64_t seed = 1; seed <= statements / kEach; ++seed) {
    auto tables = std::make_unique<MemoryTables>(std::make_shared<MemoryDatabase>());
    tables->whole = whole;
    const auto engine = Engine::open(std::move(tables), {});
    ASSERT_TRUE(engine.has_value());
    const auto difference = latium::testing::compare_with_sqlite(
        seed, kEach, [&](const std::string& sql) { return (*engine)->execute(sql, {}); }, options);
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

TEST(Differential, RandomStatementsDoWhatTheyDoInSqlite) {
  compare(latium::testing::statements_to_compare(50'000), {});
}

TEST(Differential, SoTheyDoWithIndexesThatComeAndGo) {
  compare(latium::testing::statements_to_compare(20'000), {.indexes = true});
}

TEST(Differential, SoTheyDoOverTablesThatAreRenamedAndCopied) {
  compare(latium::testing::statements_to_compare(20'000), {.indexes = true, .tables = true});
}

TEST(Differential, SoDoForeignKeys) {
  compare(latium::testing::statements_to_compare(50'000), {.tables = true, .foreign_keys = true});
}

TEST(Differential, SoTheyDoOverTablesThatAreAtHandAsAWhole) {
  compare(latium::testing::statements_to_compare(50'000), {.indexes = true}, true);
  compare(latium::testing::statements_to_compare(20'000), {.tables = true, .foreign_keys = true}, true);
}

}  // namespace
}  // namespace latium::sql
