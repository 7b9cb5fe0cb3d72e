// Several registers at one moment, on the node that has the only replica of each.
#include "replication/registers.h"

#include "tests/replication/three_replicas.h"

namespace latium::testing {
namespace {

class RegistersTogetherTest : public ThreeReplicas {
 protected:
  RegistersTogetherTest() { members_ = {id(0)}; }

  using States = std::vector<std::optional<RegisterState>>;

  static RegisterKey named(const Bytes& name) { return user_register(TenantId{kTenant}, 4, name); }
  static std::vector<RegisterKey> keys() { return {named("a"), named("b")}; }
  static CasCommand to(Bytes value) { return {CasCommand::Expect::anything, {}, 0, std::move(value)}; }

  /// Sets both to `value`, if `a` holds `expected`.
  Task<bool> set_both(std::string expected, Bytes value, MonotonicTime deadline) {
    return at(0).change_together(
        keys(),
        [expected, value](Registers::Together& now) -> Result<States> {
          const std::string there = now.state(0).present ? now.state(0).value : "(absent)";
          if (there != expected) return fail(ErrorCode::conflict, "it is " + there);
          return States{now.applied(0, to(value)).state, now.applied(1, to(value)).state};
        },
        deadline);
  }
  std::string both(std::string expected, Bytes value) {
    const auto done = run(set_both(std::move(expected), std::move(value), in(seconds(5))));
    if (!done) return done.error().message;
    return *done ? "done" : "not alone";
  }
  std::string there(const Bytes& name, std::size_t node = 0) { return text_of(run(at(node).read(named(name), in(seconds(5))))); }
};

TEST_F(RegistersTogetherTest, AllAreChangedOrNoneIs) {
  EXPECT_EQ(both("(absent)", "one"), "done");
  EXPECT_EQ(there("a") + there("b"), "oneone");
  EXPECT_EQ(both("(absent)", "two"), "it is one");
  EXPECT_EQ(there("a") + there("b"), "oneone");
  nodes_[0]->restart();
  EXPECT_EQ(there("a") + there("b"), "oneone");
  EXPECT_EQ(both("one", "two"), "done");
  EXPECT_EQ(there("b", 1), "two");
}

TEST_F(RegistersTogetherTest, WhereAnotherNodeHasReplicasNothingIsDone) {
  members_ = {id(0), id(1), id(2)};
  EXPECT_EQ(both("(absent)", "one"), "not alone");
  EXPECT_EQ(there("a"), "(absent)");
  members_ = {id(1)};
  EXPECT_EQ(both("(absent)", "one"), "not alone");
}

// Commands of this node and of others that were in front of it, or are behind it.
TEST_F(RegistersTogetherTest, ItStandsInOneOrderWithCommands) {
  for (std::size_t node = 0; node < 2; ++node) {
    const RequestId request{5, node};
    EXPECT_EQ(text_of(run(at(node).execute(named("a"), to("before"), request, in(seconds(5))))), "applied");
    EXPECT_EQ(both("before", "together"), "done");
    CasCommand command = to("after");
    command.expect = CasCommand::Expect::value;
    command.expected_value = "together";
    EXPECT_EQ(text_of(run(at(node).execute(named("a"), command, {6, node}, in(seconds(5))))), "applied");
    EXPECT_EQ(there("a", 1 - node) + " " + there("b", 1 - node), "after together");
  }
}

// An accept that is decided and not on the disk yet counts, and is on the disk before anybody is told of what stands on it.
TEST_F(RegistersTogetherTest, WhatIsOnItsWayToTheDiskIsSeenAndThenThere) {
  std::vector<RegisterKey> there_now;
  bool on_its_way = false;
  const auto look = [&](Registers::Together& now) -> Result<States> {
    const KeyRange all{named("").stored().substr(0, 4), Bytes(8, '\xff')};
    LATIUM_CHECKED(now.moment().scan(
        all, [](BytesView) { return true; },
        [&](BytesView stored, const AcceptorRecord& record, bool on_disk) {
          const auto key = parse_register_key(stored);
          if (!record.state.present || !key) return;
          there_now.push_back(*key);
          on_its_way = on_its_way || !on_disk;
        }));
    return States(1);
  };
  const auto scan = [&](const Bytes& name) { return at(0).change_together({named(name)}, look, in(seconds(5))); };
  for (const auto& [request, name] : {std::pair<std::uint64_t, Bytes>{1, "a"}, {2, "b"}}) {
    const Pending command = start(at(0).execute(named(name), to("new"), {7, request}, in(seconds(5))));
    // As soon as it is decided, which takes a few turns of the loop.
    for (int turn = 0; turn < 200 && !on_its_way && !command->has_value(); ++turn) {
      there_now.clear();
      EXPECT_TRUE(run(scan(name)).has_value());
    }
    wait_for(command);
  }
  EXPECT_TRUE(on_its_way);
  there_now.clear();
  EXPECT_TRUE(run(scan("a")).has_value());
  EXPECT_EQ(there_now.size(), 2u);
  nodes_[0]->restart();
  EXPECT_EQ(there("a") + there("b"), "newnew");
}

// Else who is refused for what is there, and looks at it, would find nothing, and try again at once, and again.
TEST_F(RegistersTogetherTest, WhatItWasRefusedForIsThereToBeRead) {
  const Pending command = start(at(0).execute(named("a"), to("in the way"), {7, 1}, in(seconds(5))));
  std::string seen = "done";
  bool before_its_answer = false;
  for (int turn = 0; turn < 200 && seen == "done"; ++turn) {
    seen = run(at(0).change_together(
               {named("a")},
               [&](Registers::Together& now) -> Result<States> {
                 if (!now.state(0).present) return States(1);
                 before_its_answer = !command->has_value();
                 return fail(ErrorCode::conflict, "refused");
               },
               in(seconds(5))))
               ? "done"
               : there("a");
  }
  EXPECT_TRUE(before_its_answer);
  EXPECT_EQ(seen, "in the way");
  wait_for(command);
}

TEST_F(RegistersTogetherTest, WhoDoesNotWaitAnyMoreIsNotAsked) {
  const auto late = run(set_both("(absent)", "late", runtime().clock.monotonic_now()));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::unavailable);
  pass(seconds(1));
  EXPECT_EQ(there("a") + there("b"), "(absent)(absent)");
}

}  // namespace
}  // namespace latium::testing
