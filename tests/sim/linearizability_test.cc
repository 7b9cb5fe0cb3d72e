// The register checker on hand-made histories: each bad one is rejected, each good one accepted.
#include "tests/sim/linearizability.h"

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
};

class BadRegister : public testing::TestWithParam<Case> {};
class GoodRegister : public testing::TestWithParam<Case> {};
std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

TEST_P(BadRegister, IsRejected) {
  const CheckReport report = check_registers(history_of(GetParam().operations));
  EXPECT_EQ(report.violations.size(), 1U);
  EXPECT_TRUE(report.gave_up.empty());
}

TEST_P(GoodRegister, IsAccepted) {
  const CheckReport report = check_registers(history_of(GetParam().operations));
  EXPECT_TRUE(report.valid()) << report.first();
  EXPECT_EQ(report.operations, GetParam().operations.size());
}

const std::vector<Case> kBad{
    {"StaleRead", {write(1, "a", 0, 1), write(1, "b", 2, 3), read(2, "a", 4, 5)}},
    {"ReadBeforeTheWriteBegan", {read(2, "a", 0, 1), write(1, "a", 2, 3)}},
    {"LostWrite", {write(1, "a", 0, 1), read(2, "", 2, 3)}},
    {"ValueFromNowhere", {write(1, "a", 0, 1), read(2, "x", 2, 3)}},
    {"FailedWriteSeen", {write(1, "a", 0, 1), failed(write(1, "b", 2, 3)), read(2, "b", 4, 5)}},
    {"FailedCasSeen", {write(1, "a", 0, 1), failed(cas(1, "a", "b", 2, 3)), read(2, "b", 4, 5)}},
    {"RefusedCasSeen", {write(1, "a", 0, 1), refused(1, "z", "b", "a", 2, 3), read(2, "b", 4, 5)}},
    {"ReadsGoBack", {write(1, "a", 0, 1), write(1, "b", 2, 20), read(2, "b", 3, 4), read(3, "a", 5, 6)}},
    {"ReadersDisagreeOnTheOrder", {write(1, "a", 0, 10), write(2, "b", 0, 10), read(3, "a", 11, 12), read(4, "b", 13, 14)}},
    {"TwoCasFromOneValue", {write(1, "a", 0, 1), cas(1, "a", "b", 2, 9), cas(2, "a", "c", 2, 9)}},
    {"CasFromAValueThatIsGone", {write(1, "a", 0, 1), write(1, "b", 2, 3), cas(2, "a", "c", 4, 5)}},
    {"CasOnAbsentTwice", {cas(1, "", "a", 0, 5), cas(2, "", "b", 0, 5)}},
    {"AppliedCasLost", {cas(1, "", "a", 0, 1), cas(1, "a", "b", 2, 3), read(2, "a", 4, 5)}},
    {"RefusedThoughItFits", {write(1, "a", 0, 1), refused(1, "a", "b", 2, 3)}},
    {"RefusedFindingWhatItExpected", {write(1, "a", 0, 1), refused(1, "a", "b", "a", 2, 3)}},
    {"RefusedFindingAnOldValue", {write(1, "a", 0, 1), write(1, "b", 2, 3), refused(2, "c", "d", "a", 4, 5)}},
    {"DeletedValueComesBack", {write(1, "a", 0, 1), remove(1, 2, 3), read(2, "", 4, 5), read(2, "a", 6, 7)}},
    {"DeleteLost", {write(1, "a", 0, 1), cas(1, "a", "", 2, 3), read(2, "a", 4, 5)}},
    {"InfoThatHappensTwice",
     {info(write(1, "a", 0, 1)), read(2, "a", 2, 3), write(3, "b", 4, 5), read(2, "b", 6, 7), read(2, "a", 8, 9)}},
    {"InfoReadBeforeItBegan", {read(2, "a", 0, 1), info(write(1, "a", 2, 3))}},
    {"InfoThatIsSeenThenNot", {write(1, "z", 0, 1), info(write(1, "a", 2, 3)), read(2, "a", 4, 5), read(2, "z", 6, 7)}},
    {"InfoCasFromAValueThatNeverWas", {write(1, "a", 0, 1), info(cas(2, "x", "b", 2, 3)), read(3, "b", 4, 5)}},
    {"OneInfoCasForTwoSteps",
     {write(1, "a", 0, 1), info(cas(2, "a", "b", 2, 3)), read(3, "b", 4, 5), write(1, "a", 6, 7), read(3, "b", 8, 9)}},
    {"OwnWriteNotSeenAtTheSameInstant", {write(1, "a", 0, 5), read(1, "", 5, 9)}},
    {"LocalReadOfAFailedWrite", {failed(write(1, "a", 0, 1)), local_read(2, "a", 2, 3)}},
    {"LocalReadOfARefusedCas", {refused(1, "z", "a", "", 0, 1), local_read(2, "a", 2, 3)}},
    {"LocalReadBeforeTheWriteBegan", {local_read(2, "a", 0, 1), write(1, "a", 2, 3)}},
};
INSTANTIATE_TEST_SUITE_P(HandMade, BadRegister, testing::ValuesIn(kBad), name_of);

const std::vector<Case> kGood{
    {"NothingWritten", {read(1, "", 0, 1), local_read(1, "", 2, 3)}},
    {"ConcurrentReadsSeeBoth", {write(1, "a", 0, 9), read(2, "", 1, 2), read(2, "a", 3, 4)}},
    {"WritesInTheOtherOrder", {write(1, "a", 0, 10), write(2, "b", 1, 9), read(3, "b", 11, 12), read(3, "b", 13, 14)}},
    {"ReadsThatDecideTheOrder", {write(1, "a", 0, 10), write(2, "b", 0, 10), read(3, "b", 1, 9), read(4, "a", 11, 12)}},
    {"InfoThatHappened", {info(write(1, "a", 0, 1)), read(2, "a", 2, 3)}},
    {"InfoThatDidNot", {write(1, "z", 0, 1), info(write(1, "a", 2, 3)), read(2, "z", 4, 5)}},
    {"InfoThatComesLate", {info(write(1, "a", 0, 1)), write(2, "b", 2, 3), read(3, "b", 4, 5), read(3, "a", 6, 7)}},
    {"RunningIsInfo", {running(write(1, "a", 0, 0)), read(2, "", 2, 3), read(2, "a", 4, 5)}},
    {"InfoAfterADelete", {info(write(1, "a", 0, 1)), remove(2, 2, 3), read(2, "", 4, 5), read(2, "a", 6, 7)}},
    {"TwoInfosOfOneValue",
     {info(write(1, "a", 0, 1)), info(write(2, "a", 0, 1)), read(3, "a", 2, 3), write(3, "b", 4, 5), read(3, "a", 6, 7)}},
    {"CasChain",
     {cas(1, "", "a", 0, 1), cas(2, "a", "b", 2, 3), cas(1, "b", "", 4, 5), cas(2, "", "c", 6, 7), read(3, "c", 8, 9)}},
    {"ConcurrentCasChain", {cas(3, "b", "c", 0, 9), cas(2, "a", "b", 0, 9), cas(1, "", "a", 0, 9), read(4, "c", 10, 11)}},
    {"ChainOfInfoCas",
     {write(1, "a", 0, 1), info(cas(2, "b", "c", 2, 3)), info(cas(3, "a", "b", 2, 3)), read(4, "a", 4, 5), read(4, "c", 6, 7)}},
    {"InfoWriteThenInfoCas",
     {write(1, "z", 0, 1), info(cas(2, "a", "b", 2, 3)), info(write(3, "a", 2, 3)), cas(4, "b", "d", 4, 5), read(4, "d", 6, 7)}},
    {"InfoCasThatDidNotFit", {write(1, "a", 0, 1), info(cas(2, "x", "b", 2, 3)), read(3, "a", 4, 5)}},
    {"RefusedByAConcurrentWrite", {write(1, "a", 0, 1), write(1, "b", 2, 9), refused(2, "a", "c", "b", 3, 8)}},
    {"RefusedByAnInfo", {write(1, "a", 0, 1), info(write(1, "b", 2, 3)), refused(2, "a", "c", 4, 5), read(2, "b", 6, 7)}},
    {"RefusedFindingAbsent", {write(1, "a", 0, 1), remove(1, 2, 3), refused(2, "a", "b", "", 4, 5)}},
    {"FailedCasOnly", {failed(cas(1, "x", "y", 0, 1)), cas(1, "", "a", 2, 3), failed(write(2, "b", 4, 5)), read(2, "a", 6, 7)}},
    {"DeleteAndWriteAgain", {write(1, "a", 0, 1), remove(1, 2, 3), write(1, "a", 4, 5), read(2, "a", 6, 7)}},
    {"MeetingAtOneInstantIsConcurrent", {write(1, "a", 0, 5), read(2, "", 5, 9)}},
    {"OldLocalReads",
     {write(1, "a", 0, 1), write(1, "b", 2, 3), local_read(2, "a", 4, 5), local_read(2, "", 6, 7), info(cas(3, "x", "y", 4, 5)),
      local_read(2, "y", 6, 7)}},
    {"FailedReadSaysNothing", {write(1, "a", 0, 1), failed(read(2, "x", 2, 3)), info(read(2, "y", 4, 5))}},
    {"FinalReads", {write(1, "a", 0, 1), operation(2, "remove", 2, 3), operation(2, "final_get", 4, 5)}},
};
INSTANTIATE_TEST_SUITE_P(HandMade, GoodRegister, testing::ValuesIn(kGood), name_of);

TEST(Registers, KeysAreJudgedByThemselves) {
  Operation other = read(2, "a", 4, 5);
  other.key = "other";
  const auto report = check_registers(history_of({write(1, "a", 0, 1), read(2, "a", 2, 3), other}));
  ASSERT_EQ(report.violations.size(), 1U);
  EXPECT_EQ(report.keys, 2U);
  EXPECT_THAT(report.first(), HasSubstr("key \"other\""));
}

TEST(Registers, OperationsOfOthersArePassedOver) {
  const auto report = check_registers(history_of({acquire(1, 1, 0, 1), operation(1, "scan", 2, 3)}));
  EXPECT_TRUE(report.valid());
  EXPECT_EQ(report.operations, 0U);
}

TEST(Registers, CasWithoutItsAnswerIsABadRecord) {
  Operation silent = cas(1, "", "a", 0, 1);
  silent.applied.reset();
  EXPECT_THAT(check_registers(history_of({silent})).first(), HasSubstr("bad record"));
}

TEST(Registers, TheExplanationEndsWhereItGoesWrong) {
  const auto report = check_registers(history_of(
      {write(1, "a", 0, 1), write(1, "b", 2, 3), read(2, "a", 4, 5), read(2, "b", 6, 7), write(1, "much later", 8, 9)}));
  EXPECT_EQ(report.first(),
            "key \"k\": not linearizable: no order explains what its first 3 operations returned (until 5 ns):\n"
            "  process 1 write \"a\" [0..1 ns] ok\n"
            "  process 1 write \"b\" [2..3 ns] ok\n"
            "  process 2 read -> \"a\" [4..5 ns] ok\n"
            "An order of as many of them as possible:\n"
            "  process 1 write \"a\" [0..1 ns] ok\n"
            "  process 1 write \"b\" [2..3 ns] ok\n"
            "It leaves the value \"b\", with which none of these can come next:\n"
            "  process 2 read -> \"a\" [4..5 ns] ok");
}

TEST(Registers, GivingUpIsNoPass) {
  std::vector<Operation> operations;
  operations.reserve(15);
  for (int i = 0; i < 14; ++i) operations.push_back(write(i, std::string(1, static_cast<char>('a' + i)), 0, 100));
  operations.push_back(read(20, "nowhere", 101, 102));
  const auto report = check_registers(history_of(operations), {.states_a_key = 1'000});
  EXPECT_FALSE(report.valid());
  EXPECT_TRUE(report.violations.empty());
  ASSERT_EQ(report.gave_up.size(), 1U);
  EXPECT_THAT(report.first(), HasSubstr("gave up after 1000 states"));
}

}  // namespace
}  // namespace latium::sim
