// What tests of transactions share: rows in memory, in virtual time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relational/transaction.h"
#include "tests/relational/memory_rows.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {

inline constexpr TenantId kTenant{1};
inline constexpr std::uint16_t kPartitions = 4;

inline RegisterKey row(std::size_t number) {
  const Bytes key = "row" + std::to_string(number);
  return table_register(kTenant, kPartitions, key, key);
}
inline std::vector<PartitionId> all_partitions() {
  std::vector<PartitionId> out;
  for (std::uint16_t i = 0; i < kPartitions; ++i) out.push_back(PartitionId{i});
  return out;
}
inline const TupleRange kAllRows{"row", "rox"};

class TransactionTest : public Simulated {
 protected:
  void TearDown() override {
    run(shared_->stop());
    run(rows_->stop());
  }

  Transaction begin(TransactionOptions options = {}) { return {*shared_, options}; }
  MonotonicTime soon() { return in(seconds(20)); }
  std::optional<Bytes> get(Transaction& transaction, std::size_t number) {
    const auto found = run(transaction.get({row(number)}, soon()));
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found ? (*found)[0] : std::nullopt;
  }
  void put(Transaction& transaction, std::size_t number, Bytes value) {
    (void)get(transaction, number);
    transaction.put(row(number), std::move(value));
  }
  std::string commit(Transaction& transaction) { return code_of(run(transaction.commit(soon()))); }
  std::optional<Bytes> now(std::size_t number) {
    Transaction reader = begin({.reading = Reading::latest});
    return get(reader, number);
  }
  std::vector<Bytes> scan(Transaction& transaction, std::size_t limit = 100) {
    std::vector<Bytes> out;
    const auto page = run(transaction.range(kTenant, all_partitions(), kAllRows, limit, soon()));
    EXPECT_TRUE(page.has_value());
    for (const auto& found : page->rows) out.push_back(found.row);
    return out;
  }

  HlcClock hlc_;
  std::unique_ptr<MemoryRows> rows_ = std::make_unique<MemoryRows>(runtime(), 1);
  std::unique_ptr<Transactions> shared_ = std::make_unique<Transactions>(runtime(), *rows_, hlc_);
};

}  // namespace latium::testing
