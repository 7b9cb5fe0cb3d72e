#include "net/call_table.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

CallTable::Call call_until(MonotonicTime deadline) {
  return {.callback = [](const Result<Bytes>&) {}, .deadline = deadline, .sent = false, .method = 0, .request = {}};
}

TEST(CallTableTest, AnIdOfACallThatIsOverNamesNoLaterCall) {
  CallTable table;
  const std::uint64_t first = table.add(call_until(kNever));
  EXPECT_NE(first, 0u);
  ASSERT_NE(table.find(first), nullptr);
  EXPECT_TRUE(table.take(first).has_value());
  const std::uint64_t second = table.add(call_until(kNever));
  EXPECT_NE(second, first);
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_FALSE(table.take(first).has_value());
  EXPECT_EQ(table.size(), 1u);
}

TEST(CallTableTest, IdsThatWereNeverGivenOutAreUnknown) {
  CallTable table;
  const std::uint64_t id = table.add(call_until(kNever));
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(table.find(id + 1), nullptr);
  EXPECT_EQ(table.find(id + (std::uint64_t{1} << 32)), nullptr);
}

TEST(CallTableTest, DeadlinesAreThoseOfTheCallsInFlight) {
  CallTable table;
  EXPECT_EQ(table.earliest_deadline(), kNever);
  const MonotonicTime soon(std::chrono::seconds(1));
  const MonotonicTime later(std::chrono::seconds(2));
  const std::uint64_t early = table.add(call_until(soon));
  const std::uint64_t late = table.add(call_until(later));
  EXPECT_EQ(table.earliest_deadline(), soon);
  EXPECT_EQ(table.ids_if([&](const CallTable::Call& call) { return call.deadline > soon; }), std::vector<std::uint64_t>{late});
  table.take(early);
  EXPECT_EQ(table.earliest_deadline(), later);
}

}  // namespace
}  // namespace latium
