// The checker of transactions on hand-made histories. Each line of a history is one transaction, in the order of their ends.
#include "tests/sim/transaction_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/hand_made.h"
#include "tests/sim/judge.h"

namespace latium::sim {
namespace {

using namespace hand_made;  // NOLINT: the histories below read as tables
using testing::HasSubstr;
using testing::StartsWith;

/// "" is absent; elements are words.
KeyValue list(std::string_view words) {
  if (words.empty()) return std::nullopt;
  std::vector<Bytes> out(1);
  for (const char c : words) {
    if (c == ' ') {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  return out;
}
MicroOp r(Bytes key, std::string_view value) {
  return {.kind = MicroOp::Kind::read, .key = std::move(key), .value = list(value)};
}
MicroOp w(Bytes key, std::string_view value) {
  return {.kind = MicroOp::Kind::write, .key = std::move(key), .value = list(value)};
}
MicroOp append(Bytes key, Bytes element) {
  return {.kind = MicroOp::Kind::append, .key = std::move(key), .value = std::vector{std::move(element)}};
}
MicroOp range(Bytes begin, Bytes end, std::vector<std::pair<Bytes, KeyValue>> rows = {}) {
  return {.kind = MicroOp::Kind::range, .key = std::move(begin), .end = std::move(end), .rows = std::move(rows)};
}

Operation at(int start, int end, std::vector<MicroOp> ops) {
  Operation made = operation(0, "transaction", start, end);
  made.key = "";
  made.ops = std::move(ops);
  return made;
}
/// At the same time as all others that are made so.
Operation tx(std::vector<MicroOp> ops) {
  return at(0, 100, std::move(ops));
}
Operation read_committed(Operation made) {
  made.read_committed = true;
  return made;
}

/// Each by a process of its own.
History history_by(std::vector<Operation> operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) operations[i].process = static_cast<int>(i);
  return history_of(std::move(operations));
}

struct Case {
  std::string name;
  std::string anomaly;  // what the violation begins with; empty: good
  std::vector<Operation> operations;
};

class BadTransactions : public testing::TestWithParam<Case> {};
class GoodTransactions : public testing::TestWithParam<Case> {};
std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

TEST_P(BadTransactions, IsNamed) {
  const CheckReport report = check_transactions(history_by(GetParam().operations));
  ASSERT_FALSE(report.violations.empty()) << report.first();
  EXPECT_THAT(report.violations, testing::Contains(StartsWith(GetParam().anomaly + ":"))) << report.first();
}

TEST_P(GoodTransactions, IsValid) {
  const CheckReport report = check_transactions(history_by(GetParam().operations));
  EXPECT_TRUE(report.valid()) << report.first();
  EXPECT_GT(report.operations, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Lists, BadTransactions,
    testing::Values(
        Case{"TwoWritesInTwoOrders",
             "G0",
             {tx({append("x", "1"), append("y", "1")}), tx({append("x", "2"), append("y", "2")}),
              tx({r("x", "1 2"), r("y", "2 1")})}},
        Case{"AbortedRead", "G1a (aborted read)", {failed(tx({append("x", "1")})), tx({r("x", "1")})}},
        Case{"AbortedReadByOneThatFails", "G1a (aborted read)", {failed(tx({append("x", "1")})), failed(tx({r("x", "1")}))}},
        Case{"AbortedReadInTheMiddle",
             "G1a (aborted read)",
             {failed(tx({append("x", "1")})), tx({append("x", "2")}), tx({r("x", "1 2")})}},
        Case{"IntermediateRead", "G1b (intermediate read)", {tx({append("x", "1"), append("x", "2")}), tx({r("x", "1")})}},
        Case{"TwoThatReadEachOther", "G1c", {tx({append("x", "1"), r("y", "1")}), tx({append("y", "1"), r("x", "1")})}},
        Case{"OneSeesHalfOfAnother",
             "G-single",
             {tx({append("x", "1"), append("y", "1")}), tx({r("x", "1"), r("y", "")}), tx({r("x", "1"), r("y", "1")})}},
        Case{"LostUpdate",
             "lost update (G-single)",
             {tx({r("x", ""), append("x", "1")}), tx({r("x", ""), append("x", "2")}), tx({r("x", "1 2")})}},
        Case{"WriteSkew",
             "write skew (G2-item)",
             {tx({r("x", ""), append("y", "1")}), tx({r("y", ""), append("x", "1")}), tx({r("x", "1"), r("y", "1")})}},
        Case{"ThreeInACircleOfReads",
             "G2-item",
             {tx({r("x", ""), append("y", "1")}), tx({r("y", ""), append("z", "1")}), tx({r("z", ""), append("x", "1")}),
              tx({r("x", "1"), r("y", "1"), r("z", "1")})}},
        Case{"Phantom",
             "phantom (G2)",
             {tx({range("a", "c"), append("x", "1")}), tx({r("x", ""), append("b", "1")}), tx({r("x", "1"), r("b", "1")})}},
        Case{"PhantomInHalfOfAnother",
             "phantom (G-single)",
             {tx({append("a", "1"), append("b", "1")}), tx({range("b", "c"), r("a", "1")}), tx({r("b", "1")})}},
        Case{"NoElementOfAnybody", "garbage read", {tx({r("x", "1")})}},
        Case{"TwoPasts",
             "incompatible order",
             {tx({append("x", "1")}), tx({append("x", "2")}), tx({r("x", "1 2")}), tx({r("x", "2")})}},
        Case{"OneElementTwice", "duplicate element", {tx({append("x", "1")}), tx({r("x", "1 1")})}},
        Case{"OwnWriteNotSeen", "internal", {tx({append("x", "1"), r("x", "")})}},
        Case{"TwoReadsDiffer", "internal", {tx({append("x", "1")}), tx({r("x", ""), r("x", "1")})}},
        Case{"ARangeAndAReadDiffer", "internal", {tx({append("b", "1")}), tx({range("a", "c"), r("b", "1")})}},
        Case{"AnotherBetweenOwnWriteAndRead", "internal", {tx({append("x", "2")}), tx({append("x", "1"), r("x", "1 2")})}},
        Case{"FromTheFuture", "read from the future", {at(0, 5, {r("x", "1")}), at(6, 9, {append("x", "1")})}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    InTime, BadTransactions,
    testing::Values(Case{"AcknowledgedAndGone", "G-single-realtime", {at(0, 5, {append("x", "1")}), at(6, 9, {r("x", "")})}},
                    Case{"AnOldRead",
                         "G-single-realtime",
                         {at(0, 5, {append("x", "1")}), at(6, 9, {append("x", "2")}), at(10, 12, {r("x", "1")}),
                          at(10, 12, {r("x", "1 2")})}},
                    Case{
                        "AnOldRange", "phantom (G-single)-realtime", {at(0, 5, {append("b", "1")}), at(6, 9, {range("a", "c")})}},
                    Case{"TwoWritesAgainstTime",
                         "G0-realtime",
                         {at(0, 5, {append("x", "1")}), at(6, 9, {append("x", "2")}), at(0, 20, {r("x", "2 1")})}},
                    // Nobody can have seen what began later, whoever told it.
                    Case{"TimeThroughAThird",
                         "G2-item-realtime",
                         {at(0, 30, {r("y", ""), append("x", "1")}), at(5, 10, {append("y", "1")}), at(11, 15, {r("x", "")})}},
                    Case{"AnUnknownOneThatWasSeenIsGone",
                         "G-single-realtime",
                         {hand_made::info(at(0, 5, {append("x", "1")})), at(6, 9, {r("x", "1")}), at(10, 12, {r("x", "")})}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Registers, BadTransactions,
    testing::Values(
        Case{"AbortedRead", "G1a (aborted read)", {failed(tx({w("x", "1")})), tx({r("x", "1")})}},
        Case{"IntermediateRead", "G1b (intermediate read)", {tx({w("x", "1"), w("x", "2")}), tx({r("x", "1")})}},
        Case{"TwoThatReadEachOther", "G1c", {tx({w("x", "1"), r("y", "1")}), tx({w("y", "1"), r("x", "1")})}},
        Case{"TwoWritesInTwoOrders",
             "G0",
             {tx({w("x", "0"), w("y", "0")}), tx({r("x", "0"), w("x", "1"), r("y", "2"), w("y", "1")}),
              tx({r("y", "0"), w("y", "2"), r("x", "1"), w("x", "2")})}},
        Case{"LostUpdate", "lost update (G2)", {tx({r("x", ""), w("x", "1")}), tx({r("x", ""), w("x", "2")})}},
        Case{"LostUpdateAtReadCommitted",
             "lost update (G2)",
             {read_committed(tx({r("x", ""), w("x", "1")})), read_committed(tx({r("x", ""), w("x", "2")}))}},
        Case{"WriteSkew",
             "write skew (G2-item)",
             {tx({r("x", ""), r("y", ""), w("y", "1")}), tx({r("x", ""), r("y", ""), w("x", "1")})}},
        Case{"OneSeesHalfOfAnother",
             "G-single",
             {tx({r("x", ""), w("x", "1"), r("y", ""), w("y", "1")}), tx({r("x", "1"), r("y", "")})}},
        Case{"Phantom",
             "phantom (G2)",
             {tx({range("a", "c"), r("x", ""), w("x", "1")}), tx({r("x", ""), r("b", ""), w("b", "1")})}},
        Case{"RemovedAndThereAgain",
             "G-single-realtime",
             {at(0, 5, {r("x", ""), w("x", "1")}), at(6, 9, {r("x", "1"), w("x", "")}), at(10, 12, {r("x", "1")})}},
        Case{"AcknowledgedAndGone", "G-single-realtime", {at(0, 5, {r("x", ""), w("x", "1")}), at(6, 9, {r("x", "")})}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Lists, GoodTransactions,
    testing::Values(
        Case{"OneAfterTheOther",
             "",
             {at(0, 5, {r("x", ""), append("x", "1")}), at(6, 9, {r("x", "1"), append("x", "2"), r("x", "1 2")}),
              at(10, 12, {r("x", "1 2"), range("a", "z", {{"x", list("1 2")}})})}},
        Case{"AnOldReadOfOneThatIsStillAtWork",
             "",
             {at(0, 5, {append("x", "1")}), at(3, 9, {r("x", "")}), at(6, 9, {r("x", "1")})}},
        Case{"TheUnknownMayHaveHappenedLater",
             "",
             {hand_made::info(at(0, 5, {append("x", "1")})), at(6, 9, {r("x", "")}), at(10, 12, {r("x", "1")})}},
        Case{"TheUnknownMayNotHaveHappened",
             "",
             {hand_made::info(at(0, 5, {append("x", "1"), append("y", "1")})), running(at(0, 0, {append("y", "2")})),
              at(6, 9, {r("x", ""), r("y", "")})}},
        Case{"TheFailedMayHaveReadAnything",
             "",
             {at(0, 5, {append("x", "1"), append("y", "1")}), failed(at(6, 9, {r("x", "1"), r("y", "")})),
              at(6, 9, {r("x", "1"), r("y", "1")})}},
        Case{"AtReadCommittedReadsAreNotChecked",
             "",
             {at(0, 5, {append("x", "1"), append("y", "1")}), read_committed(at(6, 9, {r("x", "1"), r("y", "")})),
              at(6, 9, {r("x", "1"), r("y", "1")})}},
        Case{"AtReadCommittedARowMayComeAfterARange",
             "",
             {tx({append("b", "1")}), read_committed(tx({range("a", "c"), r("b", "1"), append("b", "2")})), tx({r("b", "1 2")})}},
        Case{"AppendedWithoutReading",
             "",
             {tx({append("x", "1")}), tx({append("x", "2"), r("x", "1 2"), append("x", "3")}), tx({r("x", "1 2 3")})}},
        Case{"AFirstAppendThatSawNothing", "", {tx({append("x", "1"), r("x", "1")}), tx({r("x", "1")})}},
        Case{"WithoutACircle",
             "",
             {tx({r("x", ""), append("y", "1")}), tx({r("y", "1"), append("x", "1")}), tx({r("x", "1"), r("y", "1")})}},
        Case{"WhatIsOutsideOfARange",
             "",
             {tx({range("a", "b"), append("x", "1")}), tx({r("x", "1"), append("b", "1")}), tx({r("b", "1")})}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Registers, GoodTransactions,
    testing::Values(
        Case{"OneAfterTheOther",
             "",
             {at(0, 5, {r("x", ""), w("x", "1")}), at(6, 9, {r("x", "1"), w("x", "2")}), at(10, 12, {r("x", "2")})}},
        Case{"RemovedAndMadeAgain",
             "",
             {at(0, 5, {r("x", ""), w("x", "1")}), at(6, 9, {r("x", "1"), w("x", "")}), at(10, 12, {r("x", "")}),
              at(13, 15, {r("x", ""), w("x", "2")}), at(16, 18, {r("x", "2")})}},
        Case{"BlindWritesHaveNoOrder", "", {tx({w("x", "1")}), tx({w("x", "2")}), tx({r("x", "1")}), tx({r("x", "2")})}},
        Case{"OnlyTheLastOfItsWritesIsAVersion", "", {tx({w("x", "1"), w("x", "2"), r("x", "2")}), tx({r("x", "2")})}}),
    name_of);

TEST(TransactionCheckerTest, ShowsTheCircle) {
  const CheckReport report =
      check_transactions(history_by({tx({r("x", ""), r("y", ""), w("y", "1")}), tx({r("x", ""), r("y", ""), w("x", "1")})}));
  ASSERT_EQ(report.violations.size(), 1u);
  EXPECT_THAT(report.first(), HasSubstr("which replaced the version of 'y' that it read"));
  EXPECT_THAT(report.first(), HasSubstr("x -> absent; y -> absent; y := [1]"));
}

TEST(TransactionCheckerTest, GivesUpWhereItCannotBeToldWhoWroteWhat) {
  EXPECT_THAT(check_transactions(history_by({tx({w("x", "1")}), tx({w("x", "1")})})).first(), HasSubstr("is written twice"));
  EXPECT_THAT(check_transactions(history_by({tx({w("x", "1")}), tx({append("x", "2")})})).first(),
              HasSubstr("both written and appended to"));
}

TEST(TransactionCheckerTest, EachKnotOfALargeHistoryIsFoundOnce) {
  History history;
  constexpr int kPairs = 2'000;
  for (int i = 0; i < kPairs; ++i) {
    const Bytes x = "x" + std::to_string(i);
    const Bytes y = "y" + std::to_string(i);
    const bool bad = i % 500 == 7;
    history.add(at(10 * i, 10 * i + 5, {r(x, ""), r(y, ""), w(y, "1")}));
    history.add(at(10 * i, 10 * i + 5, {r(y, bad ? "" : "1"), r(x, ""), w(x, "1")}));
    history.add(at(10 * i + 6, 10 * i + 8, {r(x, "1"), r(y, "1")}));
  }
  const CheckReport report = check_transactions(history);
  EXPECT_EQ(report.operations, 3u * kPairs);
  EXPECT_EQ(report.violations.size(), 4u);
}

TEST(TransactionCheckerTest, AHistoryIsWrittenReadAndJudged) {
  History history =
      history_by({at(0, 5, {r("x", ""), append("x", "1"), range("a\xFF", "b", {{"a\xFF\x01", list("2 3")}}), w("y", "")}),
                  read_committed(hand_made::info(at(6, 9, {r("x", "1"), append("x", "2")})))});
  const auto parsed = parse_history(history.to_json_lines());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(parsed->operations(), history.operations());

  const std::string skew =
      history_by({tx({r("x", ""), r("y", ""), w("y", "1")}), tx({r("x", ""), r("y", ""), w("x", "1")})}).to_json_lines();
  const Judgement judgement = judge_history(skew, CheckKind::transactions);
  EXPECT_EQ(judgement.exit_status, 1);
  EXPECT_THAT(judgement.text, HasSubstr("INVALID write skew (G2-item)"));
  EXPECT_EQ(judge_history(skew, CheckKind::locks).exit_status, 2);
}

TEST(TransactionCheckerTest, WhatIsWrongWithALineIsSaid) {
  const auto error_of = [](const std::string& ops) {
    const auto parsed = parse_history(R"({"process":1,"type":"invoke","op":"transaction","key":"","start":0)" + ops + "}");
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_EQ(error_of(R"(,"ops":[["w","x","1"],["append","y","2"],["r","z",null]])"), "");
  EXPECT_THAT(error_of(""), HasSubstr(R"(line 1: field "ops" is missing)"));
  EXPECT_THAT(error_of(R"(,"ops":[["read","x",null]])"), HasSubstr(R"(must be ["r", key, list])"));
  EXPECT_THAT(error_of(R"(,"ops":[["r","x",[]]])"), HasSubstr("at least one string"));
  EXPECT_THAT(error_of(R"(,"ops":[["append","x",null]])"), HasSubstr("a string where something is appended"));
  EXPECT_THAT(error_of(R"(,"ops":[["range","a","c",[["d",["1"]]]]])"), HasSubstr("in the range"));
  EXPECT_THAT(error_of(R"(,"ops":[],"isolation":"snapshot")"), HasSubstr("serializable or read_committed"));
}

}  // namespace
}  // namespace latium::sim
