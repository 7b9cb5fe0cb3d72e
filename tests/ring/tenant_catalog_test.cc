#include "ring/tenant_catalog.h"

#include <gtest/gtest.h>

#include "store/fault_engine.h"
#include "store/key_layout.h"
#include "store/memory_engine.h"

namespace latium {
namespace {

class TenantCatalogTest : public testing::Test {
 protected:
  TenantCatalogTest() { reopen(); }

  void reopen() {
    catalog_.reset();
    engine_.reset();
    MemoryEngine::Options options;
    options.completion = [](std::move_only_function<void()>) {};
    auto faulty = std::make_unique<FaultEngine>(*MemoryEngine::open(disk_, std::move(options)), EngineFaultRates{}, Random(1));
    faults_ = faulty.get();
    engine_ = std::move(faulty);
    catalog_ = *TenantCatalog::open(*engine_);
  }

  Tenant created(std::string_view name) {
    const Tenant tenant{TenantId{next_id_++}, std::string(name), 1, placement_, 64, {}};
    const auto adopted = catalog_->adopt(tenant);
    EXPECT_TRUE(adopted.has_value()) << adopted.error().message;
    return tenant;
  }

  Result<void> drop(std::string_view name) {
    LATIUM_TRY(const Tenant tenant, catalog_->describe(name));
    return catalog_->drop(tenant.id);
  }

  void put_raw(const Bytes& key) {
    WriteBatch batch;
    batch.put(Family::data, key, "value");
    ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync).has_value());
  }
  bool holds_data() { return (*engine_->scan(Family::data, {}))->valid(); }

  const Placement placement_ = *Placement::parse("rennes:1");
  SimulatedDisk disk_;
  std::unique_ptr<Engine> engine_;
  FaultEngine* faults_ = nullptr;
  std::unique_ptr<TenantCatalog> catalog_;
  std::uint32_t next_id_ = 1;
};

TEST_F(TenantCatalogTest, CreatesListsAndDescribes) {
  const Tenant acme = created("acme");
  EXPECT_EQ(acme.id, TenantId{1});
  created("zeta");
  EXPECT_EQ(catalog_->size(), 2u);
  EXPECT_EQ(catalog_->list().front(), acme);
  EXPECT_EQ(*catalog_->describe("acme"), acme);
}

TEST_F(TenantCatalogTest, RefusesWhatItCannotTake) {
  created("acme");
  EXPECT_EQ(catalog_->describe("nobody").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(catalog_->bucket("nobody", "b").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(catalog_->bucket("acme", "").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(catalog_->size(), 1u);
}

TEST_F(TenantCatalogTest, ADroppedTenantDoesNotComeBackWithALateRecord) {
  const Tenant acme = created("acme");
  ASSERT_TRUE(drop("acme").has_value());
  EXPECT_EQ(catalog_->adopt(acme).error().code, ErrorCode::unknown_tenant);
  reopen();
  EXPECT_EQ(catalog_->adopt(acme).error().code, ErrorCode::unknown_tenant);
  // A tenant of the same name that was made later is another one.
  EXPECT_NE(created("acme").id, acme.id);
  EXPECT_EQ(catalog_->size(), 1u);
}

TEST_F(TenantCatalogTest, OfTwoTenantsOfOneNameTheLaterStays) {
  const Tenant older = created("acme");
  put_raw(data_key(older.id, PartitionId{0}, "b", "k"));
  const Tenant newer = created("acme");
  EXPECT_EQ(catalog_->describe("acme")->id, newer.id);
  EXPECT_FALSE(holds_data());
  EXPECT_EQ(catalog_->adopt(older).error().code, ErrorCode::unknown_tenant);
}

TEST_F(TenantCatalogTest, SurvivesACrash) {
  created("acme");
  auto bucket = *catalog_->bucket("acme", "instances");
  ASSERT_TRUE(catalog_->ensure_exists(*bucket).has_value());
  const Tenant before = *catalog_->describe("acme");
  Random random(1);
  disk_.crash(random);
  reopen();
  EXPECT_EQ(*catalog_->describe("acme"), before);
  EXPECT_TRUE((*catalog_->bucket("acme", "instances"))->exists());
  EXPECT_FALSE((*catalog_->bucket("acme", "other"))->exists());
}

TEST_F(TenantCatalogTest, BucketIsSharedAndComesWithTheFirstPut) {
  created("acme");
  const auto bucket = *catalog_->bucket("acme", "instances");
  EXPECT_EQ(bucket, *catalog_->bucket("acme", "instances"));
  EXPECT_FALSE(bucket->exists());
  EXPECT_TRUE(catalog_->describe("acme")->buckets.empty());
  ASSERT_TRUE(catalog_->ensure_exists(*bucket).has_value());
  ASSERT_TRUE(catalog_->ensure_exists(*bucket).has_value());
  EXPECT_TRUE(bucket->exists());
  EXPECT_EQ(catalog_->describe("acme")->buckets, std::vector<std::string>{"instances"});
  EXPECT_EQ(catalog_->describe("acme")->version, 2u);
}

TEST_F(TenantCatalogTest, MisspeltBucketsDoNotPileUp) {
  created("acme");
  const auto held = *catalog_->bucket("acme", "held");
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(catalog_->bucket("acme", "b" + std::to_string(i)).has_value());
  EXPECT_EQ(held, *catalog_->bucket("acme", "held"));
}

TEST_F(TenantCatalogTest, DropRemovesDataAndNeverReusesTheId) {
  const Tenant acme = created("acme");
  const auto bucket = *catalog_->bucket("acme", "b");
  ASSERT_TRUE(catalog_->ensure_exists(*bucket).has_value());
  put_raw(data_key(acme.id, PartitionId{3}, "b", "key"));
  ASSERT_TRUE(drop("acme").has_value());
  EXPECT_FALSE(holds_data());
  EXPECT_TRUE(bucket->tenant->dropped());
  EXPECT_EQ(catalog_->ensure_exists(*bucket).has_value(), true) << "it existed; its tenant is what is gone";
  EXPECT_EQ(catalog_->bucket("acme", "b").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(created("acme").id, TenantId{2});
  reopen();
  EXPECT_EQ(created("beta").id, TenantId{3});
}

TEST_F(TenantCatalogTest, APutThatRacedWithTheDropIsRemovedAtTheNextOpen) {
  const Tenant acme = created("acme");
  const Tenant other = created("other");
  ASSERT_TRUE(drop("acme").has_value());
  put_raw(data_key(acme.id, PartitionId{3}, "b", "late"));
  reopen();
  EXPECT_FALSE(holds_data());
  put_raw(data_key(other.id, PartitionId{3}, "b", "kept"));
  reopen();
  EXPECT_TRUE(holds_data());
}

TEST_F(TenantCatalogTest, ANewTenantOfADroppedNameDoesNotTakeOldHandles) {
  created("acme");
  const auto old = *catalog_->bucket("acme", "b");
  ASSERT_TRUE(drop("acme").has_value());
  created("acme");
  EXPECT_EQ(catalog_->ensure_exists(*old).error().code, ErrorCode::unknown_tenant);
}

TEST_F(TenantCatalogTest, ADropThatFailedLeavesTheTenant) {
  created("acme");
  const auto bucket = *catalog_->bucket("acme", "b");
  faults_->script(EngineOperation::write, {EngineFault::io_error});
  EXPECT_EQ(drop("acme").error().code, ErrorCode::io_error);
  EXPECT_FALSE(bucket->tenant->dropped());
  EXPECT_TRUE(catalog_->describe("acme").has_value());
}

// A put that is acknowledged after the removal reached the disk would be lost at the next start.
TEST_F(TenantCatalogTest, ADropOfUnknownOutcomeTakesNoMorePutsUntilItIsRepeated) {
  created("acme");
  const auto bucket = *catalog_->bucket("acme", "b");
  faults_->script(EngineOperation::write, {EngineFault::unknown_applied});
  EXPECT_EQ(drop("acme").error().certainty, Certainty::unknown);
  EXPECT_TRUE(bucket->tenant->dropped());
  ASSERT_TRUE(drop("acme").has_value());
  EXPECT_EQ(catalog_->size(), 0u);
}

TEST_F(TenantCatalogTest, AFullDiskStillLetsATenantGo) {
  const Tenant acme = created("acme");
  put_raw(data_key(acme.id, PartitionId{0}, "b", "k"));
  faults_->script(EngineOperation::write, {EngineFault::read_only});
  ASSERT_TRUE(drop("acme").has_value());
  EXPECT_FALSE(holds_data());
}

TEST_F(TenantCatalogTest, FailedChangesChangeNothing) {
  faults_->script(EngineOperation::write, {EngineFault::io_error});
  EXPECT_EQ(catalog_->adopt({TenantId{9}, "acme", 1, placement_, 64, {}}).error().code, ErrorCode::io_error);
  EXPECT_EQ(catalog_->size(), 0u);
  created("acme");
  const auto bucket = *catalog_->bucket("acme", "b");
  faults_->script(EngineOperation::write, {EngineFault::read_only});
  EXPECT_EQ(catalog_->ensure_exists(*bucket).error().code, ErrorCode::read_only);
  EXPECT_FALSE(bucket->exists());
}

TEST_F(TenantCatalogTest, CorruptRecordsAreRefused) {
  WriteBatch batch;
  batch.put(Family::system, "tenant/x", "\xff\xff");
  ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync).has_value());
  EXPECT_EQ(TenantCatalog::open(*engine_).error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace latium
