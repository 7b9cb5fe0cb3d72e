// The checker of buckets on hand-made histories.
#include "tests/sim/bucket_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/hand_made.h"
#include "tests/sim/judge.h"

namespace latium::sim {
namespace {

using namespace hand_made;  // NOLINT: the histories below read as tables
using testing::HasSubstr;

Operation with(Operation made, const std::vector<Bytes>& values) {
  for (const Bytes& value : values) made.pairs.emplace_back(value, Bytes());
  return made;
}
Operation put(std::string_view value, const std::vector<Bytes>& seen = {}) {
  Operation made = operation(0, "sibling_put", 1, 2);
  made.value = value_of(value);
  return with(std::move(made), seen);
}
Operation removed(const std::vector<Bytes>& seen) {
  return with(operation(0, "sibling_remove", 1, 2), seen);
}
Operation last(const std::vector<Bytes>& values) {
  return with(operation(0, "final_siblings", 8, 9), values);
}
Operation lww(std::string_view value, std::uint64_t stamp) {
  Operation made = operation(0, value.empty() ? "lww_remove" : "lww_put", 1, 2);
  made.value = value_of(value);
  made.token = stamp;
  return made;
}
Operation last_lww(std::string_view value, std::uint64_t stamp) {
  Operation made = operation(0, "final_lww", 8, 9);
  if (!value.empty()) made.pairs.emplace_back(value, Bytes());
  made.token = stamp;
  return made;
}
Operation unsure(Operation made) {
  made.outcome = Outcome::info;
  return made;
}
Operation failed(Operation made) {
  made.outcome = Outcome::fail;
  return made;
}

std::string verdict(const std::vector<Operation>& operations) {
  return check_buckets(history_of(operations)).first();
}

TEST(BucketChecker, AcceptsWhatBucketsPromise) {
  EXPECT_EQ(verdict({put("a"), put("b"), last({"a", "b"})}), "");
  EXPECT_EQ(verdict({put("a"), put("b", {"a"}), last({"b"})}), "");
  EXPECT_EQ(verdict({put("a"), removed({"a"}), last({})}), "");
  EXPECT_EQ(verdict({put("a"), unsure(removed({"a"})), last({})}), "");
  EXPECT_EQ(verdict({put("a"), unsure(removed({"a"})), last({"a"})}), "");
  EXPECT_EQ(verdict({unsure(put("a")), last({"a"})}), "");
  EXPECT_EQ(verdict({unsure(put("a")), last({})}), "");
  EXPECT_EQ(verdict({lww("a", 1), lww("b", 2), last_lww("b", 2)}), "");
  EXPECT_EQ(verdict({lww("a", 1), lww("", 2), last_lww("", 0)}), "");
  EXPECT_EQ(verdict({lww("a", 1), unsure(lww("b", 0)), last_lww("b", 5)}), "");
  EXPECT_EQ(verdict({lww("a", 1), lww("b", 1), last_lww("a", 1)}), "") << "two nodes may give one stamp";
  EXPECT_EQ(verdict({lww("a", 1), lww("", 1), last_lww("", 0)}), "") << "and one of them may be a removal";
}

TEST(BucketChecker, OfEqualStampsTheOneThatBeganLaterStays) {
  Operation later = lww("a", 1);
  later.start = Duration(5);
  later.end = Duration(6);
  EXPECT_THAT(verdict({lww("", 1), later, last_lww("", 0)}), HasSubstr("the last write is gone"));
  // Two of which one has met one copy only may not have met.
  later.one_copy = true;
  EXPECT_EQ(verdict({lww("", 1), later, last_lww("", 0)}), "");
  later.one_copy = false;
  Operation alone = lww("", 1);
  alone.one_copy = true;
  EXPECT_EQ(verdict({alone, later, last_lww("", 0)}), "");
  EXPECT_EQ(verdict({alone, later, last_lww("a", 1)}), "");
  later.op = "lww_remove";
  later.value.reset();
  EXPECT_EQ(verdict({lww("a", 1), later, last_lww("", 0)}), "");
}

TEST(BucketChecker, RejectsWhatIsLost) {
  EXPECT_THAT(verdict({put("a"), last({})}), HasSubstr("an acknowledged value is gone"));
  EXPECT_THAT(verdict({put("a"), put("b"), last({"b"})}), HasSubstr("an acknowledged value is gone"));
  EXPECT_THAT(verdict({put("a"), failed(removed({"a"})), last({})}), HasSubstr("an acknowledged value is gone"));
  EXPECT_THAT(verdict({lww("a", 1), last_lww("", 0)}), HasSubstr("the last write is gone"));
  EXPECT_THAT(verdict({lww("a", 1), lww("b", 2), last_lww("a", 1)}), HasSubstr("an older write"));
}

TEST(BucketChecker, RejectsWhatComesBack) {
  EXPECT_THAT(verdict({put("a"), removed({"a"}), last({"a"})}), HasSubstr("this write replaced it"));
  EXPECT_THAT(verdict({put("a"), put("b", {"a"}), last({"a", "b"})}), HasSubstr("this write replaced it"));
  EXPECT_THAT(verdict({lww("a", 1), lww("", 2), last_lww("a", 1)}), HasSubstr("an older write"));
}

TEST(BucketChecker, RejectsWhatNobodyWrote) {
  EXPECT_THAT(verdict({put("a"), last({"a", "x"})}), HasSubstr("never written"));
  EXPECT_THAT(verdict({failed(put("a")), last({"a"})}), HasSubstr("never written"));
  EXPECT_THAT(verdict({lww("a", 1), last_lww("x", 3)}), HasSubstr("never written"));
  EXPECT_THAT(verdict({lww("a", 1), lww("b", 2), last_lww("a", 2)}), HasSubstr("another value"));
}

// What the checker goes by has to be in the lines of a history, also of an operation that nobody saw the end of.
TEST(BucketChecker, JudgesAFileAsItJudgesTheRun) {
  Operation hung = operation(7, "sibling_put", 3, 4);
  hung.process = 2;
  hung.value = value_of("c");
  hung.outcome = Outcome::running;
  hung.end = Duration(0);
  hung = with(std::move(hung), {"a"});
  Operation deletion = lww("", 7);
  deletion.process = 1;
  deletion.start = Duration(5);
  deletion.end = Duration(6);
  Operation forgotten = last_lww("", 0);
  forgotten.process = 3;
  forgotten.token.reset();
  const std::vector<Operation> good = {put("a"), hung, last({}), deletion, forgotten};
  ASSERT_EQ(verdict(good), "");
  const auto parsed = parse_history(history_of(good).to_json_lines());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(check_buckets(*parsed).first(), "");
  EXPECT_EQ(check_buckets(*parsed).operations, 5u);
  const auto bad = parse_history(history_of({put("a"), last({})}).to_json_lines());
  ASSERT_TRUE(bad.has_value());
  EXPECT_NE(check_buckets(*bad).first(), "");
  EXPECT_EQ(judge_history(history_of(good).to_json_lines(), CheckKind::buckets).exit_status, 0);
  EXPECT_EQ(judge_history(history_of({put("a"), last({})}).to_json_lines(), CheckKind::any).exit_status, 1);
}

}  // namespace
}  // namespace latium::sim
