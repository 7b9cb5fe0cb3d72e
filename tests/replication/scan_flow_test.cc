#include "replication/scan_flow.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

BucketPage page(const std::vector<std::string>& keys, bool more, std::uint64_t stamp = 1) {
  BucketPage out{.entries = {}, .more = more};
  for (const std::string& key : keys) {
    VersionedValue version{.dot = {NodeId{stamp}, stamp}, .stamp = Hlc{stamp}, .value = key + std::to_string(stamp)};
    out.entries.push_back({key, with_write(VersionSet{}, {}, std::move(version), true)});
  }
  return out;
}

std::string keys(const MergedPage& merged) {
  std::string out;
  for (const auto& entry : merged.entries) out += entry.key;
  return out;
}

TEST(MergePages, EndsWhereTheFirstPageThatGoesOnEnds) {
  const MergedPage merged = merge_pages({page({"a", "d", "f"}, true), page({"b", "c", "e"}, true), page({"g"}, false)});
  EXPECT_EQ(keys(merged), "abcde");
  EXPECT_EQ(merged.more_after, "e");
}

TEST(MergePages, TakesAllOfPagesThatEnd) {
  const MergedPage merged = merge_pages({page({"a", "d"}, false), page({"b"}, false), page({}, false)});
  EXPECT_EQ(keys(merged), "abd");
  EXPECT_FALSE(merged.more_after.has_value());
}

TEST(MergePages, MergesTheCopiesOfAKey) {
  const MergedPage merged = merge_pages({page({"a", "b"}, false, 1), page({"a"}, false, 2), page({"b"}, false, 1)});
  ASSERT_EQ(merged.entries.size(), 2u);
  EXPECT_EQ(merged.entries[0].held.versions.front().value, "a2");
  EXPECT_EQ(merged.entries[1].held.versions.front().value, "b1");
}

TEST(MergePages, OfNothingIsNothing) {
  EXPECT_TRUE(merge_pages({}).entries.empty());
}

}  // namespace
}  // namespace latium
