// Changes and looks that every replica takes in one step: one round trip where all agree, and no more said than is known where
// not.
#include "runtime/task_group.h"
#include "tests/replication/three_replicas.h"

namespace latium::testing {
namespace {

constexpr RequestId kFirst{1, 1};
constexpr RequestId kSecond{2, 2};

class RegistersOneStepTest : public ThreeReplicas {
 protected:
  void SetUp() override {
    ThreeReplicas::SetUp();
    for (const Bytes& name : {Bytes("a"), Bytes("b"), Bytes("looked")}) set(0, name, "before");
    settle_learns();
  }

  static RegisterKey named(const Bytes& name) { return user_register(TenantId{kTenant}, 4, name); }
  static CasCommand to(Bytes value) { return {CasCommand::Expect::anything, {}, 0, std::move(value)}; }
  void settle_learns() { pass(milliseconds(200)); }
  void set(std::size_t node, const Bytes& name, Bytes value) {
    ASSERT_EQ(text_of(run(at(node).execute(named(name), to(std::move(value)), RequestId{7, ++requests_}, in(seconds(5))))),
              "applied");
  }
  std::string there(const Bytes& name, std::size_t node = 1) { return text_of(run(at(node).read(named(name), in(seconds(5))))); }

  /// Sets `a` and `b` to "after" if `looked` is still as it was before.
  static OneStep both() {
    return {.changes = {{named("a"), to("after")}, {named("b"), to("after")}},
            .looks = {named("looked")},
            .as_expected = [](std::size_t, const RegisterState& state) { return state.value == "before"; }};
  }
  Result<OneStepOutcome> change_both(std::size_t node = 0) { return run(at(node).change_in_one_step(both(), in(seconds(20)))); }
  OneStepEnd end_of_both(std::size_t node = 0) {
    const auto outcome = change_both(node);
    EXPECT_TRUE(outcome.has_value());
    return outcome ? outcome->end : OneStepEnd::unsure;
  }
  /// change_both(), of which no message must be seen.
  void expect_not_tried(Duration time = seconds(20)) {
    std::size_t messages = 0;
    wire([&](const Step&) {
      ++messages;
      return Fate::arrives;
    });
    EXPECT_EQ(run(at(0).change_in_one_step(both(), in(time)))->end, OneStepEnd::not_tried);
    pass(seconds(1));
    EXPECT_EQ(messages, 0u);
    heal();
  }
  static bool accepts(const Step& step) { return step.is<AcceptOp>(); }

 private:
  std::uint64_t requests_ = 0;
};

TEST_F(RegistersOneStepTest, AllOfItIsOneRoundTripFromAnyNode) {
  for (const std::size_t node : {0u, 2u}) {
    const auto done = change_both(node);
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(done->end, OneStepEnd::clean);
    EXPECT_EQ(done->stats.round_trips, 1u);
    EXPECT_EQ(there("a") + " " + there("b") + " " + there("looked"), "after after before");
    settle_learns();
    set(1, "a", "before");
    set(1, "b", "before");
    settle_learns();
  }
}

TEST_F(RegistersOneStepTest, AfterwardsThisNodeHasThePromises) {
  ASSERT_EQ(end_of_both(), OneStepEnd::clean);
  const auto changed = run(at(0).execute(named("b"), to("later"), kFirst, in(seconds(5))));
  EXPECT_EQ(changed->stats.round_trips, 1u);
  EXPECT_EQ(there("b"), "later");
}

// Who has promises needs a majority, and does not wait for the slowest.
TEST_F(RegistersOneStepTest, WithPromisesForAllAndNothingToLookAtItIsLeftToThem) {
  ASSERT_EQ(end_of_both(), OneStepEnd::clean);
  settle_learns();
  const OneStep again{.changes = {{named("a"), to("again")}, {named("b"), to("again")}}};
  EXPECT_EQ(run(at(0).change_in_one_step(again, in(seconds(5))))->end, OneStepEnd::not_tried);
  EXPECT_EQ(run(at(1).change_in_one_step(again, in(seconds(5))))->end, OneStepEnd::clean) << "that one has none";
  settle_learns();
  EXPECT_EQ(end_of_both(), OneStepEnd::clean) << "with something to look at it saves a round trip";
}

TEST_F(RegistersOneStepTest, WhatNeverWasIsMadeAndLookedAtToo) {
  OneStep step{.changes = {{named("new"), to("made")}, {named("a"), to("after")}},
               .looks = {named("nothing")},
               .as_expected = [](std::size_t, const RegisterState& state) { return !state.present; }};
  EXPECT_EQ(run(at(1).change_in_one_step(std::move(step), in(seconds(5))))->end, OneStepEnd::clean);
  EXPECT_EQ(there("new", 2) + " " + there("a", 2), "made after");
}

TEST_F(RegistersOneStepTest, NothingIsSentWhereItIsKnownToBeInVain) {
  set(1, "looked", "changed");
  settle_learns();
  expect_not_tried();
  set(1, "looked", "before");
  // Not known yet to be chosen.
  wire([](const Step& step) { return step.is<LearnOp>() ? Fate::request_is_lost : Fate::arrives; });
  set(1, "a", "again");
  settle_learns();
  heal();
  expect_not_tried();
  EXPECT_EQ(there("a", 0), "again");
  pass(milliseconds(50));
  EXPECT_EQ(end_of_both(), OneStepEnd::clean) << "who reads it learns it";
}

TEST_F(RegistersOneStepTest, NothingIsSentWhereAReplicaIsInDoubtOrThisNodeIsNone) {
  suspect(2);
  expect_not_tried();
  members_ = {id(1), id(2)};
  expect_not_tried();
  members_ = {id(0)};
  expect_not_tried();
}

TEST_F(RegistersOneStepTest, NothingIsSentAfterTheDeadline) {
  expect_not_tried(Duration());
}

TEST_F(RegistersOneStepTest, NothingIsSentWhileThisNodeIsAtWorkOnOneOfThem) {
  wire([](const Step& step) { return accepts(step) ? Fate::waits : Fate::arrives; });
  const auto pending = start(at(0).execute(named("b"), to("first"), kFirst, in(seconds(5))));
  EXPECT_EQ(end_of_both(), OneStepEnd::not_tried);
  heal();
  wait_for(pending);
  EXPECT_EQ(there("a") + " " + there("b"), "before first");
  settle_learns();
  EXPECT_EQ(end_of_both(), OneStepEnd::clean) << "the turns were given back";
}

// One replica has taken a change of what is looked at, which a majority may take any moment.
TEST_F(RegistersOneStepTest, OneReplicaThatHasAnythingElseIsEnoughToSayNothing) {
  wire([](const Step& step) { return accepts(step) ? Fate::request_is_lost : Fate::arrives; });
  const auto pending = start(at(1).execute(named("looked"), to("about to be"), kFirst, in(milliseconds(400))));
  wait_for(pending);
  heal();
  const auto done = change_both();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->end, OneStepEnd::changed) << "replica 1 has accepted something, and nobody else";
  EXPECT_EQ(there("a") + " " + there("b"), "after after");
}

TEST_F(RegistersOneStepTest, AReplicaThatIsBehindRefuses) {
  wire([](const Step& step) { return step.to == 2 ? Fate::request_is_lost : Fate::arrives; });
  set(1, "a", "elsewhere");
  settle_learns();
  heal();
  EXPECT_EQ(end_of_both(), OneStepEnd::unsure);
  // The long way finds out.
  set(0, "a", "after all");
  set(0, "b", "after all");
  EXPECT_EQ(there("a") + ", " + there("b"), "after all, after all");
}

TEST_F(RegistersOneStepTest, AReplicaThatIsSilentIsWaitedForAsLongAsAnotherRoundWouldTake) {
  wire([](const Step& step) { return step.to == 2 ? Fate::waits : Fate::arrives; });
  const auto began = simulation_.now();
  EXPECT_EQ(end_of_both(), OneStepEnd::unsure);
  EXPECT_LT(simulation_.now() - began, milliseconds(200));
  heal();
  expect_not_tried();  // for a while without that one
  EXPECT_EQ(there("a"), "after") << "two of three have taken it";
}

TEST_F(RegistersOneStepTest, AnAnswerThatIsLostLeavesItUnsureAndTheLongWayGoesOn) {
  wire([](const Step& step) { return step.to == 2 ? Fate::answer_is_lost : Fate::arrives; });
  EXPECT_EQ(end_of_both(), OneStepEnd::unsure);
  heal();
  set(0, "a", "later");
  EXPECT_EQ(there("a", 2), "later");
  EXPECT_EQ(there("b", 2), "after");
}

TEST_F(RegistersOneStepTest, WhatADeletionLeftIsNoBase) {
  ASSERT_EQ(text_of(run(at(0).execute(named("a"), CasCommand{CasCommand::Expect::anything, {}, 0, std::nullopt}, kSecond,
                                      in(seconds(5))))),
            "applied");
  EXPECT_EQ(end_of_both(), OneStepEnd::not_tried);
}

// Steps of one replica, as other nodes take them.
Task<void> take(RegisterReplica& replica, AcceptorOp op, std::vector<Result<AcceptorAnswer>>& out, Bytes name = "looked") {
  std::vector<ReplicaItem> items;
  items.push_back({user_register(TenantId{1}, 4, name), std::move(op)});
  LATIUM_CO_TRY(auto answers, co_await replica.handle(std::move(items), [] { return Result<void>(); }));
  out.push_back(std::move(answers.front()));
  co_return Result<void>();
}

// What is decided counts, on the disk or not; other reads tell of the disk.
TEST_F(RegistersOneStepTest, WhatIsOnItsWayToTheDiskIsNoAnswerToALook) {
  RegisterReplica& replica = nodes_[0]->replica();
  const ReadOp decided{ReadOp::Want::decided};
  std::vector<Result<AcceptorAnswer>> before;
  ASSERT_TRUE(run(take(replica, decided, before)).has_value());
  ASSERT_TRUE(before.front()->ok);
  const Ballot next{Hlc{before.front()->promised.stamp.value + 1}, id(1)};
  RegisterState state;
  state.present = true;
  state.version = 9;
  std::vector<Result<AcceptorAnswer>> accepted;
  std::vector<Result<AcceptorAnswer>> meanwhile;
  TaskGroup group(runtime().executor, 3);
  ASSERT_TRUE(group.spawn(take(replica, AcceptOp{next, state, next, {}}, accepted)).has_value());
  ASSERT_TRUE(group.spawn(take(replica, decided, meanwhile)).has_value());
  ASSERT_TRUE(group.spawn(take(replica, ReadOp{ReadOp::Want::ballots}, meanwhile)).has_value());
  ASSERT_TRUE(run(group.join()).has_value());
  ASSERT_TRUE(accepted.front()->ok);
  ASSERT_EQ(meanwhile.size(), 2u);
  EXPECT_FALSE(meanwhile[0]->ok);
  EXPECT_TRUE(meanwhile[1]->ok);
  EXPECT_EQ(meanwhile[1]->accepted, before.front()->accepted);
  std::vector<Result<AcceptorAnswer>> afterwards;
  ASSERT_TRUE(run(take(replica, decided, afterwards)).has_value());
  EXPECT_TRUE(afterwards.front()->ok);
  EXPECT_EQ(afterwards.front()->accepted, next);
}

// Whoever is answered knows that all that was decided before is told of by reads.
TEST_F(RegistersOneStepTest, AReplicaAnswersInTheOrderOfTheLog) {
  constexpr std::uint64_t kSteps = 50;
  std::vector<Result<AcceptorAnswer>> answers;
  TaskGroup group(runtime().executor, kSteps);
  for (std::uint64_t i = 1; i <= kSteps; ++i) {
    const Ballot ballot{Hlc{i}, id(1)};
    const auto spawned = group.spawn(take(nodes_[0]->replica(), PrepareOp{ballot}, answers, "of its own " + std::to_string(i)));
    ASSERT_TRUE(spawned.has_value());
  }
  ASSERT_TRUE(run(group.join()).has_value());
  ASSERT_EQ(answers.size(), kSteps);
  for (std::uint64_t i = 1; i <= kSteps; ++i) EXPECT_EQ(answers[i - 1]->promised.stamp.value, i);
}

}  // namespace
}  // namespace latium::testing
