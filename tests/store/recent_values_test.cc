// What the engine remembers of values must never differ from what the database would say.
#include "store/recent_values.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace latium::testing {
namespace {

using internal::RecentValues;

WriteBatch put(BytesView key, BytesView value) {
  WriteBatch batch;
  batch.put(Family::data, key, value);
  return batch;
}

class RecentValuesTest : public ::testing::Test {
 protected:
  void write(const WriteBatch& batch, bool written = true) {
    values_.begin_write(batch);
    values_.end_write(batch, written);
  }
  std::optional<Bytes> find(BytesView key, Family family = Family::data) {
    Bytes value;
    return values_.find(family, key, value, ticket_) ? std::optional(value) : std::nullopt;
  }

  RecentValues values_{1u << 20};
  RecentValues::Ticket ticket_;
};

TEST_F(RecentValuesTest, KnowsWhatWasWritten) {
  write(put("a", "1"));
  EXPECT_EQ(find("a"), "1");
  write(put("a", "2"));
  EXPECT_EQ(find("a"), "2");
  EXPECT_EQ(find("b"), std::nullopt);
}

TEST_F(RecentValuesTest, KnowsWhatWasRead) {
  EXPECT_EQ(find("a"), std::nullopt);
  values_.note_read(Family::data, "a", "1", ticket_);
  EXPECT_EQ(find("a"), "1");
}

TEST_F(RecentValuesTest, FromTheBeginningOfAWriteToItsEndTheDatabaseIsAsked) {
  write(put("a", "1"));
  const WriteBatch batch = put("a", "2");
  values_.begin_write(batch);
  EXPECT_EQ(find("a"), std::nullopt);
  values_.note_read(Family::data, "a", "1", ticket_);
  EXPECT_EQ(find("a"), std::nullopt) << "what is read meanwhile is not kept";
  values_.end_write(batch, true);
  EXPECT_EQ(find("a"), "2");
}

TEST_F(RecentValuesTest, AValueThatWasReadBeforeAWriteIsNotKeptAfterIt) {
  EXPECT_EQ(find("a"), std::nullopt);
  const RecentValues::Ticket before = ticket_;
  const WriteBatch batch = put("a", "2");
  write(batch, false);
  values_.note_read(Family::data, "a", "1", before);
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(RecentValuesTest, AFailedWriteLeavesNothing) {
  write(put("a", "1"));
  write(put("a", "2"), false);
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(RecentValuesTest, WritersThatOverlapLeaveNothing) {
  const WriteBatch first = put("a", "1");
  const WriteBatch second = put("a", "2");
  values_.begin_write(first);
  values_.begin_write(second);
  values_.end_write(second, true);
  EXPECT_EQ(find("a"), std::nullopt);
  values_.end_write(first, true);
  EXPECT_EQ(find("a"), std::nullopt);
  write(put("a", "3"));
  EXPECT_EQ(find("a"), "3") << "the next one alone is known again";
}

TEST_F(RecentValuesTest, TwoPutsOfOneKeyInABatchLeaveNothing) {
  WriteBatch batch = put("a", "1");
  batch.put(Family::data, "a", "2");
  write(batch);
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(RecentValuesTest, WhatIsRemovedIsForgotten) {
  write(put("a", "1"));
  WriteBatch batch;
  batch.remove(Family::data, "a");
  write(batch);
  EXPECT_EQ(find("a"), std::nullopt);
}

TEST_F(RecentValuesTest, ARemovedRangeTakesAllWithIt) {
  write(put("a", "1"));
  const WriteBatch late = put("b", "2");
  values_.begin_write(late);
  WriteBatch range;
  range.remove_range(Family::data, "a", "c");
  values_.begin_write(range);
  EXPECT_EQ(find("a"), std::nullopt);
  const RecentValues::Ticket meanwhile = ticket_;
  values_.note_read(Family::data, "a", "1", meanwhile);
  values_.end_write(late, true);
  values_.end_write(range, true);
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_EQ(find("b"), std::nullopt) << "which of the two came last is not known";
  write(put("b", "3"));
  EXPECT_EQ(find("b"), "3");
}

TEST_F(RecentValuesTest, EachFamilyHasItsOwnAndOthersHaveNone) {
  WriteBatch batch;
  batch.put(Family::registers, "a", "a register");
  batch.put(Family::data, "a", "a value");
  batch.put(Family::system, "a", "a record");
  write(batch);
  EXPECT_EQ(find("a", Family::registers), "a register");
  EXPECT_EQ(find("a"), "a value");
  EXPECT_EQ(find("a", Family::system), std::nullopt);
  WriteBatch removal;
  removal.remove(Family::registers, "a");
  write(removal);
  EXPECT_EQ(find("a", Family::registers), std::nullopt);
  EXPECT_EQ(find("a"), "a value");
}

TEST_F(RecentValuesTest, ItsMemoryIsBoundedAndWhatIsUsedStays) {
  const Bytes value(200, 'v');
  for (int i = 0; i < 20'000; ++i) {
    write(put("key" + std::to_string(i), value));
    write(put("hot", "h"));
    EXPECT_EQ(find("hot"), "h") << i;
    EXPECT_LE(values_.bytes(), 1u << 20);
  }
  int kept = 0;
  for (int i = 0; i < 20'000; ++i) kept += find("key" + std::to_string(i)) ? 1 : 0;
  EXPECT_GT(kept, 2500) << "most of the room is used";
}

TEST_F(RecentValuesTest, AValueTooLargeForItIsNotKept) {
  write(put("a", "1"));
  write(put("a", Bytes(64 * 1024, 'x')));
  EXPECT_EQ(find("a"), std::nullopt);
  EXPECT_EQ(values_.bytes(), 0u);
}

}  // namespace
}  // namespace latium::testing
