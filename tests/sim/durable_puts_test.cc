// The checker on hand-made histories; the workload on known bugs; the same seed twice.
#include "tests/sim/workloads/durable_puts.h"

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "tests/sim/mini_replica.h"
#include "tests/sim/node_binding.h"

namespace latium::sim {
namespace {

using std::chrono::seconds;

/// Short forms: times are in seconds.
class HistoryMaker {
 public:
  HistoryMaker& write(Outcome outcome, int start, int end, std::string key, std::optional<Bytes> value, int process = 1) {
    Operation operation{.process = process,
                        .op = value ? "put" : "remove",
                        .key = std::move(key),
                        .value = std::move(value),
                        .pairs = {},
                        .outcome = outcome,
                        .start = seconds(start),
                        .end = seconds(end),
                        .error = {}};
    history_.add(std::move(operation));
    return *this;
  }
  HistoryMaker& read(int start, int end, std::string key, std::optional<Bytes> value, std::string op = "get") {
    Operation operation{.process = 2,
                        .op = std::move(op),
                        .key = std::move(key),
                        .value = std::move(value),
                        .pairs = {},
                        .outcome = Outcome::ok,
                        .start = seconds(start),
                        .end = seconds(end),
                        .error = {}};
    history_.add(std::move(operation));
    return *this;
  }
  HistoryMaker& scan(int start, int end, std::string prefix, std::vector<std::pair<Bytes, Bytes>> pairs) {
    Operation operation{.process = 2,
                        .op = "final_scan",
                        .key = std::move(prefix),
                        .value = {},
                        .pairs = std::move(pairs),
                        .outcome = Outcome::ok,
                        .start = seconds(start),
                        .end = seconds(end),
                        .error = {}};
    history_.add(std::move(operation));
    return *this;
  }
  std::size_t violations(DurabilityRules rules = {}) const { return check_durability(history_, rules).size(); }
  const History& history() const { return history_; }

 private:
  History history_;
};

constexpr auto kNone = std::nullopt;

TEST(DurabilityCheckerTest, AcceptsWhatIsRight) {
  EXPECT_EQ(HistoryMaker().violations(), 0u);
  EXPECT_EQ(HistoryMaker().read(1, 2, "k", kNone).violations(), 0u);
  EXPECT_EQ(HistoryMaker().write(Outcome::ok, 1, 2, "k", "a").read(3, 4, "k", "a").violations(), 0u);
  EXPECT_EQ(
      HistoryMaker().write(Outcome::ok, 1, 2, "k", "a").write(Outcome::ok, 3, 4, "k", kNone).read(5, 6, "k", kNone).violations(),
      0u);
}

TEST(DurabilityCheckerTest, AReadDuringAWriteMaySeeEither) {
  HistoryMaker either;
  either.write(Outcome::ok, 1, 2, "k", "a").write(Outcome::ok, 3, 6, "k", "b").read(4, 5, "k", "a").read(4, 5, "k", "b");
  EXPECT_EQ(either.violations(), 0u);
}

TEST(DurabilityCheckerTest, AnUnknownWriteMayBeThereOrNot) {
  for (const Outcome outcome : {Outcome::info, Outcome::running}) {
    HistoryMaker maker;
    maker.write(Outcome::ok, 1, 2, "k", "a").write(outcome, 3, 4, "k", "b").read(5, 6, "k", "a").read(7, 8, "k", "b");
    EXPECT_EQ(maker.violations(), 0u);
  }
  EXPECT_EQ(HistoryMaker().write(Outcome::info, 1, 2, "k", "a").read(3, 4, "k", kNone).violations(), 0u);
}

TEST(DurabilityCheckerTest, FindsALostWrite) {
  EXPECT_EQ(HistoryMaker().write(Outcome::ok, 1, 2, "k", "a").read(3, 4, "k", kNone).violations(), 1u);
  EXPECT_EQ(
      HistoryMaker().write(Outcome::ok, 1, 2, "k", "a").write(Outcome::ok, 3, 4, "k", "b").read(5, 6, "k", "a").violations(), 1u);
}

TEST(DurabilityCheckerTest, FindsARemovedKeyThatIsBack) {
  HistoryMaker back;
  back.write(Outcome::ok, 1, 2, "k", "a").write(Outcome::ok, 3, 4, "k", kNone).read(5, 6, "k", "a");
  EXPECT_EQ(back.violations(), 1u);
}

TEST(DurabilityCheckerTest, FindsTheEffectOfAFailedWrite) {
  HistoryMaker failed;
  failed.write(Outcome::ok, 1, 2, "k", "a").write(Outcome::fail, 3, 4, "k", "b").read(5, 6, "k", "b");
  EXPECT_EQ(failed.violations(), 1u);
}

TEST(DurabilityCheckerTest, FindsAValueFromTheFutureOrFromNowhere) {
  EXPECT_EQ(HistoryMaker().read(1, 2, "k", "a").write(Outcome::ok, 3, 4, "k", "a").violations(), 1u);
  EXPECT_EQ(HistoryMaker().write(Outcome::ok, 1, 2, "k", "a").read(3, 4, "k", "other").violations(), 1u);
  EXPECT_EQ(HistoryMaker().read(3, 4, "never written", "a").violations(), 1u);
}

TEST(DurabilityCheckerTest, ALateUnknownWriteIsAQuestionOfTheRules) {
  HistoryMaker late;
  late.write(Outcome::info, 1, 2, "k", "a").write(Outcome::ok, 3, 4, "k", "b").read(5, 6, "k", "a");
  EXPECT_EQ(late.violations(), 1u);
  EXPECT_EQ(late.violations({.unknown_writes_may_come_late = true, .final_reads_only = false}), 0u);
}

TEST(DurabilityCheckerTest, StaleReadsBeforeTheEndAreAQuestionOfTheRules) {
  HistoryMaker stale;
  stale.write(Outcome::ok, 1, 2, "k", "a").read(3, 4, "k", kNone).read(5, 6, "k", "a", "final_get");
  EXPECT_EQ(stale.violations(), 1u);
  EXPECT_EQ(stale.violations({.unknown_writes_may_come_late = false, .final_reads_only = true}), 0u);
}

TEST(DurabilityCheckerTest, ScansAreReadsOfEveryKey) {
  HistoryMaker base;
  base.write(Outcome::ok, 1, 2, "p/1", "a").write(Outcome::ok, 1, 2, "p/2", "b").write(Outcome::ok, 1, 2, "q", "c");
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "a"}, {"p/2", "b"}}).violations(), 0u);
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "a"}}).violations(), 1u) << "a key is missing";
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "x"}, {"p/2", "b"}}).violations(), 1u) << "a wrong value";
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "a"}, {"p/2", "b"}, {"p/3", "?"}}).violations(), 1u) << "a phantom";
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "a"}, {"p/2", "b"}, {"q", "c"}}).violations(), 1u) << "out of range";
  EXPECT_EQ(HistoryMaker(base).scan(3, 4, "p/", {{"p/1", "a"}, {"p/1", "a"}, {"p/2", "b"}}).violations(), 1u) << "twice";
}

TEST(DurabilityCheckerTest, TwoWritersOfOneKeyAreABadWorkload) {
  EXPECT_EQ(HistoryMaker().write(Outcome::ok, 1, 2, "k", "a", 1).write(Outcome::ok, 3, 4, "k", "b", 2).violations(), 1u);
}

TEST(HistoryTest, LinesAreWhatTheDocumentationSays) {
  History history;
  const auto put = history.begin(1, "put", "k\"\x01\xff", "v", Duration(10));
  const auto get = history.begin(2, "get", "k", std::nullopt, Duration(20));
  history.end_error(put, Error(ErrorCode::unavailable, Certainty::unknown, "lost"), Duration(30));
  history.end_ok(get, Duration(40));
  history.begin(1, "remove", "k", std::nullopt, Duration(50));
  EXPECT_EQ(history.to_json_lines(),
            R"({"process":1,"type":"invoke","op":"put","key":"k\"\u0001\u00ff","value":"v","start":10}
{"process":2,"type":"invoke","op":"get","key":"k","start":20}
{"process":1,"type":"info","op":"put","key":"k\"\u0001\u00ff","value":"v","start":10,"end":30,"error":"unavailable: lost"}
{"process":2,"type":"ok","op":"get","key":"k","value":null,"start":20,"end":40}
{"process":1,"type":"invoke","op":"remove","key":"k","start":50}
)");
}

/// What one seed gives, of the store or of a broken one.
using Run = std::function<RunReport(std::uint64_t seed)>;

RunOptions with_seed(std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  return options;
}

Run mini(MiniReplicaBug bug) {
  return [bug](std::uint64_t seed) { return durable_puts(with_seed(seed), mini_binding(bug)); };
}

Run node(NodeWrites writes) {
  return [writes](std::uint64_t seed) { return durable_puts(with_seed(seed), node_binding(writes)); };
}

void expect_traces_of_the_seed_alone(const Run& run) {
  std::uint64_t previous = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const RunReport one = run(seed);
    const RunReport same = run(seed);
    EXPECT_EQ(one.trace_hash, same.trace_hash) << "seed " << seed;
    EXPECT_EQ(one.history.to_json_lines(), same.history.to_json_lines()) << "seed " << seed;
    EXPECT_NE(one.trace_hash, previous);
    previous = one.trace_hash;
  }
}

TEST(DurablePutsTest, TheSameSeedGivesTheSameTrace) {
  expect_traces_of_the_seed_alone(mini(MiniReplicaBug::none));
}

TEST(DurablePutsTest, TheNodesTraceDependsOnTheSeedAlone) {
  expect_traces_of_the_seed_alone(node(NodeWrites::synced));
}

struct Outcomes {
  std::size_t acknowledged = 0;
  std::size_t unknown = 0;
};

/// Fifty seeds from `first` on, none of which may fail.
Outcomes expect_to_pass(const Run& run, std::uint64_t first, std::string_view workload) {
  Outcomes seen;
  for (std::uint64_t seed = first; seed < first + 50; ++seed) {
    const RunReport report = run(seed);
    EXPECT_FALSE(report.failure) << "latium-sim --workload " << workload << " --seed " << seed << ": " << *report.failure;
    for (const Operation& operation : report.history.operations()) {
      seen.acknowledged += operation.outcome == Outcome::ok ? 1 : 0;
      seen.unknown += operation.outcome == Outcome::info ? 1 : 0;
    }
  }
  EXPECT_GT(seen.acknowledged, 5'000u) << "the clients must get somewhere";
  return seen;
}

TEST(DurablePutsTest, AStoreThatKeepsItsWordPasses) {
  const Outcomes seen = expect_to_pass(mini(MiniReplicaBug::none), 1'000, "durable_puts_mini");
  EXPECT_GT(seen.unknown, 500u) << "the faults must show";
}

TEST(DurablePutsTest, TheNodeKeepsItsWord) {
  expect_to_pass(node(NodeWrites::synced), 1, "durable_puts");
}

/// Whether one of the first `limit` seeds fails.
bool catches(const Run& run, std::uint64_t limit) {
  for (std::uint64_t seed = 1; seed <= limit; ++seed) {
    if (run(seed).failure) return true;
  }
  return false;
}

TEST(DurablePutsTest, CatchesAReplicaThatAnswersBeforeFsync) {
  EXPECT_TRUE(catches(mini(MiniReplicaBug::answer_before_sync), 60));
}

TEST(DurablePutsTest, CatchesAReplicaThatForgetsVersions) {
  EXPECT_TRUE(catches(mini(MiniReplicaBug::forget_versions), 100));
}

TEST(DurablePutsTest, CatchesAReplicaThatForgetsTombstones) {
  EXPECT_TRUE(catches(mini(MiniReplicaBug::forget_tombstones), 200));
}

TEST(DurablePutsTest, CatchesANodeWhoseWritesAreNotSynced) {
  EXPECT_TRUE(catches(node(NodeWrites::buffered), 100));
}

}  // namespace
}  // namespace latium::sim
