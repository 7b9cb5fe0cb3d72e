#include "replication/kv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "runtime/event_loop.h"
#include "runtime/spawn.h"
#include "store/memory_engine.h"

namespace latium {
namespace {

// KeyValue over the memory engine, on a real loop; each test in both forms where it matters.
class KvTest : public testing::Test {
 protected:
  KvTest() : loop_({.pool_threads = 2, .pool_queue = 64, .seed = 1, .logger = nullptr}) {
    MemoryEngine::Options options;
    options.not_cached_rate = 0.5;
    options.completion = [this](std::move_only_function<void()> done) { boost::asio::post(loop_.context(), std::move(done)); };
    engine_ = *MemoryEngine::open(disk_, std::move(options));
    catalog_ = *TenantCatalog::open(*engine_);
    tenant_ = {TenantId{1}, "acme", 1, *Placement::parse("rennes:1"), 16, {}};
    LATIUM_CHECK(catalog_->adopt(tenant_).has_value());
    catalog_->find("acme")->set_only_here(true);
    bucket_ = *catalog_->bucket("acme", "b");
    kv_.emplace(loop_.runtime(), *engine_, *catalog_, hlc_, dots_);
    loop_.start();
  }
  ~KvTest() override { loop_.stop(); }

  template <class T>
  Result<T> run(Task<T> task) {
    std::promise<Result<T>> promise;
    boost::asio::post(loop_.context(), [&, task = std::move(task)]() mutable {
      start_task(loop_.runtime().executor, std::move(task), boost::asio::cancellation_slot(),
                 [&](Result<T> result) { promise.set_value(std::move(result)); });
    });
    return promise.get_future().get();
  }

  Result<Hlc> put(BytesView key, BytesView value) { return kv_->put(*bucket_, key, value, Durability::sync); }

  EventLoop loop_;
  HlcClock hlc_;
  DotSource dots_{NodeId{1}, 1};
  SimulatedDisk disk_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<TenantCatalog> catalog_;
  Tenant tenant_;
  std::shared_ptr<BucketHandle> bucket_;
  std::optional<KeyValue> kv_;
};

TEST_F(KvTest, BothFormsSeeEachOthersWrites) {
  const auto first = put("k", "one");
  ASSERT_TRUE(first.has_value());
  auto found = run(kv_->get_async(bucket_, "k"));
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->value, "one");
  EXPECT_EQ((*found)->version, *first);

  const auto second = run(kv_->put_async(bucket_, "k", "two", Durability::buffered));
  ASSERT_TRUE(second.has_value());
  EXPECT_GT(*second, *first);
  EXPECT_EQ((*kv_->get(*bucket_, "k"))->value, "two");

  EXPECT_TRUE(*run(kv_->remove_async(bucket_, "k", Durability::sync)));
  EXPECT_FALSE(kv_->get(*bucket_, "k")->has_value());
  EXPECT_FALSE(*kv_->remove(*bucket_, "k", Durability::sync));
  EXPECT_FALSE(*run(kv_->remove_async(bucket_, "k", Durability::sync)));
}

TEST_F(KvTest, PutManyAppliesInOrder) {
  ASSERT_TRUE(run(kv_->put_many_async(bucket_, {{"a", "1"}, {"b", "2"}, {"a", "3"}}, Durability::sync)).has_value());
  EXPECT_EQ((*kv_->get(*bucket_, "a"))->value, "3");
  EXPECT_EQ((*kv_->get(*bucket_, "b"))->value, "2");
  const auto unused = *catalog_->bucket("acme", "unused");
  ASSERT_TRUE(run(kv_->put_many_async(unused, {}, Durability::sync)).has_value());
  EXPECT_FALSE(unused->exists());
}

TEST_F(KvTest, PutManyIsAllOrNone) {
  ASSERT_TRUE(put("z", "").has_value());
  EXPECT_EQ(run(kv_->put_many_async(bucket_, {{"a", "1"}, {"", "2"}}, Durability::sync)).error().code,
            ErrorCode::invalid_argument);
  EXPECT_FALSE(kv_->get(*bucket_, "a")->has_value());
}

TEST_F(KvTest, BoundsAreHeld) {
  const Bytes longest(kKeyBytesMax, 'k');
  const Bytes largest(kValueBytesMax, 'v');
  ASSERT_TRUE(put(longest, largest).has_value());
  EXPECT_EQ((*kv_->get(*bucket_, longest))->value, largest);
  for (const auto& error : {put("", "v").error(), put(longest + "k", "v").error(), put("k", largest + "v").error(),
                            kv_->get(*bucket_, "").error(), kv_->remove(*bucket_, longest + "k", Durability::sync).error(),
                            kv_->scan(*bucket_, {.prefix = "", .after = "", .limit = 0}).error(),
                            kv_->scan(*bucket_, {.prefix = "", .after = "", .limit = kScanLimitMax + 1}).error(),
                            run(kv_->put_async(bucket_, "k", largest + "v", Durability::sync)).error()}) {
    EXPECT_EQ(error.code, ErrorCode::invalid_argument) << error.message;
    EXPECT_LT(error.message.size(), 300u);
  }
}

TEST_F(KvTest, ABucketExistsFromItsFirstPut) {
  EXPECT_EQ(kv_->get(*bucket_, "k").error().code, ErrorCode::unknown_bucket);
  EXPECT_EQ(kv_->remove(*bucket_, "k", Durability::sync).error().code, ErrorCode::unknown_bucket);
  EXPECT_EQ(run(kv_->scan_async(bucket_, {})).error().code, ErrorCode::unknown_bucket);
  EXPECT_EQ(kv_->get_cached(*bucket_, "k").error().code, ErrorCode::unknown_bucket);
  ASSERT_TRUE(run(kv_->put_async(bucket_, "k", "v", Durability::sync)).has_value());
  EXPECT_TRUE(kv_->get(*bucket_, "k")->has_value());
}

TEST_F(KvTest, ADroppedTenantAnswersNobody) {
  ASSERT_TRUE(put("k", "v").has_value());
  ASSERT_TRUE(catalog_->drop(tenant_.id).has_value());
  EXPECT_EQ(put("k", "v").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(kv_->get(*bucket_, "k").error().code, ErrorCode::unknown_tenant);
  EXPECT_EQ(run(kv_->get_async(bucket_, "k")).error().code, ErrorCode::unknown_tenant);
}

// A scan or read that began before the drop and looks after it must not take what is gone for what never was.
TEST_F(KvTest, ADropInTheMiddleOfReadsIsTold) {
  ASSERT_TRUE(put("k", "v").has_value());
  std::atomic<bool> dropped = false;
  std::thread dropper([&] {
    ASSERT_TRUE(catalog_->drop(tenant_.id).has_value());
    dropped = true;
  });
  for (bool last = false; !last;) {
    last = dropped;
    const auto page = kv_->scan(*bucket_, {});
    if (page) EXPECT_EQ(page->items.size(), 1u);
    const auto found = kv_->get(*bucket_, "k");
    if (found) EXPECT_TRUE(found->has_value());
    const auto later = run(kv_->scan_async(bucket_, {}));
    if (later) EXPECT_EQ(later->items.size(), 1u);
    if (last) EXPECT_FALSE(page.has_value() || found.has_value() || later.has_value());
  }
  dropper.join();
}

TEST_F(KvTest, ACorruptRecordNamesItsKey) {
  ASSERT_TRUE(put("k", "v").has_value());
  auto cursor = *engine_->scan(Family::data, {});
  const Bytes stored_key(cursor->key());
  cursor.reset();
  WriteBatch batch;
  batch.put(Family::data, stored_key, "\x09garbage.");
  ASSERT_TRUE(engine_->write(std::move(batch), Durability::sync).has_value());
  const auto error = kv_->get(*bucket_, "k").error();
  EXPECT_EQ(error.code, ErrorCode::corruption);
  EXPECT_NE(error.message.find("key k"), std::string::npos) << error.message;
  EXPECT_EQ(kv_->scan(*bucket_, {}).error(), error);
}

TEST_F(KvTest, GetCachedAnswersFromMemoryOrNotAtAll) {
  ASSERT_TRUE(put("k", "v").has_value());
  bool seen[2] = {false, false};
  for (int i = 0; i < 200 && !(seen[0] && seen[1]); ++i) {
    const auto known = kv_->get_cached(*bucket_, "k");
    ASSERT_TRUE(known.has_value());
    seen[known->has_value() ? 1 : 0] = true;
    if (*known) EXPECT_EQ((**known)->value, "v");
  }
  EXPECT_TRUE(seen[0] && seen[1]) << "the engine was told to miss half of the time";
}

TEST_F(KvTest, ScanPagesAreInKeyOrderOverAllPartitions) {
  std::map<Bytes, Bytes> model;
  for (int i = 0; i < 500; ++i) model["key-" + std::to_string(i * 7919 % 1000)] = std::to_string(i);
  for (const auto& [key, value] : model) ASSERT_TRUE(put(key, value).has_value());
  std::vector<Bytes> seen;
  ScanRequest request{.prefix = "key-", .after = "", .limit = 7};
  for (;;) {
    auto page = seen.size() % 2 == 0 ? kv_->scan(*bucket_, request) : run(kv_->scan_async(bucket_, request));
    ASSERT_TRUE(page.has_value());
    ASSERT_LE(page->items.size(), 7u);
    for (auto& item : page->items) {
      EXPECT_EQ(item.record.value, model.at(item.key));
      seen.push_back(item.key);
    }
    if (!page->more) break;
    request.after = seen.back();
  }
  ASSERT_EQ(seen.size(), model.size());
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(KvTest, AScanPageEndsAtItsBytes) {
  const Bytes large(1u << 20, 'x');
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(put("k" + std::to_string(i), large).has_value());
  const auto page = kv_->scan(*bucket_, {});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->items.size(), 4u);
  EXPECT_TRUE(page->more);
}

// Against a map: any keys, any prefix, any start, any page size.
RC_GTEST_FIXTURE_PROP(KvTest, ScanAgreesWithAModel, ()) {
  const auto bytes = rc::gen::resize(4, rc::gen::container<std::string>(rc::gen::elementOf(std::string("\0\x01"
                                                                                                       "ab\xff",
                                                                                                       5))));
  const auto keys = *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(bytes));
  std::map<Bytes, Bytes> model;
  RC_ASSERT(put("zzzz", "").has_value());
  model["zzzz"] = "";
  for (const auto& key : keys) {
    RC_ASSERT(put(key, key + "!").has_value());
    model[key] = key + "!";
  }
  ScanRequest request{.prefix = *bytes, .after = *bytes, .limit = *rc::gen::inRange<std::size_t>(1, 5)};
  const auto wanted = [&] {
    std::vector<Bytes> out;
    for (const auto& [key, value] : model) {
      if (key.starts_with(request.prefix) && (request.after.empty() || key > request.after)) out.push_back(key);
    }
    return out;
  }();
  const auto page = kv_->scan(*bucket_, request);
  RC_ASSERT(page.has_value());
  RC_ASSERT(page->items.size() == std::min(request.limit, wanted.size()));
  for (std::size_t i = 0; i < page->items.size(); ++i) RC_ASSERT(page->items[i].key == wanted[i]);
  RC_ASSERT(page->more == (wanted.size() > request.limit));
}

}  // namespace
}  // namespace latium
