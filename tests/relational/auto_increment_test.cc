// Numbers that rows get: never twice, whatever nodes do, and seldom at the cost of a round trip.
#include "relational/auto_increment.h"

#include <limits>
#include <set>

#include "tests/relational/table_sessions.h"

namespace latium::testing {
namespace {

TableDefinition servers() {
  return {.name = "servers",
          .columns = {{.name = "id", .type = ValueType::integer, .auto_increment = true},
                      {.name = "host", .type = ValueType::text, .nullable = true}},
          .primary_key = {"id"},
          .indexes = {{.name = "one_host", .columns = {"host"}, .unique = true}}};
}

class AutoIncrementTest : public TableSessions {
 protected:
  void SetUp() override { create(servers()); }
  /// The number of a row that was committed.
  std::int64_t add(std::size_t at, const std::string& host) {
    TableSession writer = session(at);
    EXPECT_EQ(insert(writer, "servers", {Value(), Value(host)}), "ok");
    const auto number = writer.last_number();
    EXPECT_EQ(commit(writer), "ok");
    return number.value_or(-1);
  }
};

TEST_F(AutoIncrementTest, RowsWithoutANumberGetTheNext) {
  EXPECT_EQ(add(0, "a"), 1);
  EXPECT_EQ(add(0, "b"), 2);
  TableSession writer = session();
  EXPECT_EQ(insert(writer, "servers", {Value(), Value("c")}), "ok");
  EXPECT_EQ(insert(writer, "servers", {Value(), Value("d")}), "ok");
  EXPECT_EQ(writer.last_number(), 4);
  EXPECT_EQ(insert(writer, "servers", {Value(50), Value("e")}), "ok");
  EXPECT_EQ(writer.last_number(), std::nullopt);
  EXPECT_EQ(commit(writer), "ok");
  std::vector<std::int64_t> numbers;
  for (const Row& row : rows("servers")) numbers.push_back(row.values[0].get<std::int64_t>());
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{1, 2, 3, 4, 50}));
  // As SQL's users expect.
  EXPECT_EQ(add(0, "f"), 51);
}

TEST_F(AutoIncrementTest, NumbersAreNeverGivenTwiceByNodesThatCrashAndLoseAnswers) {
  rows_->faults = {.lost = 0.1, .unsure = 0.1, .twice = 0.1, .stale = 0.3};
  std::set<std::int64_t> given;
  for (int round = 0; round < 6; ++round) {
    for (std::size_t at = 0; at < 3; ++at) {
      for (int i = 0; i < 40; ++i) {
        const auto number = run(node(at).shared.auto_increment.next(kPlace, TableId{1}, soon()));
        ASSERT_TRUE(number.has_value()) << number.error().message;
        EXPECT_TRUE(given.insert(*number).second) << *number;
      }
    }
    restart(node(static_cast<std::size_t>(round) % 3));
  }
}

TEST_F(AutoIncrementTest, MostNumbersCostNothing) {
  (void)add(0, "first");
  AutoIncrement& numbers = node(0).shared.auto_increment;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(run(numbers.next(kPlace, TableId{1}, soon())).has_value());
    pass(milliseconds(10));
  }
  EXPECT_EQ(numbers.statistics().waited, 1u) << "only the first: the others were there before they were asked for";
  EXPECT_LE(numbers.statistics().leases, 1001 / kIdBlockSize + 2);
  // And rows with them are not looked for where they cannot be.
  TableSession writer = session(0);
  ASSERT_EQ(insert(writer, "servers", {Value(), Value()}), "ok");
  EXPECT_EQ(writer.transaction().stats().round_trips, 0u);
  EXPECT_EQ(commit(writer), "ok");
}

TEST_F(AutoIncrementTest, AChosenNumberIsGivenToNobodyElse) {
  EXPECT_EQ(add(0, "a"), 1);
  EXPECT_EQ(add(1, "b"), 65) << "a block of its own";
  // One in the block that another node holds, and one far away.
  TableSession writer = session(1);
  ASSERT_EQ(insert(writer, "servers", {Value(2), Value("c")}), "ok");
  ASSERT_EQ(insert(writer, "servers", {Value(1000), Value("d")}), "ok");
  ASSERT_EQ(commit(writer), "ok");
  EXPECT_EQ(add(1, "e"), 1001);
  // The holder of the block finds out at its commit; the next try draws the next.
  TableSession first = session(0);
  ASSERT_EQ(insert(first, "servers", {Value(), Value("f")}), "ok");
  EXPECT_EQ(first.last_number(), 2);
  EXPECT_EQ(commit(first), "conflict");
  EXPECT_EQ(add(0, "f"), 3);
  restart(node(0));
  EXPECT_GT(add(0, "g"), 1000);
}

TEST_F(AutoIncrementTest, AnUpdateThatChoosesANumberKeepsItFromOthers) {
  TableDefinition jobs{.name = "jobs",
                       .columns = {{.name = "name", .type = ValueType::text},
                                   {.name = "turn", .type = ValueType::integer, .auto_increment = true}},
                       .primary_key = {"name"},
                       .indexes = {{.name = "one_turn", .columns = {"turn"}, .unique = true}}};
  create(jobs);
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "jobs", {Value("a"), Value()}), "ok");
  EXPECT_EQ(writer.last_number(), 1);
  ASSERT_EQ(update(writer, "jobs", {Value("a"), Value(2)}), "ok");
  ASSERT_EQ(insert(writer, "jobs", {Value("b"), Value()}), "ok");
  EXPECT_EQ(writer.last_number(), 3);
  EXPECT_EQ(commit(writer), "ok");
}

TEST_F(AutoIncrementTest, TheLastNumberOfAllIsSaidToBeTheLast) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  TableSession writer = session();
  ASSERT_EQ(insert(writer, "servers", {Value(kLast), Value()}), "ok");
  const auto none = run(writer.insert("servers", Row{{Value(), Value()}}, soon()));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(none.error().message.find("no number left"), std::string::npos) << none.error().message;
  EXPECT_EQ(commit(writer), "ok");
}

}  // namespace
}  // namespace latium::testing
