// No call asks the rows on and on: it ends by its deadline, whatever the rows answer.
#include <variant>

#include "relational/transaction.h"
#include "tests/relational/forwarding_rows.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

/// What is told to every command, for ever, instead of running it: errors at once, refusals by a replica that is asked.
using Answer = std::variant<ErrorCode, RowRefusal>;

/// Rows that run some commands and none of those that follow.
class UnhelpfulRows final : public ForwardingRows {
 public:
  UnhelpfulRows(Runtime& runtime, MemoryRows& rows, Answer answer, std::size_t commands)
      : ForwardingRows(rows), runtime_(runtime), rows_(rows), answer_(answer), left_(commands) {}

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override {
    if (left_ > 0) {
      --left_;
      co_return co_await rows_.change(std::move(key), std::move(command), deadline);
    }
    if (const auto* code = std::get_if<ErrorCode>(&answer_)) co_return fail(*code, Certainty::unknown, "it is not run");
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, milliseconds(1)));
    co_return RowChange{.state = rows_.state(key), .refusal = std::get<RowRefusal>(answer_), .stats = {}};
  }

 private:
  Runtime& runtime_;
  MemoryRows& rows_;
  Answer answer_;
  std::size_t left_;
};

RegisterKey row(std::size_t number) {
  const Bytes key = "row" + std::to_string(number);
  return table_register(TenantId{1}, 4, key, key);
}

class DeadlineTest : public Simulated, public ::testing::WithParamInterface<Answer> {
 protected:
  // Longer than intents live, so that those that are left are ended, or tried to be.
  static constexpr Duration kTime = seconds(8);

  template <class T>
  Result<T> in_time(Task<T> call) {
    const Duration began = simulation_.now();
    Result<T> result = run(std::move(call));
    EXPECT_LE(simulation_.now() - began, kTime + milliseconds(100));
    return result;
  }

  void commit_and_look(std::size_t keys, bool checks, std::size_t commands) {
    const std::string name =
        std::to_string(keys) + (checks ? " checked" : "") + " keys, " + std::to_string(commands) + " commands";
    SCOPED_TRACE(name);
    MemoryRows rows(runtime(), 1);
    UnhelpfulRows unhelpful(runtime(), rows, GetParam(), commands);
    sim::SimRuntime process(simulation_, clock_, name);
    HlcClock hlc;
    Transactions shared(process.runtime(), unhelpful, hlc);
    std::vector<RegisterKey> wanted;
    for (std::size_t i = 0; i < keys + (checks ? 1 : 0); ++i) wanted.push_back(row(i));
    Transaction writer(shared, {.reading = Reading::latest});
    ASSERT_TRUE(in_time(writer.get(wanted, in(kTime))).has_value());
    for (std::size_t i = 0; i < keys; ++i) writer.put(wanted[i], "v");
    const auto committed = in_time(writer.commit(in(kTime)));
    if (!committed) (void)in_time(writer.outcome(in(kTime)));
    Transaction reader(shared, {.reading = Reading::latest});
    (void)in_time(reader.get(wanted, in(kTime)));
    Transaction other(shared, {.reading = Reading::latest, .contended = true});
    if (in_time(other.get(wanted, in(kTime)))) {
      other.put(wanted.front(), "w");
      (void)in_time(other.commit(in(kTime)));
    }
    EXPECT_FALSE(simulation_.failed());
    run(shared.stop());
    run(rows.stop());
  }
};

TEST_P(DeadlineTest, ACallEndsByIt) {
  for (std::size_t commands = 0; commands <= 8; ++commands) {
    commit_and_look(1, false, commands);
    commit_and_look(1, true, commands);
    commit_and_look(3, false, commands);
    commit_and_look(3, true, commands);
  }
}

INSTANTIATE_TEST_SUITE_P(Answers, DeadlineTest,
                         ::testing::Values(Answer(ErrorCode::unavailable), Answer(ErrorCode::unknown_outcome),
                                           Answer(ErrorCode::cancelled), Answer(ErrorCode::overloaded),
                                           Answer(RowRefusal::behind), Answer(RowRefusal::staged), Answer(RowRefusal::not_staged),
                                           Answer(RowRefusal::intent_present), Answer(RowRefusal::ts_differs),
                                           Answer(RowRefusal::settled), Answer(RowRefusal::not_primary)));

}  // namespace
}  // namespace latium::testing
