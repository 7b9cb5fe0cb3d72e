// One core at a time: what it tells of what it knows, and how much of it at once.
#include <gtest/gtest.h>

#include <set>

#include "tests/ring/swim_lone.h"

namespace latium::testing {
namespace {

TEST_F(Lone, ComparingGivesWhatDiffersAndNothingWhenEqual) {
  begin(4, 3);
  tell(NodeId{2}, {NodeId{103}, Liveness::down, 6, {}});
  const SwimUpdate known{NodeId{103}, Liveness::down, 6, {}};
  EXPECT_EQ(ask(NodeId{3}, {.kind = Kind::sync}).updates, std::vector{known});
  SwimTable table;
  table.set(NodeId{103}, {Liveness::down, 6, false});
  std::vector<SwimMember> members;
  for (std::uint64_t i = 1; i <= 3; ++i) members.push_back({NodeId{100 + i}, "there"});
  const SwimDirectory there(members);
  const std::uint64_t digest = std::uint64_t{there.sites()[0].hash} << 32 | table.digests(there).at(0).second;
  EXPECT_TRUE(ask(NodeId{3}, {.kind = Kind::sync, .digests = {digest}}).updates.empty());
}

TEST_F(Lone, ALongAnswerNamesFirstWhoIsDownAndStaysInItsBound) {
  begin(2, 300);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    tell(NodeId{101}, {NodeId{100 + i}, i % 20 == 0 ? Liveness::down : Liveness::up, 6, {}});
  }
  const SwimMessage first = ask(NodeId{2}, {.kind = Kind::sync});
  EXPECT_GT(first.updates.size(), 30u);
  EXPECT_LE(encode_swim(first).size(), 1010u);
  EXPECT_EQ(std::ranges::count(first.updates, Liveness::down, &SwimUpdate::liveness), 15);
  EXPECT_EQ(first.updates.at(14).liveness, Liveness::down);
  EXPECT_TRUE(ask(NodeId{2}, {.kind = Kind::sync}).updates.empty()) << "at once again";
  now_ += seconds(2);
  EXPECT_GT(ask(NodeId{2}, {.kind = Kind::sync}).updates.size(), 30u);
}

TEST_F(Lone, ComparesAgainSoonWhileThatBringsSomethingNew) {
  begin(4, 3);
  next(Kind::sync);
  const SwimMessage news{.kind = Kind::sync_answer, .updates = {{NodeId{103}, Liveness::down, 6, {}}}};
  MonotonicTime since = now_;
  answer(NodeId{2}, news);
  next(Kind::sync);
  EXPECT_LE(now_ - since, seconds(1));
  since = now_;
  answer(NodeId{2}, news);
  next(Kind::sync);
  EXPECT_GE(now_ - since, seconds(10)) << "it was known already";
}

TEST_F(Lone, TellsMuchNewsInFewFullMessagesAndAllOfItInTime) {
  begin(10, 200);
  for (std::uint64_t i = 1; i <= 200; ++i) tell(NodeId{101}, {NodeId{100 + i}, Liveness::down, 6, {}});
  std::set<NodeId> told;
  std::size_t bytes = 0;
  const MonotonicTime since = now_;
  while (told.size() < 200 && now_ - since < seconds(15)) {
    for (const Sent& sent : next()) {
      if (sent.message.kind != Kind::gossip) continue;
      EXPECT_GE(sent.message.updates.size(), 8u);
      bytes += encode_swim(sent.message).size() + SwimOptions{}.message_overhead;
      for (const SwimUpdate& update : sent.message.updates) told.insert(update.node);
    }
  }
  EXPECT_GE(told.size(), 200u) << "and perhaps a suspicion of its own";
  EXPECT_LE(bytes, SwimOptions{}.news_burst + SwimOptions{}.news_bytes_a_second * ((now_ - since) / seconds(1) + 1));
}

TEST_F(Lone, ReportsTheHighestNewerEpochAndFromWhom) {
  begin(4);
  swim_->set_epoch(Epoch{5});
  ask(NodeId{2}, {.kind = Kind::ping, .epoch = Epoch{5}});
  EXPECT_EQ(swim_->take_newer_epoch(), std::nullopt);
  ask(NodeId{2}, {.kind = Kind::ping, .epoch = Epoch{7}});
  ask(NodeId{3}, {.kind = Kind::ping, .epoch = Epoch{8}});
  ask(NodeId{4}, {.kind = Kind::ping, .epoch = Epoch{6}});
  EXPECT_EQ(swim_->take_newer_epoch(), (SwimNewerEpoch{Epoch{8}, NodeId{3}}));
  EXPECT_EQ(swim_->take_newer_epoch(), std::nullopt);
}

}  // namespace
}  // namespace latium::testing
