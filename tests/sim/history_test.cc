// JSON lines in both directions, and what latium-check makes of them.
#include "tests/sim/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/hand_made.h"
#include "tests/sim/judge.h"

namespace latium::sim {
namespace {

using namespace hand_made;  // NOLINT: the histories below read as tables
using testing::HasSubstr;

TEST(History, WritesTheDocumentedLines) {
  Operation get = acquire(2, 3, 4, 6);
  get.ttl_ms = 5'000;
  get.expires_ms = 1'700'000'000'000;
  EXPECT_EQ(
      history_of({refused(1, "", "b", "a", 0, 2), get}).to_json_lines(),
      R"({"process":1,"type":"invoke","op":"cas","key":"k","expected":null,"value":"b","start":0})"
      "\n"
      R"({"process":1,"type":"ok","op":"cas","key":"k","expected":null,"value":"b","applied":false,"found":"a","start":0,"end":2})"
      "\n"
      R"({"process":2,"type":"invoke","op":"acquire","key":"k","owner":"owner2","ttl_ms":5000,"start":4})"
      "\n"
      R"({"process":2,"type":"ok","op":"acquire","key":"k","owner":"owner2","token":3,"ttl_ms":5000,"expires_ms":1700000000000,"start":4,"end":6})"
      "\n");
}

TEST(History, BeginsAndEndsOperationsWithMoreFields) {
  History history;
  Operation cas_now = running(cas(1, "a", "b", 0, 0));
  const std::size_t id = history.begin(cas_now, Duration(7));
  history.operation(id).applied = true;
  history.end_ok(id, Duration(9));
  EXPECT_EQ(history.operations().front(), cas(1, "a", "b", 7, 9));
}

/// Each operation of a kind with each outcome, all bytes in its texts, one process each.
Operation any_operation(int process) {
  static const std::vector<std::string> kOps{"put", "write",   "remove", "get",     "read",          "local_read", "scan",
                                             "cas", "acquire", "renew",  "release", "guarded_write", "final_get",  "something"};
  const auto bytes = rc::gen::arbitrary<std::string>();
  Operation made = operation(process, *rc::gen::elementOf(kOps), *rc::gen::inRange(0, 50), 0);
  made.key = *bytes;
  made.outcome = *rc::gen::element(Outcome::ok, Outcome::fail, Outcome::info, Outcome::running);
  const OpKind kind = kind_of(made.op);
  const bool ok = made.outcome == Outcome::ok;
  const bool ended = made.outcome != Outcome::running;
  const bool reads = kind == OpKind::read || kind == OpKind::local_read;
  if (ended) made.end = made.start + Duration(*rc::gen::inRange(0, 5));
  if (ended && !ok) made.error = *bytes;
  if (reads ? ok : kind != OpKind::remove) made.value = value_of(*bytes);
  if (kind == OpKind::scan && ended) made.pairs = {{*bytes, *bytes}, {*bytes, *bytes}};
  if (kind == OpKind::cas) made.expected = value_of(*bytes);
  if (kind == OpKind::cas || kind == OpKind::guarded_write) {
    if (ok) made.applied = *rc::gen::arbitrary<bool>();
    if (made.applied == false && *rc::gen::arbitrary<bool>()) made.found = value_of(*bytes);
  }
  made.owner = *bytes;
  made.one_copy = *rc::gen::arbitrary<bool>();
  if (kind != OpKind::acquire || ok) made.token = *rc::gen::arbitrary<std::uint64_t>();
  made.ttl_ms = *rc::gen::arbitrary<std::int64_t>();
  if (ended) made.expires_ms = *rc::gen::arbitrary<std::int64_t>();
  return made;
}

RC_GTEST_PROP(History, ReadsBackWhatItWrote, ()) {
  History history;
  const int count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) history.add(any_operation(i - 2));
  const auto parsed = parse_history(history.to_json_lines());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->operations().size() == history.operations().size());
  for (const Operation& operation : parsed->operations()) {
    RC_ASSERT(operation == history.operations()[static_cast<std::size_t>(operation.process + 2)]);
  }
}

TEST(ParseHistory, PassesOverEmptyLinesUnknownFieldsAndOmittedRepetition) {
  const auto history = parse_history(
      "\n"
      R"({"process":1,"type":"invoke","op":"cas","key":"k","expected":null,"value":"\u00ff","start":1,"node":"n1"})"
      "\r\n  \n"
      R"({"process":1,"type":"ok","op":"cas","key":"k","applied":true,"end":2})");
  ASSERT_TRUE(history.has_value()) << history.error().message;
  EXPECT_EQ(history->operations(), std::vector{cas(1, "", "\xff", 1, 2)});
}

struct WrongLine {
  std::string line;  // the third, after a good operation of process 1
  std::string message;
};
class ParseHistoryWrong : public testing::TestWithParam<WrongLine> {};

TEST_P(ParseHistoryWrong, NamesTheLineAndTheFault) {
  const auto history = parse_history(history_of({write(1, "a", 0, 5)}).to_json_lines() + GetParam().line + '\n');
  ASSERT_FALSE(history.has_value());
  EXPECT_EQ(history.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(history.error().message, "line 3: " + GetParam().message);
}

const std::string kRun = R"({"process":2,"type":"invoke","op":"cas","key":"k","expected":"a","value":"b","start":6})"
                         "\n";
const std::string kAsk = R"({"process":2,"type":"invoke",)";
INSTANTIATE_TEST_SUITE_P(
    Lines, ParseHistoryWrong,
    testing::Values(WrongLine{"{", "not valid JSON: it ends too early"}, WrongLine{"{]", "not valid JSON at byte 2"},
                    WrongLine{"[]", "not a JSON object but of type array"}, WrongLine{"{}", R"(field "process" is missing)"},
                    WrongLine{"\"\xff\"", "not valid JSON at byte 2"},
                    WrongLine{R"({"process":"2","type":"invoke","op":"get","key":"k","start":6})",
                              R"(field "process" is "2" and must be a whole number)"},
                    WrongLine{R"({"process":3000000000,"type":"invoke","op":"get","key":"k","start":6})",
                              R"(field "process" is 3000000000 and must be from -2147483648 to 2147483647)"},
                    WrongLine{R"({"process":2,"type":"done","op":"get","key":"k","start":6})",
                              R"("type" is 'done' and must be invoke, ok, fail or info)"},
                    WrongLine{kAsk + R"("op":"get","key":5,"start":6})", R"(field "key" is 5 and must be a string)"},
                    WrongLine{kAsk + R"("op":"get","key":"\u0100","start":6})",
                              R"(field "key" holds a character above U+00FF: each character stands for one byte)"},
                    WrongLine{kAsk + R"("op":"get","key":"k"})", R"(field "start" is missing)"},
                    WrongLine{kAsk + R"("op":"get","key":"k","start":-1})", R"(field "start" is -1 and must be 0 or more)"},
                    WrongLine{kAsk + R"("op":"write","key":"k","start":6})", R"(field "value" is missing (null = absent))"},
                    WrongLine{kAsk + R"("op":"cas","key":"k","value":"b","start":6})",
                              R"(field "expected" is missing (null = absent))"},
                    WrongLine{kAsk + R"("op":"renew","key":"k","start":6})", R"(field "token" is missing)"},
                    WrongLine{kAsk + R"("op":"renew","key":"k","token":-1,"start":6})",
                              R"(field "token" is -1 and must be from 0 to 18446744073709551615)"},
                    WrongLine{R"({"process":1,"type":"invoke","op":"get","key":"k","start":4})",
                              R"(field "start" is before the end of the last operation of process 1)"},
                    WrongLine{R"({"process":2,"type":"ok","op":"get","key":"k","value":null,"end":9})",
                              "process 2 ends an operation that it has not begun"}));

struct WrongEnd {
  std::string line;  // the second, after kRun
  std::string message;
};
class ParseHistoryWrongEnd : public testing::TestWithParam<WrongEnd> {};

TEST_P(ParseHistoryWrongEnd, NamesTheLineAndTheFault) {
  const auto history = parse_history(kRun + GetParam().line);
  ASSERT_FALSE(history.has_value());
  EXPECT_EQ(history.error().message, "line 2: " + GetParam().message);
}

const std::string kEnd = R"({"process":2,"type":"ok","op":"cas","key":"k",)";
INSTANTIATE_TEST_SUITE_P(Lines, ParseHistoryWrongEnd,
                         testing::Values(WrongEnd{kRun, "process 2 begins an operation before its last one has ended"},
                                         WrongEnd{R"({"process":2,"type":"ok","op":"cas","key":"other","applied":true,"end":9})",
                                                  "process 2 ends cas of 'other' but has begun cas of 'k'"},
                                         WrongEnd{kEnd + R"("end":9})", R"(field "applied" is missing)"},
                                         WrongEnd{kEnd + R"("applied":1,"end":9})",
                                                  R"(field "applied" is 1 and must be true or false)"},
                                         WrongEnd{kEnd + R"("applied":true})", R"(field "end" is missing)"},
                                         WrongEnd{kEnd + R"("applied":true,"end":5})", R"(field "end" is before "start")"},
                                         WrongEnd{kEnd + R"("applied":true,"found":null,"end":9})",
                                                  R"(field "found" stands where "applied" is not false)"},
                                         WrongEnd{kEnd + R"("applied":true,"value":"c","end":9})",
                                                  R"(field "value" differs from the operation's invoke line)"},
                                         WrongEnd{kEnd + R"("applied":true,"expected":null,"end":9})",
                                                  R"(field "expected" differs from the operation's invoke line)"}));

TEST(Judge, ExitStatusSaysWhatWasFound) {
  const std::string good = history_of({write(1, "a", 0, 1), read(2, "a", 2, 3), acquire(3, 1, 4, 5)}).to_json_lines();
  const std::string bad_read = history_of({read(2, "a", 2, 3), acquire(3, 1, 4, 5)}).to_json_lines();
  const std::string bad_lock = history_of({acquire(3, 1, 4, 5), acquire(4, 1, 6, 7)}).to_json_lines();
  EXPECT_EQ(judge_history(good, CheckKind::any).exit_status, 0);
  EXPECT_EQ(judge_history(bad_read, CheckKind::any).exit_status, 1);
  EXPECT_THAT(judge_history(bad_read, CheckKind::any).text, HasSubstr("INVALID key \"k\""));
  EXPECT_EQ(judge_history(bad_read, CheckKind::locks).exit_status, 0);
  EXPECT_THAT(judge_history(bad_read, CheckKind::locks).text, HasSubstr("1 other operations were not judged"));
  EXPECT_EQ(judge_history(bad_lock, CheckKind::any).exit_status, 1);
  EXPECT_EQ(judge_history(bad_lock, CheckKind::registers).exit_status, 2);
  EXPECT_EQ(judge_history("", CheckKind::any).exit_status, 2);
  EXPECT_EQ(judge_history(good + "rubbish", CheckKind::any).exit_status, 2);
  EXPECT_THAT(judge_history(good + "rubbish", CheckKind::any).text, HasSubstr("line 7: not valid JSON"));
}

}  // namespace
}  // namespace latium::sim
