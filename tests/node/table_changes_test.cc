// What is known of writes to tables, from what passes through the engine.
#include "node/table_changes.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "replication/register_key.h"

namespace latium {
namespace {

// Keeps what is submitted until it is told to end it.
class SlowEngine final : public Engine {
 public:
  Result<ReadResult> get(Family, BytesView, ReadMode, const Snapshot*) override { return ReadResult(); }
  std::vector<Result<ReadResult>> multi_get(Family, std::span<const Bytes>, const Snapshot*) override { return {}; }
  Result<std::unique_ptr<Cursor>> scan(Family, KeyRange, const Snapshot*) override { return nullptr; }
  std::shared_ptr<const Snapshot> snapshot() override { return nullptr; }
  Result<void> write(WriteBatch, Durability) override {
    during();
    return {};
  }
  void submit(WriteBatch, Durability, WriteDone done) override { waiting = std::move(done); }
  Result<void> checkpoint(const std::string&) override { return {}; }
  EngineHealth health() override { return {}; }
  EngineStatistics statistics() override { return {}; }
  Result<void> close() override { return {}; }

  WriteDone waiting;
  std::function<void()> during = [] {};
};

class TableChangesTest : public ::testing::Test {
 protected:
  static constexpr TenantId kTenant{3};

  static WriteBatch change_of(TableId table, TenantId tenant = kTenant) {
    Bytes name;
    put_u32_be(name, table.value);
    WriteBatch batch;
    batch.put(Family::registers, table_register(tenant, 4, name + "r1", name).stored(), "row");
    return batch;
  }
  auto at_rest(std::uint32_t table, TenantId tenant = kTenant) const { return changes_->at_rest(tenant, TableId{table}); }

  SlowEngine inner_;
  std::shared_ptr<TableChanges> changes_ = std::make_shared<TableChanges>();
  WatchedEngine engine_{inner_, changes_};
};

TEST_F(TableChangesTest, ATableIsNotAtRestWhileItIsWritten) {
  const auto before = at_rest(1);
  const auto other = at_rest(2);
  ASSERT_TRUE(before && other);
  bool told = false;
  engine_.submit(change_of(TableId{1}), Durability::sync, [&](const Result<void>&) {
    told = true;
    // Whoever is told finds it at rest again.
    EXPECT_TRUE(at_rest(1).has_value());
  });
  EXPECT_FALSE(at_rest(1).has_value());
  EXPECT_NE(changes_->is(kTenant, TableId{1}), *before);
  EXPECT_EQ(at_rest(2), other);
  EXPECT_TRUE(at_rest(1, TenantId{4}).has_value());
  std::exchange(inner_.waiting, {})(Result<void>());
  EXPECT_TRUE(told);
  EXPECT_NE(at_rest(1), before);
}

TEST_F(TableChangesTest, AWriteOfTheCallersThreadIsSeenToo) {
  bool asked = false;
  inner_.during = [&] {
    asked = true;
    EXPECT_FALSE(at_rest(1).has_value());
  };
  ASSERT_TRUE(engine_.write(change_of(TableId{1}), Durability::buffered).has_value());
  EXPECT_TRUE(asked && at_rest(1).has_value());
}

TEST_F(TableChangesTest, WhatIsRemovedAsARangeMayBeOfAnyTable) {
  const auto before = at_rest(1);
  WriteBatch batch;
  batch.remove_range(Family::registers, "a", "b");
  ASSERT_TRUE(engine_.write(std::move(batch), Durability::buffered).has_value());
  EXPECT_NE(at_rest(1), before);
}

TEST_F(TableChangesTest, OtherKeysAreNobodysTable) {
  const auto before = at_rest(1);
  WriteBatch batch;
  batch.put(Family::data, change_of(TableId{1}).operations()[0].key, "value");
  batch.put(Family::registers, user_register(kTenant, 4, "a name that is long enough").stored(), "value");
  engine_.submit(std::move(batch), Durability::sync, [](const Result<void>&) {});
  EXPECT_EQ(at_rest(1), before);
}

}  // namespace
}  // namespace latium
