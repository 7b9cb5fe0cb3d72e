#include "net/byte_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <vector>

#include "base/random.h"

namespace latium {
namespace {

TEST(ByteBudgetTest, WhoHoldsMuchDoesNotShutOutWhoHoldsLittle) {
  const auto budget = std::make_shared<ByteBudget>(1000, 5);  // floors of 50, 750 in common
  ASSERT_EQ(budget->floor(), 50u);
  ByteAccount greedy(budget);
  EXPECT_FALSE(greedy.try_take(801));
  EXPECT_TRUE(greedy.try_take(800));
  EXPECT_FALSE(greedy.try_take(1));
  ByteAccount modest(budget);
  EXPECT_TRUE(modest.try_take(50));
  EXPECT_FALSE(modest.try_take(1));
  EXPECT_EQ(budget->held(), 850u);
  greedy.give_back(1);
  EXPECT_TRUE(modest.try_take(1));
  EXPECT_FALSE(greedy.try_take(1));
}

TEST(ByteBudgetTest, WhatIsTakenUnaskedIsCounted) {
  const auto budget = std::make_shared<ByteBudget>(100, 1);  // a floor of 25, 75 in common
  ByteAccount account(budget);
  account.take(150);
  EXPECT_EQ(budget->held(), 150u);
  EXPECT_FALSE(account.has_room(1));
  EXPECT_TRUE(account.has_room(0));
  account.give_back(60);
  EXPECT_TRUE(account.has_room(10));
  EXPECT_FALSE(account.has_room(11));
}

TEST(ByteBudgetTest, SharesAndAccountsGiveBackWhenTheyDie) {
  const auto budget = std::make_shared<ByteBudget>(100, 1);
  {
    ByteAccount account(budget);
    ASSERT_TRUE(account.try_take(30));
    ByteShare share(account, 30);
    ByteShare moved(std::move(share));
    EXPECT_EQ(budget->held(), 30u);
    ASSERT_TRUE(account.try_take(20));
    moved = ByteShare(account, 20);
    EXPECT_EQ(budget->held(), 20u);
    moved = ByteShare();
    EXPECT_EQ(budget->held(), 0u);
    account.take(10);
  }
  EXPECT_EQ(budget->held(), 0u);
}

RC_GTEST_PROP(ByteBudgetProperty, TheLimitHoldsAndTheFloorIsAlwaysThere, (std::uint64_t seed)) {
  Random random(seed);
  const std::size_t accounts = random.between(1, 6);
  const std::size_t limit = random.between(1, 1000);
  const auto budget = std::make_shared<ByteBudget>(limit, accounts);
  std::deque<ByteAccount> open;
  for (std::size_t i = 0; i < accounts; ++i) open.emplace_back(budget);
  for (int step = 0; step < 200; ++step) {
    ByteAccount& account = open[random.below(accounts)];
    if (random.chance(0.6)) {
      const std::size_t bytes = random.below(limit);
      const bool in_floor = account.held() + bytes <= budget->floor();
      const bool taken = account.try_take(bytes);
      RC_ASSERT(taken || !in_floor);
    } else {
      account.give_back(random.below(account.held() + 1));
    }
    std::size_t sum = 0;
    for (const ByteAccount& one : open) sum += one.held();
    RC_ASSERT(budget->held() == sum);
    RC_ASSERT(sum <= limit);
  }
}

}  // namespace
}  // namespace latium
