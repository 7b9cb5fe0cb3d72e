// Registers that two proposers make, change and delete at once, in every order of their messages: safe as it is, and not with one
// rule of fast accepts less.
#include "tests/replication/register_explorer.h"

#include <gtest/gtest.h>

#include <iostream>

namespace latium::testing {
namespace {

CasCommand put(Bytes value) {
  return {CasCommand::Expect::anything, {}, 0, std::move(value)};
}
CasCommand create(Bytes value) {
  return {CasCommand::Expect::absent, {}, 0, std::move(value)};
}
const CasCommand kDelete{CasCommand::Expect::anything, {}, 0, std::nullopt};

// Fast accepts below all other ballots; each right below the rounds of its own proposer; and one above those of the other, whose
// clock is behind.
const std::array<std::vector<std::uint64_t>, 2> kClocks[] = {
    {{{10, 30}, {20, 40}}},
    {{{10, 20}, {30, 40}}},
    {{{50, 60}, {10, 20}}},
};

RegisterPlot two_that_make(std::size_t clocks) {
  return {.stamps = kClocks[clocks], .commands = {{{put("a")}, {create("b")}}}};
}

// The second deletes what it has made, and has it collected.
RegisterPlot one_that_deletes(std::size_t clocks) {
  return {.stamps = kClocks[clocks], .commands = {{{create("a")}, {put("b"), kDelete}}}};
}

// A register that is there already.
RegisterPlot two_that_change(std::size_t clocks) {
  return {.stamps = kClocks[clocks], .commands = {{{put("a")}, {put("b")}}}, .before = RegisterPlot::Before::at_all};
}
RegisterPlot two_that_change_what_one_lacks(std::size_t clocks) {
  return {.stamps = kClocks[clocks], .commands = {{{put("a")}, {put("b")}}}, .before = RegisterPlot::Before::at_two};
}
// Of the first, only its fast accept is about: it has died since.
const std::array<std::vector<std::uint64_t>, 2> kOneThatDied[] = {
    {{{10}, {20, 40}}},
    {{{50}, {10, 20}}},
    {{{30}, {10, 40}}},
};
RegisterPlot one_that_changes_twice(std::array<std::vector<std::uint64_t>, 2> stamps) {
  return {.stamps = std::move(stamps),
          .commands = {{{put("a")}, {put("b"), put("c")}}},
          .before = RegisterPlot::Before::at_all,
          .learns = true};
}
RegisterPlot one_that_changes_and_deletes(std::size_t clocks) {
  return {
      .stamps = kOneThatDied[clocks], .commands = {{{put("a")}, {put("b"), kDelete}}}, .before = RegisterPlot::Before::at_all};
}

void expect_safe(RegisterPlot plot) {
  // Where one lacks what the others go on from, not all can take what is made of it.
  const bool fast = plot.before != RegisterPlot::Before::at_two;
  RegisterExplorer explorer(std::move(plot));
  EXPECT_EQ(explorer.explore().value_or(""), "");
  EXPECT_EQ(explorer.fast_chosen() > 0, fast);
  EXPECT_GT(explorer.chosen(), 0u);
  std::cout << explorer.states() << " states, " << explorer.fast_chosen() << " chosen fast, " << explorer.chosen()
            << " otherwise, " << explorer.collected() << " collected\n";
}

// In one of the plots, whichever it shows in.
void expect_caught(bool RegisterPlot::* mutant, RegisterPlot (*plot_of)(std::size_t)) {
  for (std::size_t clocks = 0; clocks < std::size(kClocks); ++clocks) {
    RegisterPlot plot = plot_of(clocks);
    plot.*mutant = true;
    const auto wrong = RegisterExplorer(std::move(plot)).explore();
    ASSERT_NE(wrong.value_or(""), "more states than are gone through");
    if (wrong) {
      std::cout << "noticed: " << *wrong << "\n";
      return;
    }
  }
  ADD_FAILURE() << "not noticed";
}

TEST(RegisterExplorerTest, TwoThatMakeARegisterAtOnceAgree) {
  for (std::size_t clocks = 0; clocks < std::size(kClocks); ++clocks) expect_safe(two_that_make(clocks));
}
TEST(RegisterExplorerTest, WhatComesLateAfterACollectionHasNoEffectTwice) {
  for (std::size_t clocks = 0; clocks < std::size(kClocks); ++clocks) expect_safe(one_that_deletes(clocks));
}
TEST(RegisterExplorerTest, TwoThatChangeARegisterAtOnceAgree) {
  for (std::size_t clocks = 0; clocks < std::size(kClocks); ++clocks) expect_safe(two_that_change(clocks));
}
TEST(RegisterExplorerTest, TwoThatChangeWhatOneReplicaLacksAgree) {
  for (std::size_t clocks = 0; clocks < std::size(kClocks); ++clocks) expect_safe(two_that_change_what_one_lacks(clocks));
}
TEST(RegisterExplorerTest, ManyChangesOfARegisterAgree) {
  // With a second round, as in kOneThatDied or of the first, it is safe too: 0.9 to 1.9 million states.
  expect_safe(one_that_changes_twice({{{10}, {20}}}));
  expect_safe(one_that_changes_twice({{{30}, {20}}}));
}
TEST(RegisterExplorerTest, AChangeAndADeletionOfARegisterAgree) {
  for (std::size_t clocks = 0; clocks < std::size(kOneThatDied); ++clocks) expect_safe(one_that_changes_and_deletes(clocks));
}
TEST(RegisterExplorerTest, AMajorityIsNotEnoughForAFastAccept) {
  expect_caught(&RegisterPlot::fast_by_a_majority, two_that_make);
  expect_caught(&RegisterPlot::fast_by_a_majority, two_that_change);
}
TEST(RegisterExplorerTest, AFastAcceptIsNoOrdinaryOne) {
  expect_caught(&RegisterPlot::fast_counts_as_ordinary, two_that_make);
}
TEST(RegisterExplorerTest, AFastAcceptThatAllMayHaveIsGoneOnFrom) {
  expect_caught(&RegisterPlot::fast_never_counts, two_that_make);
}
TEST(RegisterExplorerTest, AFastAcceptTakesNobodysPlace) {
  expect_caught(&RegisterPlot::fast_over_another, two_that_make);
}
TEST(RegisterExplorerTest, AFastChangeIsNoOrdinaryOne) {
  expect_caught(&RegisterPlot::fast_counts_as_ordinary, two_that_change);
}
TEST(RegisterExplorerTest, AFastChangeThatAllMayHaveIsGoneOnFrom) {
  expect_caught(&RegisterPlot::fast_never_counts, two_that_change);
}
TEST(RegisterExplorerTest, AFastChangeTakesNobodysPlace) {
  expect_caught(&RegisterPlot::fast_over_another, two_that_change);
}
TEST(RegisterExplorerTest, AFastChangeBelowAPromiseIsOver) {
  expect_caught(&RegisterPlot::fast_below_a_promise, two_that_change);
}
TEST(RegisterExplorerTest, WhatAFastChangeWasTakenOverCountsInItsPlace) {
  expect_caught(&RegisterPlot::base_is_forgotten, two_that_change);
}
TEST(RegisterExplorerTest, AFastAcceptBelowTheFloorIsOver) {
  expect_caught(&RegisterPlot::fast_below_the_floor, one_that_deletes);
}

}  // namespace
}  // namespace latium::testing
