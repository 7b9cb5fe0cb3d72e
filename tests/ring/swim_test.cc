// One core at a time: what it answers, and what it makes of what it hears.
#include "ring/swim.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/ring/swim_lone.h"

namespace latium::testing {
namespace {

TEST_F(Lone, IsIdleUntilItIsAMember) {
  swim_.emplace(kSelf, SwimOptions{}, Random(1));
  EXPECT_EQ(swim_->next_tick(), kNever);
  EXPECT_EQ(ask(NodeId{2}, {.kind = Kind::ping, .sequence = 5}).kind, Kind::ack);
  swim_->set_members({{NodeId{2}, "here"}, {NodeId{3}, "here"}}, now_);
  EXPECT_EQ(swim_->next_tick(), kNever);
  EXPECT_EQ(swim_->liveness(NodeId{2}), Liveness::up);
  EXPECT_EQ(swim_->liveness(NodeId{9}), Liveness::down) << "not a member";
  EXPECT_EQ(swim_->liveness(kSelf), Liveness::down) << "not a member";
}

TEST_F(Lone, AcksAPingWithItsSequenceAndEpoch) {
  begin(3);
  swim_->set_epoch(Epoch{4});
  const SwimMessage ack = ask(NodeId{2}, {.kind = Kind::ping, .sequence = 77});
  EXPECT_EQ(ack, (SwimMessage{.kind = Kind::ack, .sequence = 77, .epoch = Epoch{4}}));
}

TEST_F(Lone, ProbesEveryMemberOfItsSiteInOneRound) {
  begin(6);
  std::set<NodeId> probed;
  while (probed.size() < 5) {
    const Sent ping = next(Kind::ping);
    EXPECT_TRUE(probed.insert(ping.to).second) << "twice in one round";
    ack(ping);
  }
  EXPECT_EQ(swim_->statistics().probes, 5u);
}

TEST_F(Lone, AsksOthersThenSuspectsThenFindsDown) {
  begin(5);
  const Sent ping = next(Kind::ping);
  const Sent request = next(Kind::ping_req);
  EXPECT_EQ(request.message.target, ping.to);
  EXPECT_NE(request.to, ping.to);
  EXPECT_EQ(swim_->liveness(ping.to), Liveness::up);
  while (swim_->liveness(ping.to) == Liveness::up) next();
  EXPECT_EQ(swim_->take_changes(), (std::vector<SwimChange>{{ping.to, Liveness::suspect}}));
  everybody_answers(seconds(13));
  EXPECT_EQ(swim_->liveness(ping.to), Liveness::down);
}

TEST_F(Lone, AnIndirectAnswerSavesTheTarget) {
  begin(5);
  const Sent ping = next(Kind::ping);
  const Sent request = next(Kind::ping_req);
  ask(request.to, {.kind = Kind::relay, .sequence = ping.message.sequence, .target = ping.to, .reached = true});
  everybody_answers(seconds(5));
  EXPECT_EQ(swim_->liveness(ping.to), Liveness::up);
  EXPECT_EQ(swim_->statistics().probes_failed, 0u);
}

TEST_F(Lone, ProbesForOthersAndTellsThemBothWays) {
  begin(4);
  for (const bool reached : {true, false}) {
    EXPECT_EQ(ask(NodeId{2}, {.kind = Kind::ping_req, .sequence = 9, .target = NodeId{3}}), SwimMessage{});
    ASSERT_EQ(more_.size(), 1u);
    EXPECT_EQ(more_[0].to, NodeId{3});
    EXPECT_EQ(more_[0].message.kind, Kind::ping);
    Sent relay;
    if (reached) {
      ack(Sent(more_[0]));
      ASSERT_EQ(more_.size(), 1u);
      relay = more_[0];
    } else {
      relay = next(Kind::relay);
    }
    EXPECT_EQ(relay.to, NodeId{2});
    EXPECT_EQ(relay.message.sequence, 9u);
    EXPECT_EQ(relay.message.target, NodeId{3});
    EXPECT_EQ(relay.message.reached, reached);
  }
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::up) << "who probes for others does not judge";
}

TEST_F(Lone, BoundsWhatItProbesForOthers) {
  begin(4, 0, {.max_relayed = 2});
  for (const std::size_t sent : {1, 1, 0}) {
    ask(NodeId{2}, {.kind = Kind::ping_req, .sequence = 9, .target = NodeId{3}});
    EXPECT_EQ(more_.size(), sent);
  }
}

TEST_F(Lone, RefutesAboveTheIncarnationItIsSuspectedAt) {
  begin(3, 0, {.incarnation = 5});
  EXPECT_TRUE(has(tell(NodeId{2}, {kSelf, Liveness::suspect, 3, NodeId{3}}), {kSelf, Liveness::up, 5, {}}))
      << "a suspicion of an earlier life: this one is told";
  EXPECT_EQ(swim_->incarnation(), 5u);
  EXPECT_TRUE(has(tell(NodeId{2}, {kSelf, Liveness::suspect, 5, NodeId{3}}), {kSelf, Liveness::up, 6, {}}));
  EXPECT_TRUE(has(tell(NodeId{2}, {kSelf, Liveness::down, 90, {}}), {kSelf, Liveness::up, 91, {}}));
  EXPECT_EQ(swim_->incarnation(), 91u);
  EXPECT_EQ(swim_->liveness(kSelf), Liveness::up);
  EXPECT_TRUE(swim_->take_changes().empty());
}

TEST_F(Lone, OnlyANewerIncarnationRefutes) {
  begin(4);
  tell(NodeId{2}, {NodeId{3}, Liveness::suspect, 2, NodeId{2}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::suspect);
  tell(NodeId{2}, {NodeId{3}, Liveness::up, 2, {}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::suspect);
  tell(NodeId{2}, {NodeId{3}, Liveness::up, 3, {}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::up);
  tell(NodeId{2}, {NodeId{3}, Liveness::down, 2, {}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::up) << "old news";
  everybody_answers(seconds(15));
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::up) << "the suspicion is gone with the refutation";
}

TEST_F(Lone, TellsASuspectFirstThatItIsOne) {
  begin(4);
  tell(NodeId{2}, {NodeId{3}, Liveness::suspect, 0, NodeId{2}});
  const SwimMessage ack = ask(NodeId{3}, {.kind = Kind::ping, .sequence = 1});
  ASSERT_FALSE(ack.updates.empty());
  EXPECT_EQ(ack.updates[0].node, NodeId{3});
  EXPECT_EQ(ack.updates[0].liveness, Liveness::suspect);
}

TEST_F(Lone, ConfirmationsBringTheVerdictForward) {
  const auto until_down = [&](int confirmations) {
    begin(10);
    tell(NodeId{2}, {NodeId{3}, Liveness::suspect, 0, NodeId{2}});
    for (int i = 0; i < confirmations; ++i) {
      tell(NodeId{2}, {NodeId{3}, Liveness::suspect, 0, NodeId{static_cast<std::uint64_t>(4 + i)}});
    }
    const MonotonicTime since = now_;
    while (swim_->liveness(NodeId{3}) != Liveness::down) {
      for (const Sent& sent : next()) {
        if (sent.message.kind == Kind::ping) ack(sent);
      }
    }
    return now_ - since;
  };
  EXPECT_EQ(until_down(0), seconds(12));
  EXPECT_EQ(until_down(3), seconds(4));
}

TEST_F(Lone, MissedAnswersMakeItDoubtItself) {
  begin(8, 0, {.suspicion_min = std::chrono::hours(1), .suspicion_max = std::chrono::hours(1)});
  const auto period = [&] {
    const MonotonicTime first = (next(Kind::ping), now_);
    return (next(Kind::ping), now_) - first;
  };
  EXPECT_EQ(swim_->local_health(), 0u);
  EXPECT_EQ(period(), seconds(1));
  while (swim_->local_health() < 8) next();
  next(Kind::ping);
  EXPECT_EQ(period(), seconds(9)) << "at most max_local_health + 1 times as long";
  everybody_answers(seconds(300));
  EXPECT_EQ(swim_->local_health(), 0u);
}

TEST_F(Lone, NacksShowThatOnlyTheTargetIsSick) {
  begin(8);
  const Sent ping = next(Kind::ping);
  next(Kind::ping_req);
  for (std::uint64_t helper = 2; helper <= 4; ++helper) {
    ask(NodeId{helper == ping.to.value ? 5 : helper},
        {.kind = Kind::relay, .sequence = ping.message.sequence, .target = ping.to, .reached = false});
  }
  while (swim_->liveness(ping.to) == Liveness::up) next();
  EXPECT_EQ(swim_->local_health(), 0u);
}

TEST_F(Lone, AfterAPauseItBlamesNobody) {
  begin(4);
  tell(NodeId{2}, {NodeId{3}, Liveness::suspect, 0, NodeId{2}});
  next(Kind::ping);
  now_ += std::chrono::minutes(5);
  decoded(swim_->tick(now_));
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::suspect);
  EXPECT_EQ(swim_->statistics().probes_failed, 0u);
  EXPECT_EQ(swim_->local_health(), 1u);
}

TEST_F(Lone, VerdictsOfACutOffNodeStayItsOwnAndAreDoubtedLater) {
  begin(3);
  while (swim_->liveness(NodeId{2}) != Liveness::down || swim_->liveness(NodeId{3}) != Liveness::down) next();
  swim_->take_changes();
  const SwimMessage ack = ask(NodeId{2}, {.kind = Kind::ping, .sequence = 1});
  for (const SwimUpdate& update : ack.updates) EXPECT_NE(update.liveness, Liveness::down);
  EXPECT_EQ(swim_->liveness(NodeId{2}), Liveness::suspect);
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::suspect);
  const SwimMessage compared = ask(NodeId{2}, {.kind = Kind::sync});
  for (const SwimUpdate& update : compared.updates) EXPECT_EQ(update.liveness, Liveness::up);
}

TEST_F(Lone, ADoubtAloneIsNoVerdict) {
  begin(3);
  while (swim_->liveness(NodeId{2}) != Liveness::down || swim_->liveness(NodeId{3}) != Liveness::down) next();
  ask(NodeId{2}, {.kind = Kind::ping, .sequence = 1});
  const auto verdicts = swim_->statistics().verdicts;
  // It is not known whether node 3 is there until it is probed; it is, but was never told of its suspicion.
  everybody_answers(seconds(30));
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::up);
  EXPECT_EQ(swim_->statistics().verdicts, verdicts);
}

TEST_F(Lone, ADoubtThatAFailedProbeConfirmsIsAVerdict) {
  begin(3);
  while (swim_->liveness(NodeId{2}) != Liveness::down || swim_->liveness(NodeId{3}) != Liveness::down) next();
  ask(NodeId{2}, {.kind = Kind::ping, .sequence = 1});
  const MonotonicTime end = now_ + seconds(60);
  while (now_ < end) {
    for (const Sent& sent : next()) {
      if (sent.message.kind == Kind::ping && sent.to == NodeId{2}) ack(sent);
    }
  }
  EXPECT_EQ(swim_->liveness(NodeId{2}), Liveness::up);
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::down);
}

TEST_F(Lone, OnlyItsOwnSiteCondemnsAMember) {
  begin(4, 3);
  tell(NodeId{101}, {NodeId{3}, Liveness::down, 0, {}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::suspect) << "from outside";
  tell(NodeId{2}, {NodeId{3}, Liveness::down, 0, {}});
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::down);
  tell(NodeId{101}, {NodeId{102}, Liveness::suspect, 0, NodeId{101}});
  EXPECT_EQ(swim_->liveness(NodeId{102}), Liveness::up) << "suspicions stay in their site";
  tell(NodeId{101}, {NodeId{102}, Liveness::down, 0, {}});
  EXPECT_EQ(swim_->liveness(NodeId{102}), Liveness::down);
}

TEST_F(Lone, KeepsWhatItKnowsOfThoseWhoStay) {
  begin(5);
  tell(NodeId{2}, {NodeId{3}, Liveness::down, 0, {}});
  tell(NodeId{2}, {NodeId{4}, Liveness::down, 0, {}});
  swim_->set_members({{kSelf, "here"}, {NodeId{2}, "here"}, {NodeId{3}, "here"}, {NodeId{6}, "here"}}, now_);
  EXPECT_EQ(swim_->liveness(NodeId{3}), Liveness::down);
  EXPECT_EQ(swim_->liveness(NodeId{6}), Liveness::up);
  swim_->set_members({{kSelf, "here"}, {NodeId{2}, "here"}, {NodeId{4}, "here"}}, now_);
  EXPECT_EQ(swim_->liveness(NodeId{4}), Liveness::up) << "it was removed, and is new";
}

TEST_F(Lone, GarbageIsAnErrorAndChangesNothing) {
  begin(3);
  std::vector<SwimSend> sends;
  for (const Bytes& bytes :
       {Bytes("\xff\xff"), Bytes(), encode_swim({.kind = Kind::ack}), encode_swim({.kind = Kind::sync_answer})}) {
    const auto answer = swim_->on_request(NodeId{2}, bytes, now_, sends);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  }
  for (const Bytes& bytes : {Bytes("\xff\xff"), encode_swim({.kind = Kind::ping}), encode_swim({.kind = Kind::sync})}) {
    EXPECT_FALSE(swim_->on_answer(NodeId{2}, bytes, now_, sends).has_value());
  }
  EXPECT_TRUE(sends.empty());
  EXPECT_TRUE(swim_->take_changes().empty());
}

RC_GTEST_FIXTURE_PROP(Lone, NewsInAnyOrderLeadsToTheSame, ()) {
  std::vector<SwimUpdate> news;
  const auto count = *rc::gen::inRange(1, 8);
  news.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    news.push_back({NodeId{*rc::gen::inRange<std::uint64_t>(2, 5)},
                    *rc::gen::element(Liveness::up, Liveness::suspect, Liveness::down), *rc::gen::inRange<std::uint64_t>(0, 4),
                    NodeId{5}});
  }
  std::vector<Liveness> outcomes[2];
  for (auto& outcome : outcomes) {
    begin(5);
    for (const SwimUpdate& update : news) tell(NodeId{5}, update);
    for (std::uint64_t i = 2; i <= 4; ++i) outcome.push_back(swim_->liveness(NodeId{i}));
    std::ranges::reverse(news);
  }
  RC_ASSERT(outcomes[0] == outcomes[1]);
}

}  // namespace
}  // namespace latium::testing
