// What a commit looks at again, and what must not be overlooked between two looks.
#include <functional>
#include <utility>

#include "tests/relational/forwarding_rows.h"
#include "tests/relational/transactions.h"

namespace latium::testing {
namespace {

// Rows that a replica has not heard of, and what others do before one of the lists is made.
class ListedRows final : public ForwardingRows {
 public:
  using ForwardingRows::ForwardingRows;

  std::optional<RegisterKey> hidden;
  std::function<Task<void>()> before;

  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit, Reading how,
                     MonotonicTime deadline) override {
    if (auto work = std::exchange(before, nullptr)) LATIUM_CO_CHECKED(co_await work());
    LATIUM_CO_TRY(RowKeys out, co_await ForwardingRows::list(tenant, partitions, range, limit, how, deadline));
    if (hidden) std::erase(out.keys, *std::exchange(hidden, std::nullopt));
    co_return out;
  }
};

class ValidationTest : public TransactionTest {
 protected:
  void TearDown() override {
    run(reading_.stop());
    TransactionTest::TearDown();
  }
  void write(std::optional<Bytes> one, std::optional<Bytes> five) { EXPECT_TRUE(run(written(one, five)).has_value()); }
  Task<void> written(std::optional<Bytes> one, std::optional<Bytes> five) {
    Transaction transaction = begin();
    LATIUM_CO_CHECKED(co_await transaction.get({row(1), row(5)}, soon()));
    one ? transaction.put(row(1), *one) : transaction.remove(row(1));
    five ? transaction.put(row(5), *five) : transaction.remove(row(5));
    co_return co_await transaction.commit(soon());
  }
  Task<void> written_later(std::optional<Bytes> one, std::optional<Bytes> five) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime(), milliseconds(50)));
    co_return co_await written(one, five);
  }
  std::size_t find_five(Transaction& transaction) {
    const auto page = run(transaction.range(kTenant, all_partitions(), {"row5", "row6"}, 10, soon()));
    EXPECT_TRUE(page.has_value());
    return page->rows.size();
  }

  ListedRows listed_{*rows_};
  Transactions reading_{runtime(), listed_, hlc_};
};

// Row 1 is of the time when row 5 was there, and the range is of the times before and after.
TEST_F(ValidationTest, WhatHasComeIntoARangeAndGoneAgainIsAConflict) {
  Transaction reader(reading_, {});
  EXPECT_EQ(find_five(reader), 0u);
  write("beside five", "five");
  pass(seconds(1));
  EXPECT_EQ(get(reader, 1), "beside five");
  listed_.before = [this] { return written_later("alone", std::nullopt); };
  EXPECT_EQ(commit(reader), "conflict");
}

TEST_F(ValidationTest, WhatHadGoneBeforeIsNone) {
  write("beside five", "five");
  write("alone", std::nullopt);
  pass(seconds(1));
  Transaction reader(reading_, {});
  listed_.hidden = row(5);
  EXPECT_EQ(find_five(reader), 0u);
  EXPECT_EQ(get(reader, 1), "alone");
  EXPECT_EQ(commit(reader), "ok");
}

class AskedRows final : public ForwardingRows {
 public:
  using ForwardingRows::ForwardingRows;
  std::vector<TableId> asked;
  std::optional<std::uint64_t> at_rest(TenantId tenant, TableId table) override {
    asked.push_back(table);
    return ForwardingRows::at_rest(tenant, table);
  }
};

// What is counted is changes of one table.
TEST_F(ValidationTest, OnlyOfARangeInOneTableItIsKnownWhetherItRests) {
  AskedRows rows(*rows_);
  Transactions shared(runtime(), rows, hlc_);
  Transaction transaction(shared, {});
  for (const TupleRange& range : {TupleRange{"", "z"}, TupleRange{"row", "rox"}, TupleRange{"row5", "row6"}}) {
    EXPECT_TRUE(run(transaction.range(kTenant, all_partitions(), range, 10, soon())).has_value());
  }
  EXPECT_TRUE(rows.asked.empty());
  EXPECT_TRUE(run(transaction.range(kTenant, all_partitions(), {"row5a", "row5b"}, 10, soon())).has_value());
  EXPECT_EQ(rows.asked, std::vector<TableId>{TableId{get_u32_be("row5")}});
  run(shared.stop());
}

// Seed 14141 of rw_register: a row was read, and a range around it then came from a replica that had not heard of the row.
TEST_F(ValidationTest, WhatWasFoundIsNotGoneInALaterRange) {
  Transaction writer = begin();
  for (const std::size_t number : {1, 2}) put(writer, number, "there");
  ASSERT_EQ(commit(writer), "ok");
  pass(seconds(1));  // it is resolved
  for (const Isolation isolation : {Isolation::serializable, Isolation::read_committed}) {
    Transactions other(runtime(), *rows_, hlc_);  // has committed nothing itself, and met no conflict
    Transaction reader(other, {.isolation = isolation});
    EXPECT_EQ(get(reader, 1), "there");
    rows_->faults.unlisted = 1;
    EXPECT_EQ(scan(reader), std::vector<Bytes>{"there"});
    const auto back = run(reader.range_back(kTenant, all_partitions(), kAllRows, 10, soon()));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->rows.size(), 1u);
    const auto peeked =
        run(reader.peek_ranges({{.tenant = kTenant, .partitions = all_partitions(), .range = kAllRows}}, 10, soon()));
    ASSERT_TRUE(peeked.has_value());
    EXPECT_EQ(peeked->front().page.rows.size(), 1u);
    rows_->faults.unlisted = 0;
    EXPECT_EQ(commit(reader), isolation == Isolation::serializable ? "conflict" : "ok") << "row 2 has come";
    run(other.stop());
  }
}

// A unique value that is taken and given back: the row that has it, on other nodes, must not be overlooked.
TEST_F(ValidationTest, WhatIsWrittenAndTakenBackMustNotHaveBeenWrittenByOthers) {
  Transactions other(runtime(), *rows_, hlc_);
  Transaction before(other, {});
  ASSERT_TRUE(run(before.get({row(1)}, soon())).has_value());
  before.put(row(1), "of another node");
  ASSERT_EQ(commit(before), "ok");
  for (const double stale : {1.0, 0.0}) {
    rows_->faults.stale = stale;
    Transaction transaction = begin({.isolation = Isolation::read_committed});
    EXPECT_EQ(get(transaction, 1).has_value(), stale == 0.0);
    transaction.put(row(1), "taken");
    transaction.remove(row(1));
    put(transaction, 2, "two");
    EXPECT_EQ(commit(transaction), stale == 1.0 ? "conflict" : "ok");
  }
  run(other.stop());
}

}  // namespace
}  // namespace latium::testing
