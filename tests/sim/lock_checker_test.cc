// The lock checker on hand-made histories.
#include "tests/sim/lock_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/hand_made.h"

namespace latium::sim {
namespace {

using namespace hand_made;  // NOLINT: the histories below read as tables
using testing::HasSubstr;

struct Case {
  std::string name;
  std::vector<Operation> operations;
  std::string reason = {};
};

class BadLock : public testing::TestWithParam<Case> {};
class GoodLock : public testing::TestWithParam<Case> {};
std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

Operation by(std::string owner, Operation made) {
  made.owner = std::move(owner);
  return made;
}
Operation without_token(Operation made) {
  made.token.reset();
  return made;
}
Operation without_answer(Operation made) {
  made.applied.reset();
  return made;
}
Operation not_done(Operation made) {
  made.applied = false;
  return made;
}

TEST_P(BadLock, IsRejected) {
  const CheckReport report = check_locks(history_of(GetParam().operations));
  ASSERT_EQ(report.violations.size(), 1U) << report.first();
  EXPECT_THAT(report.first(), HasSubstr(GetParam().reason));
}

TEST_P(GoodLock, IsAccepted) {
  const CheckReport report = check_locks(history_of(GetParam().operations));
  EXPECT_TRUE(report.valid()) << report.first();
  EXPECT_EQ(report.operations, GetParam().operations.size());
}

const std::vector<Case> kBad{
    {"OneTokenTwice", {acquire(1, 5, 0, 1), acquire(2, 5, 2, 3)}, "two acquires got the same token"},
    {"OneTokenTwiceAtOnce", {acquire(1, 5, 0, 9), acquire(2, 5, 0, 9)}, "two acquires got the same token"},
    {"TokenGoesDown", {acquire(1, 5, 0, 1), acquire(2, 4, 2, 3)}, "lower token than one before"},
    {"TokenGoesDownLater", {acquire(1, 5, 0, 1), acquire(2, 9, 0, 20), acquire(3, 4, 8, 9)}, "lower token than one before"},
    {"LowerThanOneBeforeTheLast", {acquire(1, 9, 0, 3), acquire(2, 5, 0, 4), acquire(3, 7, 5, 6)}, "lower token than one before"},
    {"AcceptedAfterAHigherToken",
     {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), guarded(2, 2, true, 4, 5), guarded(1, 1, true, 6, 7)},
     "two holders overlap"},
    {"HoldersTakeTurns",
     {acquire(1, 1, 0, 1), guarded(1, 1, true, 2, 3), acquire(2, 2, 4, 5), guarded(2, 2, true, 6, 7), guarded(1, 1, true, 8, 9)},
     "two holders overlap"},
    {"TokenThatNobodyGot", {acquire(1, 1, 0, 1), guarded(1, 7, true, 2, 3)}, "that no acquire got"},
    {"TokenOfAnUnknownAcquire", {info(acquire(1, 1, 0, 1)), guarded(1, 1, true, 2, 3)}, "that no acquire got"},
    {"TokenBeforeItsAcquire", {guarded(1, 1, true, 0, 1), acquire(1, 1, 2, 3)}, "before an acquire has got it"},
    {"TokenOfAnother", {acquire(1, 1, 0, 1), guarded(2, 1, true, 2, 3)}, "who did not acquire it"},
    {"ReleaseOfAnothersToken", {acquire(1, 1, 0, 1), release(2, 1, 2, 3)}, "who did not acquire it"},
    {"RenewalOfALostLock", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), renew(1, 1, 4, 5)}, "renewed after another"},
    {"RenewalAfterRelease", {acquire(1, 1, 0, 1), release(1, 1, 2, 3), renew(1, 1, 4, 5)}, "renewed what it had released"},
    {"RejectedForNothing", {acquire(1, 1, 0, 1), guarded(1, 1, false, 2, 3)}, "cannot have seen a higher one"},
    {"RejectedForAFailedWrite",
     {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), failed(guarded(2, 2, true, 4, 5)), guarded(1, 1, false, 6, 7)},
     "cannot have seen a higher one"},
    {"RejectedForALaterWrite",
     {acquire(1, 1, 0, 1), acquire(2, 2, 0, 1), guarded(1, 1, false, 2, 3), guarded(2, 2, true, 4, 5)},
     "cannot have seen a higher one"},
    {"AcquireWithoutToken", {without_token(acquire(1, 1, 0, 1))}, "bad record"},
    {"WriteWithoutAnswer", {acquire(1, 1, 0, 1), without_answer(guarded(1, 1, true, 2, 3))}, "bad record"},
};
INSTANTIATE_TEST_SUITE_P(HandMade, BadLock, testing::ValuesIn(kBad), name_of);

const std::vector<Case> kGood{
    {"OneAfterTheOther",
     {acquire(1, 1, 0, 1), guarded(1, 1, true, 2, 3), renew(1, 1, 4, 5), release(1, 1, 6, 7), acquire(2, 2, 8, 9),
      guarded(2, 2, true, 10, 11)}},
    {"TokensMayLeaveGaps", {acquire(1, 1, 0, 1), info(acquire(2, 2, 2, 3)), acquire(3, 7, 4, 5)}},
    {"OverlappingAcquires", {acquire(1, 2, 0, 9), acquire(2, 1, 0, 9)}},
    {"MeetingAtOneInstantIsConcurrent", {acquire(1, 2, 0, 5), acquire(2, 1, 5, 9)}},
    {"OldHolderIsRejected", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), guarded(2, 2, true, 4, 5), guarded(1, 1, false, 6, 7)}},
    {"RejectedForAnUnknownWrite",
     {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), info(guarded(2, 2, true, 4, 5)), guarded(1, 1, false, 6, 7)}},
    {"OldHolderInTimeForTheResource",
     {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), guarded(1, 1, true, 4, 5), guarded(2, 2, true, 6, 7)}},
    {"WritesAtOnce", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), guarded(2, 2, true, 4, 9), guarded(1, 1, true, 5, 8)}},
    {"UnknownOldWrite", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), guarded(2, 2, true, 4, 5), info(guarded(1, 1, true, 6, 7))}},
    {"RefusedAcquire", {acquire(1, 1, 0, 1), not_done(without_token(acquire(2, 0, 2, 3))), failed(acquire(3, 0, 4, 5))}},
    {"RefusedRenewal", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 3), not_done(renew(1, 1, 4, 5)), failed(renew(1, 1, 6, 7))}},
    {"RenewalWhileAnotherAcquires", {acquire(1, 1, 0, 1), acquire(2, 2, 2, 9), renew(1, 1, 3, 8)}},
    {"AgainByTheSameOwner", {acquire(1, 1, 0, 1), release(1, 1, 2, 3), acquire(1, 2, 4, 5), guarded(1, 2, true, 6, 7)}},
    {"OwnersNotRecorded", {by("", acquire(1, 1, 0, 1)), by("", guarded(2, 1, true, 2, 3))}},
};
INSTANTIATE_TEST_SUITE_P(HandMade, GoodLock, testing::ValuesIn(kGood), name_of);

TEST(Locks, EachLockHasItsOwnTokens) {
  Operation other = acquire(2, 1, 2, 3);
  other.key = "other";
  const auto report = check_locks(history_of({acquire(1, 1, 0, 1), other}));
  EXPECT_TRUE(report.valid()) << report.first();
  EXPECT_EQ(report.keys, 2U);
}

TEST(Locks, TheExplanationNamesBothOperations) {
  const auto report = check_locks(history_of({acquire(1, 5, 0, 1), acquire(2, 4, 2, 3)}));
  EXPECT_EQ(report.first(),
            "lock \"k\": an acquire got a lower token than one before it\n"
            "  process 1 acquire by \"owner1\", token 5 [0..1 ns] ok\n"
            "  process 2 acquire by \"owner2\", token 4 [2..3 ns] ok");
}

}  // namespace
}  // namespace latium::sim
