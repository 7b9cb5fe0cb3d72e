// What a node has committed itself, as its local reads find it.
#include "relational/committed_here.h"

#include <gtest/gtest.h>

namespace latium {
namespace {

CommittedRow row(std::uint64_t ts, Bytes bytes = "row") {
  return {.ts = Hlc{ts}, .txn = {1, ts}, .present = true, .row = std::move(bytes)};
}

TEST(CommittedHereTest, TheLatestRowIsKeptUntilAReplicaHasIt) {
  CommittedHere committed;
  committed.note({{"a", row(5)}, {"b", row(5)}});
  committed.note({{"a", row(4)}, {"b", row(6)}});
  EXPECT_EQ(committed.find("a")->row.ts, Hlc{5});
  EXPECT_EQ(committed.find("b")->row.ts, Hlc{6});
  committed.found("b", Hlc{5});
  EXPECT_TRUE(committed.find("b").has_value());
  committed.found("b", Hlc{6});
  EXPECT_FALSE(committed.find("b").has_value());
  committed.found("a", Hlc{7});
  EXPECT_TRUE(committed.empty());
  EXPECT_FALSE(committed.has_forgotten());
}

TEST(CommittedHereTest, KeysAreFoundByTheirRange) {
  CommittedHere committed;
  committed.note({{"a", row(1)}, {"b", row(1)}, {"c", row(1)}});
  const auto found = committed.between("b", "c");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.begin()->first, "b");
  EXPECT_EQ(committed.all().size(), 3u);
}

TEST(CommittedHereTest, ADoubtEndsWithTheReadThatWasMadeBecauseOfIt) {
  CommittedHere committed;
  committed.note({{"a", row(5)}});
  committed.doubt({"a", "b"});
  const auto first = committed.find("a")->doubt;
  ASSERT_NE(first, 0u);
  committed.found("a", Hlc{9});
  EXPECT_EQ(committed.find("a")->doubt, first) << "a replica cannot tell";
  committed.saw("a", row(6), 0);
  EXPECT_EQ(committed.find("a")->doubt, first) << "it was read before";
  committed.doubt({"a"});
  const auto second = committed.find("a")->doubt;
  committed.saw("a", row(7), first);
  EXPECT_EQ(committed.find("a")->doubt, second) << "there is a newer one";
  committed.saw("a", row(7), second);
  EXPECT_EQ(committed.find("a")->doubt, 0u);
  EXPECT_EQ(committed.find("a")->row.ts, Hlc{7});
  // A commit that went through has met whatever there was.
  committed.note({{"b", row(8)}});
  EXPECT_EQ(committed.find("b")->doubt, 0u);
}

TEST(CommittedHereTest, BeyondTheBoundOfBytesOnlyStampsAreKept) {
  CommittedHere committed;
  const Bytes large(256u << 10, 'x');
  const std::size_t fit = CommittedHere::kBytesMax / large.size();
  for (std::size_t i = 0; i < fit + 8; ++i) committed.note({{"key" + std::to_string(i), row(100 + i, large)}});
  EXPECT_FALSE(committed.find("key0")->only_stamp);
  const auto last = committed.find("key" + std::to_string(fit + 7));
  EXPECT_TRUE(last->only_stamp);
  EXPECT_EQ(last->row.ts, Hlc{107 + fit});
  EXPECT_FALSE(committed.has_forgotten());
  committed.found("key0", Hlc{100});
  committed.saw("key" + std::to_string(fit + 7), row(107 + fit, large), 0);
  EXPECT_EQ(committed.find("key" + std::to_string(fit + 7))->row.row, large) << "there is room again";
}

TEST(CommittedHereTest, WhatHasToMakeRoomLeavesAMark) {
  CommittedHere committed;
  const std::size_t fit = CommittedHere::kRowsMax;
  for (std::size_t i = 0; i < fit + 8; ++i) committed.note({{"key" + std::to_string(i), row(100 + i)}});
  EXPECT_TRUE(committed.has_forgotten());
  std::size_t gone = 0;
  for (std::size_t i = 0; i < fit + 8; ++i) {
    const Bytes key = "key" + std::to_string(i);
    if (committed.find(key)) continue;
    ++gone;
    EXPECT_TRUE(committed.is_forgotten(key, Hlc{99 + i})) << "a replica without it is behind";
    EXPECT_FALSE(committed.is_forgotten(key, Hlc{1'000'000}));
  }
  EXPECT_GE(gone, 8u);
}

}  // namespace
}  // namespace latium
