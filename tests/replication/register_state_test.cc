#include "replication/register_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace latium {
namespace {

constexpr RequestId kRequest{1, 2};
const Ballot kBallot{Hlc{100}, NodeId{1}, 1};

CommandResult run(const RegisterState& state, const RegisterCommand& command) {
  return apply(state, command, kRequest, kBallot);
}

TEST(RegisterStateTest, CasWritesOnlyWhatItExpects) {
  CasCommand create{CasCommand::Expect::absent, {}, 0, "a"};
  const auto made = run({}, create);
  ASSERT_TRUE(made.applied);
  EXPECT_EQ(made.state, (RegisterState{100, kRequest, true, "a"}));
  EXPECT_FALSE(run(made.state, create).applied);
  const auto changed = run(made.state, CasCommand{CasCommand::Expect::value, "a", 0, "b"});
  ASSERT_TRUE(changed.applied);
  EXPECT_EQ(changed.state.version, 101u);
  EXPECT_FALSE(run(changed.state, CasCommand{CasCommand::Expect::value, "a", 0, "c"}).applied);
  EXPECT_TRUE(run(changed.state, CasCommand{CasCommand::Expect::version, {}, 101, "c"}).applied);
  EXPECT_FALSE(run(changed.state, CasCommand{CasCommand::Expect::version, {}, 100, "c"}).applied);
}

TEST(RegisterStateTest, ADeleteLeavesATombstoneWhereThereWasSomething) {
  const CasCommand remove{CasCommand::Expect::anything, {}, 0, std::nullopt};
  EXPECT_EQ(run({}, remove).state, RegisterState());
  const auto removed = run({7, {}, true, "a"}, remove);
  EXPECT_TRUE(removed.applied);
  EXPECT_FALSE(removed.state.present);
  EXPECT_EQ(removed.state.version, 8u);
}

// Deletes are changes like any other, and so is what comes after a tombstone; what is refused is none.
RC_GTEST_PROP(RegisterLineageTest, AStateNamesTheRequestsOfItsLastVersions, (const std::vector<std::uint8_t>& kinds)) {
  RegisterState state;
  std::vector<RequestId> made;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const RequestId request{7, i + 1};
    CasCommand command{CasCommand::Expect::anything, {}, 0, std::nullopt};
    if (kinds[i] % 4 == 0) command.expect = CasCommand::Expect::version, command.expected_version = 1;
    if (kinds[i] % 4 > 1) command.value = "a";
    const auto result = apply(state, command, request, kBallot);
    if (result.state.version != state.version) made.push_back(request);
    RC_ASSERT(result.state.version == (made.empty() ? 0 : 99 + made.size()));
    state = result.state;
  }
  const std::size_t named = std::min(made.size(), RequestLineage::kMax + 1);
  RC_ASSERT(state.earlier.size() == (named == 0 ? 0 : named - 1));
  for (std::size_t back = 0; back < made.size(); ++back) {
    const RequestId request = made[made.size() - 1 - back];
    if (back == 0) RC_ASSERT(state.last_request == request);
    if (back > 0 && back < named) RC_ASSERT(state.earlier[back - 1] == request);
    const auto version = state.version_of(request);
    RC_ASSERT(version == (back < named ? std::optional(state.version - back) : std::nullopt));
    RC_ASSERT(state.tells_since(state.version - back) == (back < named));
  }
}

TEST(RegisterLineageTest, WhatAStateDoesNotTell) {
  EXPECT_FALSE(RegisterState().tells_since(0)) << "perhaps it was collected";
  EXPECT_FALSE(RegisterState().tells_since(100)) << "perhaps it was collected";
  const RegisterState made = run({}, CasCommand{CasCommand::Expect::anything, {}, 0, "a"}).state;
  EXPECT_TRUE(made.tells_since(made.version));
  EXPECT_TRUE(made.tells_since(made.version + 1));
  EXPECT_FALSE(made.tells_since(made.version - 1)) << "of before it was collected";
  EXPECT_FALSE(made.version_of(RequestId())) << "no request";
  EXPECT_FALSE(RegisterState().version_of(RequestId())) << "no request";
}

TEST(RegisterLineageTest, WhatACommandMadeIsToldFromItAlone) {
  const RequestId later{3, 4};
  const auto same = [&](const RegisterState& before, const RegisterCommand& command) {
    RegisterState made = apply(before, command, later, kBallot).state;
    const auto told = state_made(command, later, made.version);
    made.earlier = RequestLineage();
    return told && *told == made;
  };
  const RegisterState before = run({}, CasCommand{CasCommand::Expect::anything, {}, 0, "a"}).state;
  EXPECT_TRUE(same(before, CasCommand{CasCommand::Expect::anything, {}, 0, "b"}));
  EXPECT_TRUE(same(before, CasCommand{CasCommand::Expect::anything, {}, 0, std::nullopt}));
  const RegisterState held = run({}, LockAcquireCommand{"a", 10, 1'000, 500, 0}).state;
  EXPECT_TRUE(same(held, LockRenewCommand{"a", 1, 20, 2'000}));
  EXPECT_TRUE(same(held, LockReleaseCommand{"a", 1}));
  EXPECT_FALSE(state_made(LockAcquireCommand{"b", 9'000, 1'000, 500, 0}, later, 101)) << "its token is another state's";
}

TEST(RegisterStateTest, TokensOfALockGrowWithEachOwner) {
  const auto acquire = [](Bytes owner, std::uint64_t now_ms) {
    return LockAcquireCommand{std::move(owner), now_ms, 1'000, 500, 0};
  };
  const auto first = run({}, acquire("a", 0));
  ASSERT_TRUE(first.applied);
  EXPECT_EQ(*decode_lock(first.state), (LockState{"a", 1, 1'000, 1'000}));
  // Run out, but perhaps not by the holder's clock.
  EXPECT_FALSE(run(first.state, acquire("b", 1'499)).applied);
  const auto second = run(first.state, acquire("b", 1'500));
  ASSERT_TRUE(second.applied);
  EXPECT_EQ(decode_lock(second.state)->token, 2u);
  EXPECT_FALSE(run(second.state, LockRenewCommand{"a", 1, 1'600, 1'000}).applied);
  EXPECT_FALSE(run(second.state, LockReleaseCommand{"a", 1}).applied);
  const auto released = run(second.state, LockReleaseCommand{"b", 2});
  ASSERT_TRUE(released.applied);
  const auto third = run(released.state, acquire("a", 1'600));
  ASSERT_TRUE(third.applied);
  EXPECT_EQ(decode_lock(third.state)->token, 3u);
}

TEST(RegisterStateTest, ALockThatWasOutwaitedIsTakenWhateverItsEnd) {
  const std::uint64_t ahead = 3'600'000;  // granted, and renewed, by a clock an hour ahead
  const auto held = run(run({}, LockAcquireCommand{"a", ahead, 1'000, 500, 0}).state, LockRenewCommand{"a", 1, ahead, 2'000});
  ASSERT_TRUE(held.applied);
  EXPECT_EQ(decode_lock(held.state)->ttl_ms, 2'000u) << "how long to wait for";
  const auto acquire = [](std::uint64_t outwaited) { return LockAcquireCommand{"b", 10, 1'000, 500, outwaited}; };
  EXPECT_FALSE(run(held.state, acquire(0)).applied);
  EXPECT_FALSE(run(held.state, acquire(held.state.version - 1)).applied) << "renewed since";
  const auto taken = run(held.state, acquire(held.state.version));
  ASSERT_TRUE(taken.applied);
  EXPECT_EQ(*decode_lock(taken.state), (LockState{"b", 2, 1'010, 1'000}));
}

// A renewal by a clock that is right mends an end that a wrong one wrote.
TEST(RegisterStateTest, ARenewalCountsFromItsOwnTime) {
  const auto held = run({}, LockAcquireCommand{"a", 3'600'000, 1'000, 500, 0});
  EXPECT_EQ(decode_lock(run(held.state, LockRenewCommand{"a", 1, 10, 1'000}).state)->expires_ms, 1'010u);
}

}  // namespace
}  // namespace latium
