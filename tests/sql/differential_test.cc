#include "tests/sql/differential.h"

#include <gtest/gtest.h>

#include "tests/sql/memory_tables.h"

namespace latium::sql {
namespace {

using latium::testing::MemoryDatabase;
using latium::testing::MemoryTables;

void compare(std::size_t statements, latium::testing::SqlGeneratorOptions options) {
  constexpr std::size_t kEach = 200;
  for (std::uint64_t seed = 1; seed <= statements / kEach; ++seed) {
    const auto engine = Engine::open(std::make_unique<MemoryTables>(std::make_shared<MemoryDatabase>()), {});
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

TEST(Differential, SoDoForeignKeys) {
  compare(latium::testing::statements_to_compare(50'000), {.foreign_keys = true});
}

}  // namespace
}  // namespace latium::sql
