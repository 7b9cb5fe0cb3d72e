// Accepts without a promise: one round trip where all replicas take it, and told rightly where they do not.
#include "tests/replication/three_replicas.h"

namespace latium::testing {
namespace {

constexpr RequestId kFirst{1, 1};
constexpr RequestId kSecond{2, 2};

bool is_fast(const Step& step) {
  const auto* accept = std::get_if<AcceptOp>(&step.op);
  return accept != nullptr && accept->fast;
}

class FastRegistersTest : public ThreeReplicas {
 protected:
  static RegisterKey named(const Bytes& name) { return user_register(TenantId{kTenant}, 4, name); }
  Result<CommandOutcome> make(std::size_t node, const Bytes& name, RequestId request) {
    return run(
        at(node).execute(named(name), CasCommand{CasCommand::Expect::absent, {}, 0, Bytes("made")}, request, in(seconds(5))));
  }
  bool nothing_at(std::size_t node) {
    const auto page = run(nodes_[node]->replica().list(TenantId{kTenant}, key().partition, "r", "", 10));
    return page.has_value() && page->entries.empty();
  }
  void expect_read(const std::string& value) {
    for (std::size_t node = 0; node < kNodes; ++node) EXPECT_EQ(read(node), value) << node;
    pass(seconds(1));
    for (std::size_t node = 0; node < kNodes; ++node) EXPECT_EQ(read_local(node), value) << node;
  }
};

TEST_F(FastRegistersTest, ARegisterIsMadeInOneRoundTrip) {
  const auto made = run(create(0, "a", kFirst));
  ASSERT_EQ(text_of(made), "applied");
  EXPECT_EQ(made->stats.round_trips, 1u);
  const RegistersStatistics& statistics = at(0).statistics();
  EXPECT_EQ(statistics.rounds, 1u);
  EXPECT_EQ(statistics.fast_rounds, 1u);
  EXPECT_EQ(statistics.fast_chosen, 1u);
  const auto changed = run(write(0, "b", kSecond));
  EXPECT_EQ(changed->stats.round_trips, 1u) << "with the promise that came along";
  EXPECT_EQ(changed->result.state.version, made->result.state.version + 1);
  expect_read("b");
}

TEST_F(FastRegistersTest, WhatNobodyWasToldOfYetIsReadInOneRoundTrip) {
  wire([](const Step& step) { return step.is<LearnOp>() ? Fate::request_is_lost : Fate::arrives; });
  ASSERT_EQ(text_of(run(create(0, "a", kFirst))), "applied");
  pass(seconds(1));
  const auto found = run(at(1).read(key(), in(seconds(5))));
  EXPECT_EQ(text_of(found), "a");
  EXPECT_EQ(found->stats.round_trips, 1u);
  pass(milliseconds(20));
  EXPECT_EQ(read_local(1), "a") << "who reads it tells the nearest replica";
}

TEST_F(FastRegistersTest, WhatIsThereIsNotMadeAgain) {
  ASSERT_EQ(text_of(run(create(0, "a", kFirst))), "applied");
  EXPECT_EQ(text_of(run(create(1, "b", kSecond))), "refused");
  EXPECT_EQ(at(1).statistics().fast_rounds, 0u) << "the replica here has it";
  expect_read("a");
}

TEST_F(FastRegistersTest, AChangeByAnotherNodeTakesOneRoundTrip) {
  ASSERT_EQ(text_of(run(create(0, "a", kFirst))), "applied");
  pass(seconds(1));
  const auto changed = run(write(1, "b", kSecond));
  ASSERT_EQ(text_of(changed), "applied");
  EXPECT_EQ(changed->stats.round_trips, 1u);
  EXPECT_EQ(at(1).statistics().fast_chosen, 1u);
  pass(seconds(1));
  EXPECT_EQ(run(write(2, "c", {3, 3}))->stats.round_trips, 1u) << "over what a fast accept made";
  EXPECT_EQ(run(write(2, "d", {4, 4}))->stats.round_trips, 1u) << "with the promise that came along";
  expect_read("d");
}

TEST_F(FastRegistersTest, WhereTheReplicaHereDoesNotKnowWhatIsChosenItIsNotTried) {
  ASSERT_EQ(text_of(run(create(0, "a", kFirst))), "applied");
  const auto changed = run(write(1, "b", kSecond));
  EXPECT_EQ(changed->stats.round_trips, 2u);
  EXPECT_EQ(at(1).statistics().fast_rounds, 0u);
  expect_read("b");
}

TEST_F(FastRegistersTest, AReplicaThatIsBehindCostsTwoMore) {
  wire([](const Step& step) { return step.to == 2 ? Fate::request_is_lost : Fate::arrives; });
  ASSERT_EQ(text_of(run(create(0, "a", kFirst))), "applied");
  pass(seconds(40));  // silent once, it is left alone for a while
  heal();
  const auto changed = run(write(1, "b", kSecond));
  ASSERT_EQ(text_of(changed), "applied");
  EXPECT_EQ(changed->stats.round_trips, 3u);
  EXPECT_EQ(at(1).statistics().fast_chosen, 0u);
  expect_read("b");
}

// All but one replica have taken the change, and its proposer is gone: what it was made from counts, or the change, for good.
TEST_F(FastRegistersTest, WhatNotAllTookIsPassedOverOrGoneOnFrom) {
  for (const std::size_t silent : {0u, 2u}) {
    const RegisterKey where = named("changed" + std::to_string(silent));
    const auto put = [&](std::size_t node, const char* value, RequestId request, Duration time) {
      return run(at(node).execute(where, CasCommand{CasCommand::Expect::anything, {}, 0, Bytes(value)}, request, in(time)));
    };
    heal();
    ASSERT_EQ(text_of(put(1, "a", {7, silent}, seconds(5))), "applied");
    pass(seconds(40));
    wire([](const Step& step) { return step.from == 0 && step.to != 1 && step.to != 0 ? Fate::waits : Fate::arrives; });
    const auto unsure = put(0, "b", {8, silent}, milliseconds(20));
    EXPECT_EQ(text_of(unsure), "unknown_outcome");
    // Asked by whoever is left: of a quorum that all have it, it is found; elsewhere it is passed over, and stays so.
    wire([silent](const Step& step) {
      if (step.from == 0) return Fate::request_is_lost;
      return step.to == silent ? Fate::request_is_lost : Fate::arrives;
    });
    const auto changed = put(1, "c", {9, silent}, seconds(5));
    ASSERT_EQ(text_of(changed), "applied") << silent;
    heal();
    pass(seconds(40));
    const auto found = run(at(2).read(where, in(seconds(5))));
    EXPECT_EQ(text_of(found), "c");
    EXPECT_EQ(found->state.version_of({7, silent}).has_value(), true) << "what was chosen before is lost";
    EXPECT_EQ(found->state.version_of({8, silent}).has_value(), silent == 2) << "quorum without " << silent;
  }
}

TEST_F(FastRegistersTest, OfTwoThatMakeARegisterAtOnceOneDoesAndBothAreTold) {
  for (const bool both_write : {false, true}) {
    const RegisterKey where = named(both_write ? "written" : "created");
    const CasCommand::Expect expect = both_write ? CasCommand::Expect::anything : CasCommand::Expect::absent;
    std::vector<Pending> calls;
    for (std::size_t node = 0; node < kNodes; ++node) {
      const CasCommand command{expect, {}, 0, std::to_string(node)};
      calls.push_back(start(at(node).execute(where, command, {5, node + 1}, in(seconds(20)))));
    }
    std::string made;
    std::set<std::uint64_t> versions;
    for (std::size_t node = 0; node < kNodes; ++node) {
      wait_for(calls[node]);
      if (text_of(**calls[node]) != "applied") continue;
      made += std::to_string(node);
      versions.insert((**calls[node])->result.state.version);
    }
    const auto found = run(at(1).read(where, in(seconds(5))));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(made.size(), both_write ? kNodes : 1u) << made;
    EXPECT_EQ(versions.size(), made.size()) << "two were told the same version";
    EXPECT_EQ(found->state.version, *versions.rbegin());
    if (!both_write) EXPECT_EQ(found->state.value, made);
  }
}

TEST_F(FastRegistersTest, AReplicaThatIsAwayCostsTwoMoreOnce) {
  wire([](const Step& step) { return step.to == 2 || step.from == 2 ? Fate::request_is_lost : Fate::arrives; });
  const MonotonicTime began = runtime().clock.monotonic_now();
  const auto first = make(0, "first", kFirst);
  ASSERT_EQ(text_of(first), "applied");
  EXPECT_EQ(first->stats.round_trips, 3u);
  EXPECT_LT(runtime().clock.monotonic_now() - began, milliseconds(150)) << "it is not waited for long";
  const auto second = make(0, "second", kSecond);
  ASSERT_EQ(text_of(second), "applied");
  EXPECT_EQ(second->stats.round_trips, 2u) << "it is known to keep fast rounds waiting";
  EXPECT_EQ(at(0).statistics().fast_rounds, 1u);
  heal();
  pass(seconds(40));
  const auto third = make(0, "third", {3, 3});
  EXPECT_EQ(third->stats.round_trips, 1u) << "not for ever";
}

TEST_F(FastRegistersTest, WithAReplicaInDoubtItIsNotTried) {
  suspect(2);
  const auto made = run(create(0, "a", kFirst));
  ASSERT_EQ(text_of(made), "applied");
  EXPECT_EQ(made->stats.round_trips, 2u);
  EXPECT_EQ(at(0).statistics().fast_rounds, 0u);
}

TEST_F(FastRegistersTest, WhatAllTookWithoutItsProposerHearingOfItStands) {
  wire([](const Step& step) { return is_fast(step) ? Fate::answer_is_lost : Fate::arrives; });
  EXPECT_EQ(text_of(run(create(0, "a", kFirst, seconds(1)))), "unknown_outcome");
  // Learns were never sent.
  for (const auto& node : nodes_) node->restart();
  heal();
  EXPECT_EQ(text_of(run(create(1, "b", kSecond))), "refused");
  EXPECT_EQ(text_of(run(create(2, "a", kFirst))), "applied") << "the same request";
  expect_read("a");
}

// Its own replica and one other have it: whoever asks those finds it, and whoever asks the third does not.
TEST_F(FastRegistersTest, WhatAMajorityTookIsMadeOnceWhicheverWayItIsFound) {
  for (const std::size_t silent : {1u, 2u}) {
    const RegisterKey where = named("silent" + std::to_string(silent));
    wire([silent](const Step& step) {
      if (is_fast(step)) return step.to == 2 ? Fate::waits : Fate::arrives;
      return step.to == silent || step.from == silent ? Fate::request_is_lost : Fate::arrives;
    });
    const CasCommand command{CasCommand::Expect::anything, {}, 0, Bytes("a")};
    const auto made = run(at(0).execute(where, command, {6, silent}, in(seconds(20))));
    ASSERT_EQ(text_of(made), "applied");
    heal();
    pass(seconds(1));
    const auto found = run(at(2).read(where, in(seconds(5))));
    ASSERT_EQ(text_of(found), "a");
    EXPECT_EQ(found->state.version, made->result.state.version) << "the late accept was taken, or it was made twice";
    EXPECT_EQ(found->state.earlier.size(), 0u);
    pass(seconds(40));  // both are tried fast
  }
}

// One replica alone has it, under a ballot above all that others use meanwhile.
TEST_F(FastRegistersTest, WhatOneReplicaTookGivesWayToWhatWasChosen) {
  wire([](const Step& step) { return step.from == 0 ? Fate::waits : Fate::arrives; });
  const Pending first = start(create(0, "first", kFirst, seconds(20)));
  pass(milliseconds(5));
  ASSERT_EQ(text_of(run(create(1, "second", kSecond))), "applied") << "without the replica that has the other";
  pass(seconds(1));
  EXPECT_EQ(read_local(0), "second");
  heal();
  wait_for(first);
  EXPECT_EQ(text_of(**first), "refused");
  expect_read("second");
}

TEST_F(FastRegistersTest, AFastAcceptThatComesAfterAPromiseIsRefused) {
  wire([](const Step& step) { return is_fast(step) ? Fate::waits : Fate::arrives; });
  const Pending first = start(create(0, "first", kFirst, seconds(20)));
  pass(milliseconds(5));
  look_at(key());
  heal();
  wait_for(first);
  EXPECT_EQ(text_of(**first), "applied");
  EXPECT_EQ(at(0).statistics().fast_chosen, 0u);
  expect_read("first");
}

TEST_F(FastRegistersTest, ALateFastAcceptFindsWhatWasCollectedSince) {
  wire([](const Step& step) { return step.from == 0 && is_fast(step) ? Fate::waits : Fate::arrives; });
  EXPECT_EQ(text_of(run(create(0, "first", kFirst, milliseconds(300)))), "unknown_outcome");
  ASSERT_EQ(text_of(run(write(1, "second", kSecond))), "applied");
  ASSERT_EQ(text_of(run(write(1, std::nullopt, {3, 3}))), "applied");
  pass(seconds(5));
  for (std::size_t node = 0; node < kNodes; ++node) ASSERT_TRUE(nothing_at(node)) << "not collected at " << node;
  for (const std::size_t node : {1, 2}) nodes_[node]->restart();
  heal();
  pass(seconds(1));
  for (std::size_t node = 0; node < kNodes; ++node) EXPECT_TRUE(nothing_at(node)) << "taken at " << node;
  expect_read("(absent)");
  EXPECT_EQ(run(create(2, "third", {4, 4}))->stats.round_trips, 1u) << "above what was collected";
}

TEST_F(FastRegistersTest, ALockIsFirstTakenInOneRoundTrip) {
  const RegisterKey lock = lock_register(TenantId{kTenant}, 4, "lock");
  const auto acquire = [&](std::size_t node, Bytes owner, RequestId request) {
    return run(at(node).execute(lock, LockAcquireCommand{std::move(owner), 10'000, 1'000, 500, 0}, request, in(seconds(5))));
  };
  const auto taken = acquire(0, "a", kFirst);
  ASSERT_EQ(text_of(taken), "applied");
  EXPECT_EQ(taken->stats.round_trips, 1u);
  EXPECT_EQ(decode_lock(taken->result.state)->token, 1u);
  EXPECT_EQ(text_of(acquire(1, "b", kSecond)), "refused");
}

TEST_F(FastRegistersTest, TheClustersOwnRegistersAreMadeWithAPrepare) {
  const RegisterKey own{kSystemTenant, PartitionId{0}, "sown"};
  const auto made = run(at(0).execute(own, CasCommand{CasCommand::Expect::absent, {}, 0, Bytes("a")}, kFirst, in(seconds(5))));
  ASSERT_EQ(text_of(made), "applied");
  EXPECT_EQ(made->stats.round_trips, 2u);
}

}  // namespace
}  // namespace latium::testing
