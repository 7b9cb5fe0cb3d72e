// Transactions over rows in memory, in virtual time, against late, lost and repeated answers.
#include "relational/transaction.h"

#include <numeric>

#include "runtime/run_here.h"
#include "tests/relational/transactions.h"

namespace latium::testing {
namespace {

TEST_F(TransactionTest, SeesItsOwnWritesAndOthersSeeThemAfterTheCommit) {
  Transaction writer = begin();
  put(writer, 1, "one");
  put(writer, 2, "two");
  EXPECT_EQ(get(writer, 1), "one");
  EXPECT_EQ(now(1), std::nullopt);
  EXPECT_EQ(commit(writer), "ok");
  EXPECT_EQ(now(1), "one");
  EXPECT_EQ(now(2), "two");
  pass(seconds(1));
  EXPECT_EQ(rows_->intents(), 0u);
  EXPECT_TRUE(rows_->state(row(1)).outcomes.empty() || rows_->state(row(1)).outcomes[0].settled());
}

TEST_F(TransactionTest, OfTwoThatChangeOneRowTheSecondConflicts) {
  Transaction first = begin();
  Transaction second = begin();
  put(first, 1, "first");
  put(second, 1, "second");
  EXPECT_EQ(commit(second), "ok");
  EXPECT_EQ(commit(first), "conflict");
  EXPECT_EQ(now(1), "second");
}

TEST_F(TransactionTest, ACommitRefusesWhatWasReadAndHasChanged) {
  Transaction setup = begin();
  put(setup, 1, "a");
  put(setup, 2, "b");
  ASSERT_EQ(commit(setup), "ok");
  pass(seconds(1));
  // Write skew: each reads what the other writes.
  Transaction one = begin();
  Transaction two = begin();
  for (Transaction* each : {&one, &two}) {
    (void)get(*each, 1);
    (void)get(*each, 2);
  }
  one.put(row(1), "from one");
  two.put(row(2), "from two");
  EXPECT_EQ(commit(one), "ok");
  EXPECT_EQ(commit(two), "conflict");
  EXPECT_EQ(now(2), "b");
  // Whoever does not ask for it is not checked.
  Transaction loose = begin({.isolation = Isolation::read_committed});
  (void)get(loose, 1);
  put(loose, 2, "c");
  Transaction between = begin();
  put(between, 1, "changed");
  ASSERT_EQ(commit(between), "ok");
  EXPECT_EQ(commit(loose), "ok");
}

// Reads of the latest state wait for who is at work, also when that one began later.
TEST_F(TransactionTest, AReaderEndsNobody) {
  const RowPrewrite intent{.intent = {.txn = {7, 7},
                                      .start = hlc_.now(runtime().clock.wall_ms()),
                                      .expires_ms = runtime().clock.wall_ms() + 5'000,
                                      .present = true,
                                      .row = "half done"},
                           .now_ms = runtime().clock.wall_ms()};
  ASSERT_TRUE(run(rows_->change(row(1), intent, soon()))->applied);
  Transaction reader = begin({.reading = Reading::latest});
  EXPECT_EQ(code_of(run(reader.get({row(1)}, in(seconds(1))))), "unavailable");
  EXPECT_TRUE(rows_->state(row(1)).intent_of({7, 7}) != nullptr) << "it had four seconds left";
  pass(seconds(5));
  EXPECT_EQ(now(1), std::nullopt) << "nobody's any more: whoever comes by ends it";
  EXPECT_EQ(rows_->intents(), 0u);
}

TEST_F(TransactionTest, AnEndThatAWrongClockWroteIsOutwaited) {
  const RowPrewrite intent{.intent = {.txn = {7, 7},
                                      .start = hlc_.now(runtime().clock.wall_ms()),
                                      .expires_ms = runtime().clock.wall_ms() + 3'600'000,
                                      .present = true,
                                      .row = "half done"},
                           .now_ms = runtime().clock.wall_ms()};
  ASSERT_TRUE(run(rows_->change(row(1), intent, soon()))->applied);
  for (int i = 0; i < 4; ++i) {
    Transaction reader = begin({.reading = Reading::latest});
    EXPECT_EQ(code_of(run(reader.get({row(1)}, in(seconds(1))))), "unavailable");
  }
  EXPECT_EQ(now(1), std::nullopt);
  EXPECT_EQ(rows_->intents(), 0u);
}

TEST_F(TransactionTest, ARowThatComesIntoARangeIsAConflict) {
  Transaction setup = begin();
  put(setup, 1, "a");
  ASSERT_EQ(commit(setup), "ok");
  Transaction reader = begin();
  EXPECT_EQ(scan(reader), std::vector<Bytes>{"a"});
  put(reader, 9, "count: 1");
  Transaction phantom = begin();
  put(phantom, 2, "b");
  ASSERT_EQ(commit(phantom), "ok");
  EXPECT_EQ(commit(reader), "conflict");
}

// By then the row is as it was read; but not as the range was.
TEST_F(TransactionTest, ARowThatIsReadAfterARangeWithoutItIsAConflict) {
  Transaction first = begin();
  put(first, 1, "one");
  ASSERT_EQ(commit(first), "ok");
  for (const bool writes : {false, true}) {
    Transaction reader = begin({.reading = Reading::latest});
    const std::size_t before = scan(reader).size();
    Transaction other = begin();
    put(other, before + 1, "came");
    ASSERT_EQ(commit(other), "ok");
    EXPECT_EQ(get(reader, before + 1), "came");
    if (writes) reader.put(row(before + 1), "changed");
    EXPECT_EQ(commit(reader), "conflict");
    Transaction again = begin({.reading = Reading::latest});
    EXPECT_EQ(scan(again).size(), before + 1);
    EXPECT_EQ(get(again, before + 1), "came");
    EXPECT_EQ(commit(again), "ok");
    // Without the check of what is only read there is nothing to contradict.
    Transaction loose = begin({.isolation = Isolation::read_committed, .reading = Reading::latest});
    (void)scan(loose);
    EXPECT_EQ(commit(loose), "ok");
  }
}

TEST_F(TransactionTest, ARangeSeesOwnWritesInOrderAndPages) {
  Transaction writer = begin();
  for (std::size_t i = 0; i < 8; ++i) put(writer, i, std::to_string(i));
  ASSERT_EQ(commit(writer), "ok");
  pass(seconds(1));
  Transaction reader = begin();
  (void)get(reader, 3);
  reader.remove(row(3));
  put(reader, 8, "8");
  EXPECT_EQ(scan(reader), (std::vector<Bytes>{"0", "1", "2", "4", "5", "6", "7", "8"}));
  EXPECT_EQ(scan(reader, 3), (std::vector<Bytes>{"0", "1", "2"}));
  EXPECT_EQ(commit(reader), "ok");
  EXPECT_EQ(now(3), std::nullopt);
}

// On the caller's thread: what has to be asked for on the loop ends the call, and nothing else of the transaction.
TEST_F(TransactionTest, WhatIsReadHereIsNeverOlderThanWhatTheNodeHasCommittedItself) {
  Transaction setup = begin();
  put(setup, 1, "a");
  ASSERT_EQ(commit(setup), "ok");
  // With one command, so what was there before its register's last change is nothing.
  Transaction second = begin();
  put(second, 2, "b");
  ASSERT_EQ(commit(second), "ok");
  const auto get_here = [&](Transaction& transaction, std::size_t number) -> std::string {
    EXPECT_TRUE(transaction.here_begins());
    const auto found = run_here(transaction.get({row(number)}, soon()));
    if (transaction.here_ends()) return "has to be asked for";
    return found && (*found)[0] ? *(*found)[0] : "nothing";
  };
  Transaction reader = begin();
  EXPECT_EQ(get_here(reader, 1), "a");
  EXPECT_EQ(get_here(reader, 7), "nothing");
  rows_->faults.stale = 1;
  EXPECT_EQ(get_here(reader, 2), "b") << "the replica has not heard of it, the node has committed it";
  rows_->faults = {.absent = 1};
  EXPECT_EQ(get_here(reader, 3), "has to be asked for");
  EXPECT_EQ(get_here(reader, 1), "a");
  EXPECT_EQ(commit(reader), "ok");
  Transaction latest = begin({.reading = Reading::latest});
  EXPECT_FALSE(latest.here_begins());
}

TEST_F(TransactionTest, ARangeReadHereHasTheRowsThatTheNodeHasCommittedItself) {
  Transaction setup = begin();
  for (std::size_t i = 0; i < 5; ++i) put(setup, i, std::to_string(i));
  ASSERT_EQ(commit(setup), "ok");
  pass(seconds(1));  // until the intents are resolved
  const auto scan_here = [&](Transaction& transaction, std::size_t limit) -> std::vector<Bytes> {
    EXPECT_TRUE(transaction.here_begins());
    const auto page = run_here(transaction.range(kTenant, all_partitions(), kAllRows, limit, soon()));
    if (transaction.here_ends()) return {"has to be asked for"};
    std::vector<Bytes> out;
    for (const auto& found : page->rows) out.push_back(found.row);
    return out;
  };
  Transaction reader = begin();
  put(reader, 9, "9");
  EXPECT_EQ(scan_here(reader, 100), (std::vector<Bytes>{"0", "1", "2", "3", "4", "9"}));
  EXPECT_EQ(scan_here(reader, 2), (std::vector<Bytes>{"0", "1"}));
  // The replica has not heard of one that this node has committed.
  shared_->committed.note({{row(6).stored(), {.ts = Hlc{UINT64_MAX}, .present = true, .row = "6"}}});
  Transaction later = begin();
  EXPECT_EQ(scan_here(later, 100), (std::vector<Bytes>{"0", "1", "2", "3", "4", "6"}));
  shared_->committed.doubt({row(7).stored()});
  Transaction unsure = begin();
  EXPECT_EQ(scan_here(unsure, 100), std::vector<Bytes>{"has to be asked for"});
  rows_->faults.absent = 1;
  EXPECT_EQ(scan_here(reader, 100), std::vector<Bytes>{"has to be asked for"});
}

TEST_F(TransactionTest, SavepointsGoBack) {
  Transaction writer = begin();
  put(writer, 1, "kept");
  const auto savepoint = writer.savepoint();
  put(writer, 1, "dropped");
  put(writer, 2, "dropped");
  writer.rollback_to(savepoint);
  EXPECT_EQ(get(writer, 1), "kept");
  EXPECT_EQ(get(writer, 2), std::nullopt);
  EXPECT_EQ(commit(writer), "ok");
  EXPECT_EQ(now(2), std::nullopt);
}

// Money goes from row to row, some transactions stop at any step, answers are lost and commands come twice. The sum that a
// serializable reader sees never changes, and nothing stays locked.
class Bank {
 public:
  static constexpr std::size_t kAccounts = 6;
  static constexpr int kSum = 600;

  Bank(Runtime& runtime, Transactions& shared, std::uint64_t seed) : runtime_(runtime), shared_(shared), random_(seed) {}

  Task<void> fill() {
    Transaction transaction(shared_, {});
    std::vector<RegisterKey> keys;
    for (std::size_t i = 0; i < kAccounts; ++i) keys.push_back(row(i));
    LATIUM_CO_CHECKED(co_await transaction.get(keys, deadline()));
    for (const RegisterKey& key : keys) transaction.put(key, std::to_string(kSum / kAccounts));
    co_return co_await transaction.commit(deadline());
  }

  Task<void> client() {
    for (int i = 0; i < 40; ++i) {
      if (random_.chance(0.3)) {
        LATIUM_CO_CHECKED(co_await look());
      } else {
        LATIUM_CO_CHECKED(co_await transfer());
      }
      LATIUM_CO_CHECKED(co_await sleep_for(runtime_, std::chrono::milliseconds(random_.below(20))));
    }
    co_return Result<void>();
  }

  Task<void> look() {
    Transaction transaction(shared_, {});
    std::vector<Bytes> seen;
    if (random_.chance(0.5)) {
      const auto page = co_await transaction.range(kTenant, all_partitions(), kAllRows, 100, deadline());
      LATIUM_CO_CHECKED(page);
      for (const auto& found : page->rows) seen.push_back(found.row);
    } else {
      std::vector<RegisterKey> keys;
      for (std::size_t i = 0; i < kAccounts; ++i) keys.push_back(row(i));
      LATIUM_CO_TRY(const auto found, co_await transaction.get(keys, deadline()));
      for (const auto& each : found) seen.push_back(each.value_or("0"));
    }
    const auto done = co_await transaction.commit(deadline());
    if (!done) co_return Result<void>();
    int sum = 0;
    for (const Bytes& each : seen) sum += std::stoi(each);
    ++looks_;
    if (sum != kSum) wrong_.push_back(sum);
    co_return Result<void>();
  }

  Task<void> transfer() {
    const std::size_t from = random_.below(kAccounts);
    const std::size_t to = (from + 1 + random_.below(kAccounts - 1)) % kAccounts;
    Transaction transaction(shared_, {.isolation = random_.chance(0.5) ? Isolation::serializable : Isolation::read_committed,
                                      .reading = random_.chance(0.5) ? Reading::local : Reading::latest});
    std::vector<RegisterKey> keys = {row(from), row(to)};
    if (random_.chance(0.3)) keys.push_back(row(random_.below(kAccounts)));
    LATIUM_CO_TRY(const auto found, co_await transaction.get(keys, deadline()));
    if (!found[0] || !found[1]) co_return Result<void>();  // read from before the accounts were there
    const int amount = 1 + static_cast<int>(random_.below(10));
    transaction.put(row(from), std::to_string(std::stoi(*found[0]) - amount));
    transaction.put(row(to), std::to_string(std::stoi(*found[1]) + amount));
    // Often too short a time: the transaction is left where it is.
    const auto time = random_.chance(0.1) ? milliseconds(random_.below(12)) : milliseconds(10'000);
    const auto done = co_await with_deadline(runtime_, runtime_.clock.monotonic_now() + time, transaction.commit(deadline()));
    if (done) ++transfers_;
    co_return Result<void>();
  }

  std::size_t looks_ = 0;
  std::size_t transfers_ = 0;
  std::vector<int> wrong_;

 private:
  MonotonicTime deadline() const { return runtime_.clock.monotonic_now() + seconds(20); }

  Runtime& runtime_;
  Transactions& shared_;
  Random random_;
};

TEST_F(TransactionTest, TheBanksSumNeverChanges) {
  std::size_t looks = 0;
  std::size_t transfers = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    MemoryRows rows(runtime(), seed);
    HlcClock hlc;
    Transactions shared(runtime(), rows, hlc);
    Bank bank(runtime(), shared, seed);
    ASSERT_TRUE(run(bank.fill()).has_value());
    rows.faults = {.lost = 0.02, .unsure = 0.02, .twice = 0.05, .again = 0.05, .unlisted = 0.2, .stale = 0.2, .absent = 0.5};
    TaskGroup clients(runtime().executor, 8);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(clients.spawn(bank.client()).has_value());
    const auto ended = run(clients.join());
    EXPECT_TRUE(ended.has_value()) << "seed " << seed << ": " << ended.error().message;
    EXPECT_TRUE(bank.wrong_.empty()) << "seed " << seed << ": " << bank.wrong_.front();
    looks += bank.looks_;
    transfers += bank.transfers_;
    rows.faults = {};
    pass(seconds(30));
    const std::size_t before = bank.looks_;
    // The first one may find what a committer left, which it finishes.
    for (int i = 0; i < 3 && bank.looks_ == before; ++i) ASSERT_TRUE(run(bank.look()).has_value());
    EXPECT_GT(bank.looks_, before) << "seed " << seed << ": something is still locked";
    EXPECT_TRUE(bank.wrong_.empty()) << "seed " << seed << " at the end: " << bank.wrong_.front();
    run(shared.stop());
    run(rows.stop());
  }
  EXPECT_GT(looks, 300u);
  EXPECT_GT(transfers, 1500u);
}

}  // namespace
}  // namespace latium::testing
