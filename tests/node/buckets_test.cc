// The public buckets with three copies, on nodes with and without replicas.
#include "latium/bucket.h"

#include <algorithm>
#include <set>
#include <thread>

#include "tests/node/three_nodes.h"

namespace latium {
namespace {

using BucketsTest = ThreeNodesTest;

Bucket bucket_of(Node& node, const std::string& name = "b") {
  auto bucket = node.bucket("acme", name);
  EXPECT_TRUE(bucket.has_value()) << bucket.error().message;
  return *std::move(bucket);
}

std::set<std::string> values_of(const Found& found) {
  std::set<std::string> out(found.siblings.begin(), found.siblings.end());
  out.insert(found.value);
  return out;
}

TEST_F(BucketsTest, AWriteOnAnyNodeIsReadOnEveryOther) {
  // The first write tells the replicas of the tenant, which is a round trip more.
  const auto first = bucket_of(nodes_[0]).put("k", "v");
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->cost.round_trips, 2u);
  Version last = first->version;
  for (std::size_t writer = 0; writer < nodes_.size(); ++writer) {
    const std::string value = "from " + std::to_string(writer);
    const auto put = bucket_of(nodes_[writer]).put("k", value);
    ASSERT_TRUE(put.has_value()) << put.error().message;
    EXPECT_GT(put->version, last);
    EXPECT_EQ(put->cost.replicas_asked, 3u);
    // One to the copies, one more to a replica for the node that is none.
    EXPECT_EQ(put->cost.round_trips, writer == 3 ? 2u : 1u);
    EXPECT_EQ(put->cost.wan_round_trips, 0u);
    last = put->version;
    for (Node& reader : nodes_) {
      const auto found = bucket_of(reader).get("k");
      ASSERT_TRUE(found.has_value()) << found.error().message;
      ASSERT_TRUE(found->has_value()) << writer;
      EXPECT_EQ((*found)->value, value);
      EXPECT_EQ((*found)->version, last);
      EXPECT_TRUE((*found)->siblings.empty());
      EXPECT_GE((*found)->replicas.size(), 2u);  // three when an answer was late
    }
  }
}

TEST_F(BucketsTest, EveryLevelReadsWhatAllHave) {
  ASSERT_TRUE(bucket_of(replica(0)).put("k", "v", {.level = Level::all}).has_value());
  for (const Level level : {Level::one, Level::quorum, Level::all, Level::local_quorum}) {
    for (Node& node : nodes_) {
      const auto found = bucket_of(node).get("k", {.level = level});
      ASSERT_TRUE(found.has_value() && found->has_value());
      EXPECT_EQ((*found)->value, "v");
      EXPECT_TRUE((*found)->behind.empty());
    }
  }
  // A replica asks nobody.
  EXPECT_EQ((*bucket_of(replica(1)).get("k", {.level = Level::one}))->cost.round_trips, 0u);
}

TEST_F(BucketsTest, RemovedIsRemovedEverywhere) {
  Bucket bucket = bucket_of(client());
  ASSERT_TRUE(bucket.put("k", "v").has_value());
  EXPECT_TRUE(*bucket.remove("k"));
  for (Node& node : nodes_) {
    const auto found = bucket_of(node).get("k");
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->has_value());
  }
  EXPECT_FALSE(*bucket.remove("k"));
  ASSERT_TRUE(bucket.put("k", "again").has_value());
  EXPECT_EQ((*bucket.get("k"))->value, "again");
}

TEST_F(BucketsTest, WhatWasWrittenWithoutKnowledgeOfEachOtherStays) {
  Bucket one = bucket_of(replica(0), "~carts");
  Bucket other = bucket_of(replica(1), "~carts");
  ASSERT_TRUE(one.put("k", "bread").has_value());
  ASSERT_TRUE(other.put("k", "milk").has_value());
  auto found = bucket_of(client(), "~carts").get("k", {.level = Level::all});
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(values_of(**found), (std::set<std::string>{"bread", "milk"}));

  // One who has read both replaces both.
  ASSERT_TRUE(other.put("k", "bread, milk", {.context = (*found)->context}).has_value());
  found = one.get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(values_of(**found), (std::set<std::string>{"bread, milk"}));

  // One who has read only that deletes only that.
  const std::string seen = (*found)->context;
  ASSERT_TRUE(one.put("k", "eggs").has_value());
  ASSERT_TRUE(other.remove("k", {.context = seen}).has_value());
  found = one.get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(values_of(**found), (std::set<std::string>{"eggs"}));
}

// The context of one key says nothing of another: it could stand for writes there that nobody has seen.
TEST_F(BucketsTest, AContextIsOfOneKey) {
  Bucket bucket = bucket_of(client(), "~b");
  for (const char* key : {"a", "b"}) ASSERT_TRUE(bucket.put(key, "1").has_value());
  for (Node& node : nodes_) {
    const auto found = bucket_of(node, "~b").get("a");
    ASSERT_TRUE(found.has_value() && found->has_value());
    const auto put = bucket.put("b", "2", {.context = (*found)->context});
    ASSERT_FALSE(put.has_value());
    EXPECT_EQ(put.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(bucket.remove("b", {.context = (*found)->context}).has_value());
    EXPECT_TRUE(bucket.put("a", "again", {.context = (*found)->context}).has_value());
  }
  EXPECT_EQ(values_of(**bucket.get("b")), (std::set<std::string>{"1"}));
}

TEST_F(BucketsTest, EqualSiblingsAreShownOnce) {
  Bucket bucket = bucket_of(replica(0), "~b");
  ASSERT_TRUE(bucket.put("k", "same").has_value());
  ASSERT_TRUE(bucket.put("k", "same").has_value());
  const auto found = bucket.get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->value, "same");
  EXPECT_TRUE((*found)->siblings.empty());
}

TEST_F(BucketsTest, TooManySiblingsAreRefused) {
  Bucket bucket = bucket_of(replica(0), "~b");
  Result<Written> last = Written{};
  for (int i = 0; i < 200 && last; ++i) last = bucket.put("k", std::to_string(i));
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().code, ErrorCode::overloaded);
  EXPECT_NE(last.error().message.find("context"), std::string::npos) << last.error().message;
  const auto found = bucket.get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_TRUE(bucket.put("k", "merged", {.context = (*found)->context}).has_value());
  EXPECT_TRUE((*bucket.get("k"))->siblings.empty());
}

TEST_F(BucketsTest, AScanIsMergedFromAllNodesInOrder) {
  std::vector<std::string> keys;
  keys.reserve(300);
  for (int i = 0; i < 300; ++i) keys.push_back("key" + std::to_string(1000 + i));
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_TRUE(bucket_of(nodes_[i % 4]).put(keys[i], keys[i]).has_value());
  // Deleted keys make no pages of their own.
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(bucket_of(client()).remove(keys.front()).has_value());
    keys.erase(keys.begin());
  }
  for (Node& node : nodes_) {
    std::vector<std::string> seen;
    ScanOptions options{.limit = 20};
    while (true) {
      const auto page = bucket_of(node).scan(options);
      ASSERT_TRUE(page.has_value()) << page.error().message;
      ASSERT_FALSE(page->entries.empty());
      for (const Entry& entry : page->entries) {
        EXPECT_EQ(entry.key, entry.value);
        seen.push_back(entry.key);
      }
      if (!page->more) break;
      options.after = seen.back();
    }
    EXPECT_EQ(seen, keys);
  }
  const auto prefixed = bucket_of(client()).scan({.prefix = "key12"});
  ASSERT_TRUE(prefixed.has_value());
  EXPECT_EQ(prefixed->entries.size(), 100u);
}

TEST_F(BucketsTest, AValueIsSeenUntilItsTimeIsOver) {
  Bucket bucket = bucket_of(replica(0));
  ASSERT_TRUE(bucket.put("k", "v", {.ttl = std::chrono::milliseconds(1)}).has_value());
  ASSERT_TRUE(bucket.put("stays", "v", {.ttl = std::chrono::hours(1)}).has_value());
  std::optional<Found> found = Found{};
  while (found) found = *bucket.get("k");
  EXPECT_TRUE((*bucket.get("stays")).has_value());
  const auto page = bucket.scan();
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0].key, "stays");
}

TEST_F(BucketsTest, BadRequestsSayWhatIsWrong) {
  Bucket bucket = bucket_of(client());
  EXPECT_FALSE(bucket.get("k")->has_value());
  EXPECT_EQ(bucket.scan().error().code, ErrorCode::unknown_bucket);
  EXPECT_EQ(bucket.put("", "v").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bucket.put("k", "v", {.context = "no context"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bucket.put("k", "v", {.ttl = std::chrono::milliseconds(-1)}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bucket.put("k", "v", {.timeout = std::chrono::milliseconds(0)}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bucket.scan({.level = Level::all}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(client().bucket("acme", "~~").error().code, ErrorCode::invalid_argument);
}

TEST_F(BucketsTest, WritersOfOneKeyOnAllNodesLoseNothing) {
  constexpr int kWrites = 15;
  std::vector<std::thread> writers;
  writers.reserve(nodes_.size());
  std::atomic<int> failed = 0;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    writers.emplace_back([&, n] {
      Bucket bucket = bucket_of(nodes_[n], "~b");
      for (int i = 0; i < kWrites; ++i) failed += bucket.put("k", std::to_string(n) + "-" + std::to_string(i)) ? 0 : 1;
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  const auto found = bucket_of(client(), "~b").get("k");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ(values_of(**found).size(), nodes_.size() * kWrites);
}

}  // namespace
}  // namespace latium
