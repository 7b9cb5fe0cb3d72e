// The proposer, one scenario each: what becomes of a command when messages are lost or late, and when others are at work.
#include "replication/registers.h"

#include "tests/replication/three_replicas.h"

namespace latium::testing {
namespace {

class RegistersTest : public ThreeReplicas {};

constexpr RequestId kFirst{1, 1};
constexpr RequestId kSecond{2, 2};

TEST_F(RegistersTest, OfTwoProposersThatMeetEachFindsWhatTheOtherDid) {
  // The first has promises, and its accepts at others are held back until the second has written. Its own replica accepts at
  // once.
  wire([](const Step& step) { return step.from == 0 && step.is<AcceptOp>() ? Fate::waits : Fate::arrives; });
  const Pending first = start(create(0, "first", kFirst, seconds(20)));
  pass(milliseconds(20));
  EXPECT_EQ(text_of(run(write(1, "second", kSecond))), "applied");
  EXPECT_FALSE(first->has_value());
  heal();
  wait_for(first);
  // Its ballot was below by then, and what its own replica had accepted alone was passed over, or taken up and replaced.
  EXPECT_EQ(read(2), "second");
  EXPECT_NE(text_of(**first), "applied") << "there was something when it ran, and nothing of it is left";
}

TEST_F(RegistersTest, DuellingProposersAllGetThrough) {
  std::vector<Pending> writes;
  for (std::size_t i = 0; i < 9; ++i) {
    writes.push_back(start(write(i % kNodes, std::to_string(i), {1, i + 1}, seconds(30))));
  }
  std::size_t applied = 0;
  for (const Pending& each : writes) {
    wait_for(each);
    // One replica may have accepted what the others refused; who finds others gone on from there cannot tell.
    EXPECT_TRUE(text_of(**each) == "applied" || text_of(**each) == "unknown_outcome") << text_of(**each);
    applied += text_of(**each) == "applied" ? 1 : 0;
  }
  EXPECT_GE(applied, kNodes);
  EXPECT_EQ(text_of(run(write(1, "last", {2, 1}))), "applied") << "nobody is left in the way";
}

TEST_F(RegistersTest, AcceptsThatAreLostLeaveTheOutcomeOpen) {
  wire([](const Step& step) { return step.is<AcceptOp>() ? Fate::request_is_lost : Fate::arrives; });
  // The node's own replica has accepted.
  EXPECT_EQ(text_of(run(write(0, "a", kFirst, seconds(1)))), "unknown_outcome");
  heal();
  // The same request again: once, whatever the first try did.
  EXPECT_EQ(text_of(run(write(0, "a", kFirst))), "applied");
  const auto once = run(at(1).read(key(), in(seconds(5))));
  EXPECT_EQ(text_of(once), "a");
  EXPECT_EQ(text_of(run(write(0, "a", kFirst))), "applied");
  EXPECT_EQ(run(at(1).read(key(), in(seconds(5))))->state.version, once->state.version) << "made a second time";
}

TEST_F(RegistersTest, AnAcceptWhoseAnswerIsLostIsFoundByTheNextReader) {
  wire([](const Step& step) { return step.is<AcceptOp>() ? Fate::answer_is_lost : Fate::arrives; });
  EXPECT_EQ(text_of(run(write(0, "a", kFirst, seconds(1)))), "unknown_outcome");
  heal();
  EXPECT_EQ(read(1), "a");
  EXPECT_EQ(text_of(run(create(2, "b", kSecond))), "refused");
}

TEST_F(RegistersTest, WhereNoPromiseComesNothingWasChanged) {
  wire([](const Step&) { return Fate::request_is_lost; });
  EXPECT_EQ(text_of(run(write(0, "a", kFirst, seconds(1)))), "unavailable");
  heal();
  for (std::size_t node = 0; node < kNodes; ++node) EXPECT_EQ(read(node), "(absent)");
}

TEST_F(RegistersTest, OneReplicaThatIsAwayHoldsNobodyUp) {
  wire([](const Step& step) { return step.to == 2 || step.from == 2 ? Fate::request_is_lost : Fate::arrives; });
  EXPECT_EQ(text_of(run(write(0, "a", kFirst))), "applied");
  EXPECT_EQ(read(1), "a");
  heal();
  EXPECT_EQ(read(2), "a");
}

TEST_F(RegistersTest, ALearnThatComesLateTellsNothingOld) {
  wire([](const Step& step) { return step.is<LearnOp>() ? Fate::waits : Fate::arrives; });
  EXPECT_EQ(text_of(run(write(0, "old", kFirst))), "applied");
  pass(seconds(1));
  EXPECT_EQ(read_local(1), "(absent)") << "accepted, and not known to be chosen";
  EXPECT_EQ(text_of(run(write(1, "new", kSecond))), "applied");
  heal();
  pass(seconds(1));
  for (std::size_t node = 0; node < kNodes; ++node) EXPECT_EQ(read_local(node), "new") << node;
}

TEST_F(RegistersTest, APromiseHoldsOverAPowerCutBeforeTheAccept) {
  // Between the first's promises and its accepts, another proposer gets higher ones and its change through.
  wire([](const Step& step) { return step.from == 0 && step.is<AcceptOp>() ? Fate::waits : Fate::arrives; });
  const Pending first = start(create(0, "first", kFirst, seconds(20)));
  pass(milliseconds(20));
  ASSERT_EQ(text_of(run(write(1, "second", kSecond))), "applied");
  pass(seconds(1));
  nodes_[1]->restart();
  nodes_[2]->restart();
  heal();
  wait_for(first);
  EXPECT_NE(text_of(**first), "applied");
  EXPECT_EQ(read(2), "second") << "the late accepts were taken";
}

TEST_F(RegistersTest, WhatWasAcknowledgedSurvivesAPowerCutOfAll) {
  EXPECT_EQ(text_of(run(write(0, "a", kFirst))), "applied");
  pass(seconds(1));
  for (const auto& node : nodes_) node->restart();
  EXPECT_EQ(read(1), "a");
}

TEST_F(RegistersTest, AnAcceptThatComesAfterItsTombstoneWasCollectedIsRefused) {
  // An accept to the last replica is held back; the register is written, deleted and forgotten meanwhile.
  wire([](const Step& step) { return step.from == 0 && step.to == 2 && step.is<AcceptOp>() ? Fate::waits : Fate::arrives; });
  EXPECT_EQ(text_of(run(write(0, "late", kFirst))), "applied") << "the other two are a majority";
  EXPECT_EQ(text_of(run(write(1, std::nullopt, kSecond))), "applied");
  pass(seconds(5));
  const auto forgotten = [&](std::size_t node) {
    const auto page = run(nodes_[node]->replica().list(TenantId{kTenant}, key().partition, "r", "", 10));
    return page.has_value() && page->entries.empty();
  };
  for (std::size_t node = 0; node < kNodes; ++node) ASSERT_TRUE(forgotten(node)) << "not collected at " << node;
  heal();
  pass(seconds(1));
  EXPECT_TRUE(forgotten(2)) << "the late accept was taken";
  EXPECT_EQ(read(2), "(absent)");
}

TEST_F(RegistersTest, WhoChangedARegisterLastNeedsOneRoundTrip) {
  const auto first = run(write(0, "a", kFirst));
  const auto second = run(write(0, "b", kSecond));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->stats.round_trips, 2u);
  EXPECT_EQ(second->stats.round_trips, 1u);
  const auto other = run(write(1, "c", {3, 3}));
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->stats.round_trips, 2u) << "the promise is another node's";
}

TEST_F(RegistersTest, AHeldPromiseThatWasOvertakenIsNoHarm) {
  ASSERT_EQ(text_of(run(write(0, "a", kFirst))), "applied");
  ASSERT_EQ(text_of(run(write(1, "b", kSecond))), "applied");
  // Node 0 believes that it may go on from "a".
  const auto third = run(at(0).execute(key(), CasCommand{CasCommand::Expect::value, "a", 0, Bytes("c")}, {3, 3}, in(seconds(5))));
  EXPECT_EQ(text_of(third), "refused");
  EXPECT_EQ(read(2), "b");
}

}  // namespace
}  // namespace latium::testing
