// Rows in registers of three replicas: the commit protocol's commands as any other.
#include <gtest/gtest.h>

#include "replication/row_recovery.h"
#include "tests/replication/three_replicas.h"

namespace latium {
namespace {

using std::chrono::seconds;

constexpr TransactionId kTxn{7, 7};

class RowRegistersTest : public testing::ThreeReplicas {
 protected:
  static RegisterKey row_key(Bytes name) { return user_register(TenantId{kTenant}, 4, name); }

  // Registers that hold nothing refuse what is a day older than their ballots.
  std::uint64_t now_ms() { return runtime().clock.wall_ms(); }
  Hlc start() { return Hlc::from_parts(now_ms(), 0); }

  CommandResult execute(std::size_t node, const Bytes& name, RowCommand command, RequestId request) {
    const auto outcome = run(at(node).execute(row_key(name), RegisterCommand(std::move(command)), request, in(seconds(5))));
    LATIUM_CHECK(outcome.has_value());
    return outcome->result;
  }
  CommandResult execute(std::size_t node, const Bytes& name, RowCommand command) {
    return execute(node, name, std::move(command), {9, ++requests_});
  }
  RowState read(std::size_t node, const Bytes& name) {
    const auto found = run(at(node).read(row_key(name), in(seconds(5))));
    LATIUM_CHECK(found.has_value());
    return row_of(found->state).value();
  }
  RowWrite write(const TransactionId& txn, Hlc ts) {
    return {.txn = txn, .expected = std::nullopt, .commit_ts = ts, .present = true, .row = "row", .now_ms = now_ms()};
  }

 private:
  std::uint64_t requests_ = 0;
};

TEST_F(RowRegistersTest, ATransactionOfTwoRows) {
  const Hlc begin = start();
  const Hlc commit_ts{begin.value + 1};
  const Bytes primary = row_key("a").stored();
  const Bytes other = row_key("b").stored();
  RowPrewrite first{.intent = {.txn = kTxn, .start = begin, .others = {other}, .present = true, .row = "one"},
                    .now_ms = now_ms()};
  RowPrewrite second{.intent = {.txn = kTxn, .start = begin, .primary = primary, .present = true, .row = "two"},
                     .now_ms = now_ms()};
  ASSERT_TRUE(execute(0, "a", first).applied);
  ASSERT_TRUE(execute(0, "b", second).applied);
  EXPECT_FALSE(visible(read(1, "b")).present);
  const CommandResult refused = execute(1, "b", write({8, 8}, commit_ts));
  EXPECT_FALSE(refused.applied);
  EXPECT_EQ(refused.refusal, RowRefusal::foreign_intent);
  ASSERT_TRUE(execute(0, "a", RowCommit{kTxn, begin, commit_ts, now_ms()}).applied);
  const IntentVerdict verdict = what_to_do_about(*read(2, "b").intent, read(2, "a"), std::nullopt, now_ms());
  ASSERT_EQ(verdict, (IntentVerdict{IntentAction::roll_forward, commit_ts}));
  ASSERT_TRUE(execute(2, "b", RowResolve{kTxn, verdict.committed_ts, now_ms()}).applied);
  ASSERT_TRUE(execute(2, "a", RowFinish{kTxn, {other}, now_ms()}).applied);
  EXPECT_EQ(visible(read(1, "b")), (CommittedRow{commit_ts, kTxn, true, "two"}));
  EXPECT_TRUE(read(1, "a").outcome_of(kTxn)->settled());
}

// Its ts is behind those that came after; run again, it would be refused.
TEST_F(RowRegistersTest, AWriteThatOthersWentOnFromIsToldAsMade) {
  const Hlc commit_ts = start();
  const RequestId request{3, 3};
  ASSERT_TRUE(execute(0, "a", write(kTxn, commit_ts), request).applied);
  ASSERT_TRUE(execute(1, "a", write({8, 8}, Hlc{commit_ts.value + 1})).applied);
  EXPECT_TRUE(execute(0, "a", write(kTxn, commit_ts), request).applied);
  EXPECT_EQ(read(2, "a").committed.txn, (TransactionId{8, 8}));
  EXPECT_EQ(execute(0, "a", write(kTxn, commit_ts)).refusal, RowRefusal::behind) << "as another request";
}

}  // namespace
}  // namespace latium
