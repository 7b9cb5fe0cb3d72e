#include "relational/id_block.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <set>

namespace latium {
namespace {

constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();

TEST(IdBlock, IsLeasedFromTheCounterOn) {
  const auto lease = lease_ids(1);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->block, (IdBlock{.first = 1, .count = 64}));
  EXPECT_EQ(lease->counter, 65);
  EXPECT_EQ(lease_ids(65, 10)->block, (IdBlock{.first = 65, .count = 10}));
}

TEST(IdBlock, IsShorterAtTheEndAndThenThereIsNone) {
  const auto lease = lease_ids(kLast - 3);
  EXPECT_EQ(lease->block, (IdBlock{.first = kLast - 3, .count = 3}));
  EXPECT_EQ(lease->counter, kLast);
  EXPECT_EQ(lease_ids(lease->counter).error().code, ErrorCode::invalid_argument);
}

TEST(IdBlock, IsNeverLeasedWithAChosenNumber) {
  EXPECT_EQ(counter_after_explicit(10, 9), std::nullopt);
  EXPECT_EQ(counter_after_explicit(10, -5), std::nullopt);
  EXPECT_EQ(counter_after_explicit(10, 10), 11);
  EXPECT_EQ(counter_after_explicit(10, 1000), 1001);
  EXPECT_EQ(counter_after_explicit(10, kLast), kLast);
  EXPECT_EQ(counter_after_explicit(kLast, kLast), std::nullopt);
}

TEST(IdBlock, CounterIsKeptAsAVarint) {
  EXPECT_EQ(to_hex(encode_counter(300)), "ac02");
  for (const std::int64_t counter : {std::int64_t{1}, std::int64_t{65}, kLast}) {
    EXPECT_EQ(decode_counter(encode_counter(counter)), counter);
  }
  for (const Bytes& stored : {Bytes(), Bytes(1, '\0'), Bytes("\x01\x01"), Bytes(9, '\xFF') + "\x01"}) {
    EXPECT_EQ(decode_counter(stored).error().code, ErrorCode::corruption) << to_hex(stored);
  }
}

TEST(IdAllocator, GoesFromBlockToBlock) {
  IdAllocator ids(2);
  EXPECT_TRUE(ids.needs_block());
  EXPECT_EQ(ids.next(), std::nullopt);
  ids.add_block({.first = 1, .count = 3});
  EXPECT_FALSE(ids.needs_block());
  EXPECT_EQ(ids.next(), 1);
  EXPECT_TRUE(ids.needs_block()) << "two are left";
  ids.add_block({.first = 100, .count = 2});
  ids.add_block({});
  for (const std::int64_t id : {2, 3, 100, 101}) EXPECT_EQ(ids.next(), id);
  EXPECT_EQ(ids.next(), std::nullopt);
}

TEST(IdAllocator, GoesOnAboveAChosenNumber) {
  IdAllocator ids;
  ids.add_block({.first = 1, .count = 10});
  ids.add_block({.first = 50, .count = 10});
  ids.skip_through(0);
  EXPECT_EQ(ids.next(), 1);
  ids.skip_through(4);
  EXPECT_EQ(ids.left(), 16U);
  EXPECT_EQ(ids.next(), 5);
  ids.skip_through(52);
  EXPECT_EQ(ids.left(), 7U);
  EXPECT_EQ(ids.next(), 53);
  ids.skip_through(kLast);
  EXPECT_EQ(ids.left(), 0U);
  EXPECT_EQ(ids.next(), std::nullopt);
}

// Two nodes lease, draw and are given numbers by users, in any order: none comes out twice, nor one that a user took at or above
// the counter.
RC_GTEST_PROP(IdAllocatorProperty, NumbersAreUnique, ()) {
  std::int64_t counter = 1;
  IdAllocator nodes[2];
  std::set<std::int64_t> taken;
  const auto steps =
      *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(rc::gen::inRange(0, 2), rc::gen::inRange(0, 100)));
  for (const auto& [node, what] : steps) {
    IdAllocator& ids = nodes[node];
    if (what == 0) {
      const std::int64_t chosen = counter + *rc::gen::inRange(0, 5);
      if (const auto after = counter_after_explicit(counter, chosen)) counter = *after;
      taken.insert(chosen);
      ids.skip_through(chosen);
    }
    if (ids.needs_block()) {
      const IdLease lease = *lease_ids(counter, 5);
      counter = lease.counter;
      ids.add_block(lease.block);
    }
    const auto id = ids.next();
    RC_ASSERT(id.has_value());
    RC_ASSERT(taken.insert(*id).second);
  }
}

}  // namespace
}  // namespace latium
