// What became of a commit that ended without an answer: what is told is true, and stays so.
#include <functional>
#include <map>

#include "relational/transaction.h"
#include "tests/relational/forwarding_rows.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

RegisterKey row(std::size_t number) {
  const Bytes key = "row" + std::to_string(number);
  return table_register(TenantId{1}, 4, key, key);
}

class OutcomeTest : public Simulated {
 protected:
  void TearDown() override {
    run(shared_->stop());
    run(rows_->stop());
  }
  MonotonicTime soon() { return in(seconds(20)); }
  std::optional<Bytes> now(std::size_t number) {
    Transaction reader(*shared_, {.reading = Reading::latest});
    const auto found = run(reader.get({row(number)}, soon()));
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found ? found->front() : std::nullopt;
  }

  HlcClock hlc_;
  std::unique_ptr<MemoryRows> rows_ = std::make_unique<MemoryRows>(runtime(), 7);
  std::unique_ptr<Transactions> shared_ = std::make_unique<Transactions>(runtime(), *rows_, hlc_);
};

// Commits of one row and of several, of rows that were there and that were not, while answers and commands get lost and come
// late: the row is in the end as the outcome says.
TEST_F(OutcomeTest, WhatIsToldIsWhatIsThereWheneverLateCommandsCome) {
  std::map<std::string, int> told;
  for (int round = 0; round < 150; ++round) {
    const std::size_t first = 10 * static_cast<std::size_t>(round % 20);
    const std::size_t keys = 1 + static_cast<std::size_t>(round) % 3;
    std::vector<RegisterKey> wanted;
    for (std::size_t i = 0; i < keys; ++i) wanted.push_back(row(first + i));
    Transaction writer(
        *shared_, {.isolation = round % 2 ? Isolation::serializable : Isolation::read_committed, .reading = Reading::latest});
    ASSERT_TRUE(run(writer.get(wanted, soon())).has_value());
    std::vector<std::optional<Bytes>> before;
    for (std::size_t i = 0; i < keys; ++i) before.push_back(now(first + i));
    const Bytes value = "round" + std::to_string(round);
    for (const RegisterKey& key : wanted) writer.put(key, value);
    rows_->faults = {.lost = 0.2, .late = 0.3, .unsure = 0.3, .twice = 0.3};
    // Sometimes too short for a second copy of what got lost.
    const auto done = run(writer.commit(in(milliseconds(round % 4 == 1 ? 3 : 20))));
    if (!done && done.error().code != ErrorCode::unknown_outcome) {
      rows_->faults = {};
      pass(seconds(30));
      continue;
    }
    const auto outcome = run(writer.outcome(soon()));
    rows_->faults = {};
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    if (done) EXPECT_EQ(*outcome, CommitOutcome::committed);
    // Nobody else has written, so it can be known.
    ASSERT_NE(*outcome, CommitOutcome::unknown);
    ++told[std::string(done                                   ? "sure"
                       : *outcome == CommitOutcome::committed ? "committed"
                                                              : "not committed") +
           (keys == 1 ? " one" : " many")];
    pass(seconds(round % 2 ? 0 : 30));
    for (std::size_t i = 0; i < keys; ++i) {
      EXPECT_EQ(now(first + i), *outcome == CommitOutcome::committed ? std::optional(value) : before[i]) << "round " << round;
    }
  }
  // A commit of one row looks at the row itself before it says that it does not know.
  for (const char* each : {"not committed one", "committed many", "not committed many"}) {
    EXPECT_GT(told[each], 0) << each;
  }
}

TEST_F(OutcomeTest, TracesThatOthersCoveredAreNotGuessedAt) {
  Transaction writer(*shared_, {.reading = Reading::latest});
  ASSERT_TRUE(run(writer.get({row(1)}, soon())).has_value());
  writer.put(row(1), "mine");
  rows_->faults = {.late = 1};
  ASSERT_EQ(code_of(run(writer.commit(in(milliseconds(1))))), "unknown_outcome");
  rows_->faults = {};
  pass(seconds(3));
  Transaction other(*shared_, {.reading = Reading::latest});
  ASSERT_EQ(run(other.get({row(1)}, soon()))->front(), "mine");
  other.put(row(1), "other's");
  ASSERT_EQ(code_of(run(other.commit(soon()))), "ok");
  EXPECT_EQ(run(writer.outcome(soon())).value(), CommitOutcome::unknown);
}

// Rows that run the next command, or do not, and lose its answer; others write before that is noticed.
class BusyRows final : public ForwardingRows {
 public:
  BusyRows(Runtime& runtime, MemoryRows& rows) : ForwardingRows(rows), runtime_(runtime) {}

  bool lose_next = false;
  bool run_it = true;
  std::size_t others = 0;
  Bytes lose_at;                          ///< run the next command on this row, then `meanwhile`, and the command again
  std::function<Task<void>()> meanwhile;  ///< by others

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override {
    if (key.stored() == lose_at && meanwhile) {
      const auto others_work = std::exchange(meanwhile, nullptr);
      LATIUM_CO_CHECKED(co_await ForwardingRows::change(key, command, deadline));
      LATIUM_CO_CHECKED(co_await others_work());
      LATIUM_CO_TRY(RowChange again, co_await ForwardingRows::change(key, command, deadline));
      again.unsure = !again.applied;
      co_return std::move(again);
    }
    if (!std::exchange(lose_next, false)) {
      co_return co_await ForwardingRows::change(std::move(key), std::move(command), deadline);
    }
    if (run_it) LATIUM_CO_CHECKED(co_await ForwardingRows::change(key, std::move(command), deadline));
    for (std::uint64_t i = 0; i < others; ++i) {
      LATIUM_CO_TRY(const RowRead read, co_await ForwardingRows::read(key, Reading::latest, deadline));
      const Hlc now = Hlc::from_parts(runtime_.clock.wall_ms(), 0);
      const RowWrite write{.txn = {9, i + 1},
                           .expected = std::nullopt,
                           .commit_ts = std::max(Hlc{read.state.committed.ts.value + 1}, now),
                           .present = true,
                           .row = "other's"};
      LATIUM_CO_TRY(const RowChange written, co_await ForwardingRows::change(key, write, deadline));
      EXPECT_TRUE(written.applied) << to_string(written.refusal);
    }
    co_return fail(ErrorCode::unknown_outcome, Certainty::unknown, "the answer was lost");
  }

 private:
  Runtime& runtime_;
};

class BusyRowsTest : public OutcomeTest {
 protected:
  BusyRowsTest() { shared_ = std::make_unique<Transactions>(runtime(), busy_, hlc_); }

  Result<void> commit(std::size_t keys, bool contended) {
    Transaction writer(*shared_, {.isolation = Isolation::read_committed, .reading = Reading::latest, .contended = contended});
    std::vector<RegisterKey> wanted;
    for (std::size_t i = 0; i < keys; ++i) wanted.push_back(row(i));
    EXPECT_TRUE(run(writer.get(wanted, soon())).has_value());
    for (const RegisterKey& key : wanted) writer.put(key, "mine");
    busy_.lose_next = true;
    const Result<void> done = run(writer.commit(soon()));
    conflicting_ = writer.conflicting_row();
    return done;
  }

  BusyRows busy_{runtime(), *rows_};
  std::optional<Bytes> conflicting_;
};

TEST_F(BusyRowsTest, ACommitOfOneContendedRowIsKnownAfterOthersHaveWritten) {
  busy_.others = 20;
  EXPECT_EQ(code_of(commit(1, false)), "unknown_outcome");
  EXPECT_EQ(code_of(commit(1, true)), "ok");
  busy_.run_it = false;
  EXPECT_EQ(code_of(commit(1, true)), "conflict") << "it was not made, and others have written";
  EXPECT_EQ(conflicting_, row(0).stored());
  EXPECT_EQ(now(0), "other's");
  busy_.others = 0;
  EXPECT_EQ(code_of(commit(1, true)), "ok");
}

TEST_F(BusyRowsTest, AfterAConflictTheFirstAttemptsOfOthersKeepTheirOutcomeToo) {
  busy_.others = 20;
  EXPECT_EQ(code_of(commit(1, false)), "unknown_outcome");
  shared_->turns.note_conflict(row(0).stored());
  EXPECT_EQ(code_of(commit(1, false)), "ok");
}

TEST_F(BusyRowsTest, APrewriteWithoutAnAnswerIsSentAgain) {
  for (const bool run_it : {true, false}) {
    busy_.run_it = run_it;
    EXPECT_EQ(code_of(commit(3, true)), "ok");
    EXPECT_EQ(now(0), "mine");
  }
}

// Once the transaction that holds the row looks dead.
Task<void> overwrite(Transactions& others, std::size_t at, MonotonicTime deadline) {
  LATIUM_CO_CHECKED(co_await sleep_for(others.runtime, std::chrono::seconds(6)));
  Transaction other(others, {.reading = Reading::latest});
  LATIUM_CO_TRY(const auto there, co_await other.get({row(at)}, deadline));
  EXPECT_EQ(there[0], "mine");
  other.put(row(at), "other's");
  co_return co_await other.commit(deadline);
}

// The command went to another node, which ran it and did not answer; who met the intents took the transaction for committed, as
// it was, and the row has changed since when the command is run once more.
TEST_F(BusyRowsTest, AParallelCommitThatOthersFinishedIsNotToldAsAConflict) {
  Transactions others(runtime(), *rows_, hlc_);
  for (const std::size_t at : {0u, 1u, 2u}) {
    busy_.lose_at = row(at).stored();
    busy_.meanwhile = [&, at] { return overwrite(others, at, in(seconds(20))); };
    Transaction writer(*shared_, {.isolation = Isolation::read_committed, .reading = Reading::latest});
    ASSERT_TRUE(run(writer.get({row(0), row(1), row(2)}, soon())).has_value());
    for (const std::size_t each : {0u, 1u, 2u}) writer.put(row(each), "mine");
    EXPECT_EQ(code_of(run(writer.commit(soon()))), "ok") << at;
    EXPECT_FALSE(busy_.meanwhile);
    for (const std::size_t each : {0u, 1u, 2u}) EXPECT_EQ(now(each), each == at ? "other's" : "mine") << at;
  }
  run(others.stop());
}

TEST_F(BusyRowsTest, ACommitThatWasOvertakenBeforeItsFirstStepIsAConflictAndNothingElse) {
  busy_.run_it = false;
  busy_.others = 3;
  EXPECT_EQ(code_of(commit(3, true)), "conflict");
  EXPECT_EQ(conflicting_, row(0).stored());
  EXPECT_EQ(now(2), std::nullopt);
}

}  // namespace
}  // namespace latium::testing
