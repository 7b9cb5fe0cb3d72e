// The proposer, one scenario each: what becomes of a command when messages are lost or late, and when others are at work.
#include "replication/registers.h"

#include <set>

#include "tests/replication/three_replicas.h"

namespace latium::testing {
namespace {

constexpr RequestId kFirst{1, 1};
constexpr RequestId kSecond{2, 2};

class RegistersTest : public ThreeReplicas {
 protected:
  enum class Others : std::uint8_t { go_on_from_it, have_not_seen_it };

  /// Runs `command` at node 0, which gets an accept to its own replica alone. Node 1 changes the register `changes` times
  /// meanwhile, each under {9, n}, having found that accept or not. Before all of it, the register was "base" as `base_`.
  Result<CommandOutcome> overtaken(CasCommand command, Others others, std::uint64_t changes) {
    const auto made = run(write(2, "base", {8, 8}));
    EXPECT_EQ(text_of(made), "applied");
    base_ = made->result.state.version;
    wire([others](const Step& step) {
      if (step.from == 0 && step.is<AcceptOp>()) return Fate::waits;
      const std::size_t unheard = others == Others::go_on_from_it ? 2 : 0;
      const Fate lost = unheard == 0 ? Fate::request_is_lost : Fate::answer_is_lost;
      return step.from == 1 && step.to == unheard ? lost : Fate::arrives;
    });
    const Pending first = start(at(0).execute(key(), std::move(command), kFirst, in(seconds(20))));
    pass(milliseconds(20));
    for (std::uint64_t n = 1; n <= changes; ++n) {
      const bool deletes = n == 2;  // a tombstone in between is a change like any other
      EXPECT_EQ(text_of(run(write(1, deletes ? std::nullopt : std::optional(std::to_string(n)), {9, n}))), "applied");
    }
    EXPECT_FALSE(first->has_value());
    heal();
    wait_for(first);
    return **first;
  }
  RegisterState state_now() { return run(at(2).read(key(), in(seconds(5))))->state; }

  /// A command of node 1 that is refused twice, as node 2 changes the register meanwhile, and is then given on to node 0.
  Pending start_forwarded() {
    look_at(key());
    const auto hold_back = [](const Step& step) { return step.from == 1 && step.is<PrepareOp>() ? Fate::waits : Fate::arrives; };
    wire(hold_back);
    const Pending command = start(write(1, "given on", kFirst, seconds(20)));
    for (std::uint64_t n = 0; n < 2; ++n) {
      pass(milliseconds(20));
      EXPECT_EQ(text_of(run(write(2, "in the way", {9, n}))), "applied");
      go_on();
    }
    return command;
  }

  std::uint64_t base_ = 0;
};

TEST_F(RegistersTest, OfTwoProposersThatMeetEachFindsWhatTheOtherDid) {
  look_at(key());
  // The first has promises, and its accepts at others are held back until the second has written. Its own replica accepts at
  // once.
  wire([](const Step& step) { return step.from == 0 && step.is<AcceptOp>() ? Fate::waits : Fate::arrives; });
  const Pending first = start(create(0, "first", kFirst, seconds(20)));
  pass(milliseconds(20));
  EXPECT_EQ(text_of(run(write(1, "second", kSecond))), "applied");
  EXPECT_FALSE(first->has_value());
  heal();
  wait_for(first);
  // Its ballot was below by then. The second had found what the first's own replica had accepted, and gone on from it.
  ASSERT_EQ(text_of(**first), "applied");
  const RegisterState state = state_now();
  EXPECT_EQ(state.value, "second");
  EXPECT_EQ(state.version_of(kFirst), (**first)->result.state.version);
  EXPECT_EQ(state.version, (**first)->result.state.version + 1);
}

// As many as a lineage names: none of them can be left too far behind to be told what became of it.
TEST_F(RegistersTest, DuellingProposersAllGetThrough) {
  constexpr std::size_t kWrites = RequestLineage::kMax + 1;
  for (std::uint64_t round = 0; round < 40; ++round) {
    const RegisterKey where = user_register(TenantId{kTenant}, 4, "key" + std::to_string(round));
    const auto put = [&](std::size_t node, Bytes value, RequestId request) {
      return at(node).execute(where, CasCommand{CasCommand::Expect::anything, {}, 0, std::move(value)}, request, in(seconds(30)));
    };
    if (round % 2 == 0) look_at(where);  // made with promises, and without
    ASSERT_EQ(text_of(run(put(0, "first", {8, 8}))), "applied");
    std::vector<Pending> writes;
    for (std::size_t i = 0; i < kWrites; ++i) writes.push_back(start(put(i % kNodes, std::to_string(i), {1, i + 1})));
    std::set<std::uint64_t> versions;
    for (const Pending& each : writes) {
      wait_for(each);
      ASSERT_EQ(text_of(**each), "applied") << round;
      versions.insert((**each)->result.state.version);
    }
    EXPECT_EQ(versions.size(), writes.size()) << "two were told the same version";
    EXPECT_EQ(*versions.rbegin() - *versions.begin() + 1, writes.size()) << "one was made twice";
    EXPECT_EQ(run(at(2).read(where, in(seconds(5))))->state.version, *versions.rbegin());
    EXPECT_EQ(text_of(run(put(1, "last", {2, 1}))), "applied") << "nobody is left in the way";
  }
}

// More than a lineage names: some may not be told, but each is made once or never, and no two as the same version.
TEST_F(RegistersTest, OfMoreDuelsThanALineageNamesWhatIsToldIsTrue) {
  constexpr std::size_t kWrites = 9;
  std::size_t unknown_in_all = 0;
  for (std::uint64_t round = 0; round < 40; ++round) {
    const RegisterKey where = user_register(TenantId{kTenant}, 4, "key" + std::to_string(round));
    const auto put = [&](std::size_t node, RequestId request) {
      return at(node).execute(where, CasCommand{CasCommand::Expect::anything, {}, 0, Bytes("v")}, request, in(seconds(30)));
    };
    const auto first = run(put(0, {8, 8}));
    ASSERT_EQ(text_of(first), "applied");
    std::vector<Pending> writes;
    for (std::size_t i = 0; i < kWrites; ++i) writes.push_back(start(put(i % kNodes, {1, i + 1})));
    std::set<std::uint64_t> versions;
    std::size_t unknown = 0;
    for (const Pending& each : writes) {
      wait_for(each);
      if (text_of(**each) == "unknown_outcome") {
        ++unknown;
      } else {
        ASSERT_EQ(text_of(**each), "applied") << round;
        EXPECT_TRUE(versions.insert((**each)->result.state.version).second) << "two were told the same version";
      }
    }
    const auto last = run(put(1, {2, 1}));
    ASSERT_EQ(text_of(last), "applied") << "nobody is left in the way";
    const std::uint64_t made = last->result.state.version - first->result.state.version - 1;
    EXPECT_GE(made, versions.size()) << "what was told is not there";
    EXPECT_LE(made, versions.size() + unknown) << "one was made twice";
    unknown_in_all += unknown;
  }
  EXPECT_LE(unknown_in_all, 40 * kWrites / 10) << "few of them";
  RecordProperty("unknown", std::to_string(unknown_in_all));
}

constexpr std::uint64_t kEarlier = RequestLineage::kMax;
const CasCommand kWriteFirst{CasCommand::Expect::anything, {}, 0, "first"};

TEST_F(RegistersTest, AChangeThatOthersWentOnFromIsFoundInWhatTheyMade) {
  const auto outcome = overtaken(kWriteFirst, Others::go_on_from_it, kEarlier);
  ASSERT_EQ(text_of(outcome), "applied");
  EXPECT_EQ(outcome->result.state.value, "first") << "as it was then";
  EXPECT_EQ(outcome->result.state.version, base_ + 1);
  EXPECT_EQ(state_now().version, base_ + 1 + kEarlier) << "made a second time";
}

TEST_F(RegistersTest, AChangeThatTooManyWentOnFromIsUnknown) {
  EXPECT_EQ(text_of(overtaken(kWriteFirst, Others::go_on_from_it, kEarlier + 1)), "unknown_outcome");
  EXPECT_EQ(state_now().version, base_ + 2 + kEarlier) << "made a second time";
}

TEST_F(RegistersTest, AChangeThatIsInNothingOthersMadeIsRunAgainOnce) {
  const auto outcome = overtaken(kWriteFirst, Others::have_not_seen_it, kEarlier + 1);
  ASSERT_EQ(text_of(outcome), "applied");
  const RegisterState state = state_now();
  EXPECT_EQ(state.value, "first");
  EXPECT_EQ(state.version, base_ + 2 + kEarlier);
  EXPECT_EQ(outcome->result.state, state);
  for (std::size_t place = 0; place < kEarlier; ++place) EXPECT_EQ(state.earlier[place], (RequestId{9, kEarlier + 1 - place}));
}

TEST_F(RegistersTest, AChangeThatOthersLeftTooFarBehindIsUnknown) {
  EXPECT_EQ(text_of(overtaken(kWriteFirst, Others::have_not_seen_it, kEarlier + 2)), "unknown_outcome");
  EXPECT_EQ(state_now().version, base_ + 2 + kEarlier);
}

TEST_F(RegistersTest, AChangeThatIsInNothingOthersMadeIsRefusedWhereTheyLeftNoRoom) {
  const CasCommand from_base{CasCommand::Expect::value, "base", 0, "first"};
  EXPECT_EQ(text_of(overtaken(from_base, Others::have_not_seen_it, 3)), "refused");
  // What its own replica accepted does not come back, whoever asks it.
  wire([](const Step& step) { return step.to == 2 || step.from == 2 ? Fate::request_is_lost : Fate::arrives; });
  EXPECT_EQ(read(0), "3");
  EXPECT_EQ(read(1), "3");
}

TEST_F(RegistersTest, ACompareAndSetThatOthersWentOnFromTellsItsOwnVersion) {
  const auto outcome = overtaken({CasCommand::Expect::value, "base", 0, "first"}, Others::go_on_from_it, 3);
  ASSERT_EQ(text_of(outcome), "applied");
  EXPECT_EQ(outcome->result.state.version, base_ + 1);
}

TEST_F(RegistersTest, ARequestThatIsRepeatedAfterOthersIsNotMadeAgain) {
  const auto once = run(write(0, "a", kFirst));
  ASSERT_EQ(text_of(once), "applied");
  ASSERT_EQ(text_of(run(write(1, "b", kSecond))), "applied");
  ASSERT_EQ(text_of(run(write(0, "c", {3, 3}))), "applied");
  for (const std::size_t node : {0u, 1u}) {  // the one that holds promises, and another
    const auto again = run(write(node, "a", kFirst));
    ASSERT_EQ(text_of(again), "applied");
    EXPECT_EQ(again->result.state.version, once->result.state.version);
    EXPECT_EQ(again->result.state.value, "a");
    EXPECT_EQ(read(2), "c");
  }
}

TEST_F(RegistersTest, AnAcquireWhoseLockHasGoneOnIsRunAgain) {
  const auto acquire = [&](std::size_t node, Bytes owner, std::uint64_t now_ms, RequestId request) {
    return run(at(node).execute(key(), LockAcquireCommand{std::move(owner), now_ms, 1'000, 500, 0}, request, in(seconds(5))));
  };
  ASSERT_EQ(text_of(acquire(0, "a", 10'000, kFirst)), "applied");
  const auto repeated = acquire(1, "a", 10'100, kFirst);
  ASSERT_EQ(text_of(repeated), "applied") << "it has the lock";
  EXPECT_EQ(decode_lock(repeated->result.state)->token, 1u);
  ASSERT_EQ(text_of(acquire(1, "b", 12'000, kSecond)), "applied");
  const auto late = acquire(0, "a", 12'100, kFirst);
  ASSERT_EQ(text_of(late), "refused") << "the lease was over, and the lock is another's";
  EXPECT_EQ(decode_lock(late->result.state)->owner, "b");
  const auto later = acquire(0, "a", 14'000, kFirst);
  ASSERT_EQ(text_of(later), "applied");
  EXPECT_EQ(decode_lock(later->result.state)->token, 3u);
}

TEST_F(RegistersTest, AForwardedCommandWhoseAnswerIsLostIsFound) {
  wire_forwards(Fate::answer_is_lost);
  const Pending command = start_forwarded();
  // It is run there; and before node 1 hears of that, changed again.
  pass(milliseconds(50));
  const RegisterState given_on = state_now();
  EXPECT_EQ(given_on.value, "given on");
  EXPECT_EQ(text_of(run(write(2, "after it", kSecond))), "applied");
  EXPECT_FALSE(command->has_value());
  heal();
  wait_for(command);
  ASSERT_EQ(text_of(**command), "applied");
  EXPECT_EQ((**command)->result.state.version, given_on.version);
  EXPECT_EQ((**command)->result.state.value, "given on");
  EXPECT_EQ(read(0), "after it");
}

TEST_F(RegistersTest, AForwardedCommandThatMayStillBeRunThereIsUnknown) {
  wire_forwards(Fate::request_is_lost);
  const Pending command = start_forwarded();
  pass(milliseconds(20));
  // Refused once more: it goes to nobody else, where it would be run a second time.
  EXPECT_EQ(text_of(run(write(2, "after it", kSecond))), "applied");
  go_on();
  pass(milliseconds(20));
  EXPECT_EQ(text_of(run(write(2, "after that", {3, 3}))), "applied");
  heal();
  wait_for(command);
  EXPECT_EQ(text_of(**command), "unknown_outcome");
  EXPECT_EQ(at(1).statistics().forwarded, 1u);
  EXPECT_EQ(read(0), "after that");
}

TEST_F(RegistersTest, OfTwoThatMakeARegisterUnseenByEachOtherBothAreTold) {
  for (const bool creates : {false, true}) {
    const CasCommand::Expect expect = creates ? CasCommand::Expect::absent : CasCommand::Expect::anything;
    const RegisterKey key = user_register(TenantId{kTenant}, 4, creates ? "created" : "written");
    look_at(key);
    wire([](const Step& step) {
      if (step.from == 0 && step.is<AcceptOp>()) return Fate::waits;
      return step.from == 1 && step.to == 0 ? Fate::request_is_lost : Fate::arrives;
    });
    const auto put = [&](std::size_t node, Bytes value, RequestId request) {
      return at(node).execute(key, CasCommand{expect, {}, 0, std::move(value)}, request, in(seconds(20)));
    };
    const Pending first = start(put(0, "first", kFirst));
    pass(milliseconds(20));
    const auto second = run(put(1, "second", kSecond));
    ASSERT_EQ(text_of(second), "applied");
    EXPECT_FALSE(first->has_value());
    heal();
    wait_for(first);
    EXPECT_EQ(text_of(**first), creates ? "refused" : "applied");
    const auto now = run(at(2).read(key, in(seconds(5))));
    EXPECT_EQ(text_of(now), creates ? "second" : "first");
    EXPECT_EQ(now->state.version, second->result.state.version + (creates ? 0 : 1));
    // What its own replica accepted at first does not come back, whoever asks it.
    wire([](const Step& step) { return step.to == 2 || step.from == 2 ? Fate::request_is_lost : Fate::arrives; });
    EXPECT_EQ(run(at(1).read(key, in(seconds(5))))->state, now->state);
    heal();
  }
}

TEST_F(RegistersTest, WhoMadeARegisterThatWasCollectedSinceIsNotToldThatItWasNot) {
  for (const bool made_anew : {false, true}) {
    const RegisterKey key = user_register(TenantId{kTenant}, 4, made_anew ? "anew" : "gone");
    look_at(key);
    wire([](const Step& step) {
      if (step.from == 0 && step.is<AcceptOp>()) return Fate::waits;
      return step.from == 1 && step.to == 2 && step.is<PrepareOp>() ? Fate::answer_is_lost : Fate::arrives;
    });
    const auto put = [&](std::size_t node, std::optional<Bytes> value, RequestId request) {
      return at(node).execute(key, CasCommand{CasCommand::Expect::anything, {}, 0, std::move(value)}, request, in(seconds(20)));
    };
    const Pending first = start(put(0, "first", kFirst));
    pass(milliseconds(20));
    const auto deleted = run(put(1, std::nullopt, {9, 1}));
    ASSERT_EQ(text_of(deleted), "applied");
    EXPECT_TRUE(deleted->result.state.version_of(kFirst)) << "it has not seen the first";
    pass(seconds(5));
    for (const auto& node : nodes_) {
      const auto page = run(node->replica().list(TenantId{kTenant}, key.partition, key.key, "", 10));
      ASSERT_TRUE(page.has_value() && page->entries.empty()) << "not collected";
    }
    if (made_anew) EXPECT_EQ(text_of(run(put(1, "second", {9, 2}))), "applied");
    EXPECT_FALSE(first->has_value());
    heal();
    wait_for(first);
    EXPECT_EQ(text_of(**first), "unknown_outcome");
    EXPECT_EQ(text_of(run(at(2).read(key, in(seconds(5))))), made_anew ? "second" : "(absent)") << "made a second time";
  }
}

// The promises that both still hold are below what was collected: refused everywhere, though a majority says so first.
TEST_F(RegistersTest, ARegisterThatWasForgottenIsMadeAgainByThoseWhoHadIt) {
  for (const std::size_t again : {0, 1}) {
    EXPECT_EQ(text_of(run(write(0, "a", {1, again}))), "applied");
    EXPECT_EQ(text_of(run(write(1, std::nullopt, {2, again}))), "applied");
    pass(seconds(5));
    EXPECT_EQ(text_of(run(write(again, "b", {3, again}))), "applied") << "node " << again;
    EXPECT_EQ(read(2), "b");
    EXPECT_EQ(text_of(run(write(2, std::nullopt, {4, again}))), "applied");
    pass(seconds(5));
  }
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
  look_at(key());
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
  look_at(key());
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
  EXPECT_EQ(read(2), "second") << "the late accepts were taken";
  EXPECT_EQ(text_of(**first), "applied") << "the second went on from what the first's own replica had accepted";
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
  look_at(key());
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
