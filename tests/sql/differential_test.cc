#include "tests/sql/differential.h"

#include <gtest/gtest.h>

#include "tests/sql/memory_tables.h"

namespace latium::sql {
namespace {

using latium::testing::MemoryDatabase;
using latium::testing::MemoryTables;

TEST(Differential, RandomStatementsDoWhatTheyDoInSqlite) {
  constexpr std::uint64_t kSeeds = 250;
  constexpr std::size_t kStatements = 200;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto engine = Engine::open(std::make_unique<MemoryTables>(std::make_shared<MemoryDatabase>()), {});
    ASSERT_TRUE(engine.has_value());
    const auto difference = latium::testing::compare_with_sqlite(
        seed, kStatements, [&](const std::string& sql) { return (*engine)->execute(sql, {}); });
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

TEST(Differential, ForeignKeysDoWhatTheyDoInSqlite) {
  constexpr std::uint64_t kSeeds = 250;
  constexpr std::size_t kStatements = 200;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto engine = Engine::open(std::make_unique<MemoryTables>(std::make_shared<MemoryDatabase>()), {});
    ASSERT_TRUE(engine.has_value());
    const auto difference = latium::testing::compare_with_sqlite(
        seed, kStatements, [&](const std::string& sql) { return (*engine)->execute(sql, {}); }, true);
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

}  // namespace
}  // namespace latium::sql
