#include "node/expired_values.h"

#include <gtest/gtest.h>

#include "replication/version.h"
#include "store/key_layout.h"
#include "store/memory_engine.h"

namespace latium {
namespace {

class SetClock final : public Clock {
 public:
  MonotonicTime monotonic_now() const override { return {}; }
  std::uint64_t wall_ms() const override { return now_ms; }
  std::uint64_t now_ms = 10'000'000;
};

class ExpiredValuesTest : public testing::Test {
 protected:
  ExpiredValuesTest() {
    EXPECT_TRUE(catalog_->adopt({TenantId{1}, "acme", 1, *Placement::parse("rennes:1"), 4, {}}).has_value());
    catalog_->find("acme")->set_only_here(true);
  }

  static std::unique_ptr<Engine> memory(SimulatedDisk& disk) {
    MemoryEngine::Options options;
    options.completion = [](std::move_only_function<void()>) {};
    return *MemoryEngine::open(disk, std::move(options));
  }
  static VersionedValue version(std::uint64_t expires_ms) {
    return {.dot = {NodeId{1}, 1}, .stamp = Hlc{1}, .expires_ms = expires_ms, .tombstone = false, .value = "v"};
  }
  bool contains(std::uint64_t expires_ms, TenantId tenant = TenantId{1}) const {
    return expired_.contain(data_key(tenant, PartitionId{0}, "b", "k"), encode_last_write(version(expires_ms)));
  }

  SetClock clock_;
  SimulatedDisk disk_;
  std::unique_ptr<Engine> engine_ = memory(disk_);
  std::unique_ptr<TenantCatalog> catalog_ = *TenantCatalog::open(*engine_);
  ExpiredValues expired_{clock_};
};

TEST_F(ExpiredValuesTest, WhatExpiredAMinuteAgo) {
  EXPECT_FALSE(contains(1)) << "nobody knows whose it is";
  expired_.set_catalog(*catalog_);
  EXPECT_TRUE(contains(1));
  EXPECT_TRUE(contains(clock_.now_ms - 60'000));
  EXPECT_FALSE(contains(clock_.now_ms - 59'999));
  EXPECT_FALSE(contains(clock_.now_ms + 1'000'000));
  EXPECT_FALSE(contains(0)) << "it never does";
}

TEST_F(ExpiredValuesTest, OnlyWhereNoOtherNodeHasToAgree) {
  expired_.set_catalog(*catalog_);
  catalog_->find("acme")->set_only_here(false);
  EXPECT_FALSE(contains(1));
  EXPECT_FALSE(contains(1, TenantId{2})) << "a tenant that is not known here";
}

TEST_F(ExpiredValuesTest, SiblingsDeletionsAndDamageStay) {
  expired_.set_catalog(*catalog_);
  const Bytes key = data_key(TenantId{1}, PartitionId{0}, "~b", "k");
  VersionSet siblings{Conflicts::siblings, {}, {version(1)}};
  siblings.context.add({NodeId{1}, 1});
  EXPECT_FALSE(expired_.contain(key, encode_versions(siblings)));
  const Bytes value = encode_last_write(version(1));
  EXPECT_TRUE(expired_.contain(key, value));
  EXPECT_FALSE(expired_.contain(key, ""));
  EXPECT_FALSE(expired_.contain(key, value.substr(0, 5)));
  EXPECT_FALSE(expired_.contain("?", value));
}

}  // namespace
}  // namespace latium
