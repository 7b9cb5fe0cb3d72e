// One copy: what it takes in, what it keeps for others, what it refuses.
#include "replication/bucket_replica.h"

#include "replication/expiring_key.h"
#include "tests/replication/one_replica.h"

namespace latium::testing {
namespace {

using BucketReplicaTest = OneReplica;

TEST_F(BucketReplicaTest, OffersOfOneMessageAndOfManyAreMerged) {
  auto answers = handle({{.key = key("k"), .offered = value(1, 1)}, {.key = key("k"), .offered = value(2, 1)}});
  ASSERT_TRUE(answers.has_value());
  EXPECT_TRUE((*answers)[0].has_value() && (*answers)[1].has_value());
  EXPECT_EQ(held("k"), 2u);
  // Two messages at once, none of which waits for the other.
  TaskGroup both(runtime().executor, 2);
  const auto offer = [](BucketReplica& replica, DataKey at, VersionSet set) -> Task<void> {
    const auto done = co_await replica.handle({{.key = std::move(at), .offered = std::move(set)}}, [] { return Result<void>(); });
    co_return done && (*done)[0] ? Result<void>() : fail(ErrorCode::internal, "not taken in");
  };
  ASSERT_TRUE(both.spawn(offer(*replica_, key("k"), value(3, 1))).has_value());
  ASSERT_TRUE(both.spawn(offer(*replica_, key("k"), value(4, 1))).has_value());
  ASSERT_TRUE(run(both.join()).has_value());
  EXPECT_EQ(held("k"), 4u);
}

TEST_F(BucketReplicaTest, WhatIsAnsweredSurvivesAPowerCut) {
  ASSERT_TRUE(handle({{.key = key("k"), .offered = value(1, 1)}})->front().has_value());
  ASSERT_TRUE(handle({{.key = key("k"), .hint_for = kOther, .offered = value(1, 2)}})->front().has_value());
  boot({});
  EXPECT_EQ(held("k"), 1u);
  EXPECT_EQ(held("k", kOther), 1u);
  EXPECT_EQ(hints_.count(), 1u);
  EXPECT_EQ(hints_.accounts().at(kOther).count, 1u);
  EXPECT_GT(hints_.bytes(), 0u);
}

TEST_F(BucketReplicaTest, WhatIsKnownAlreadyIsNotWrittenAgain) {
  ASSERT_TRUE(handle({{.key = key("k"), .offered = value(1, 1)}})->front().has_value());
  const std::uint64_t written = engine_->statistics().written_bytes;
  ASSERT_TRUE(handle({{.key = key("k"), .offered = value(1, 1)}})->front().has_value());
  EXPECT_EQ(engine_->statistics().written_bytes, written);
  EXPECT_EQ(replica_->statistics().known_already, 1u);
}

// What was only buffered may be asked for again, and then has to survive a power cut.
TEST_F(BucketReplicaTest, WhatIsKnownAlreadyIsAsDurableAsItIsAskedFor) {
  for (const NodeId hint_for : {NodeId(), kOther}) {
    const auto item = [&](Durability durability) {
      return BucketItem{.key = key("k"), .hint_for = hint_for, .offered = value(1, 1), .durability = durability};
    };
    ASSERT_TRUE(step(item(Durability::buffered)));
    EXPECT_GT(disk_.unsynced_records(), 0u);
    ASSERT_TRUE(step(item(Durability::buffered)));
    EXPECT_GT(disk_.unsynced_records(), 0u) << "nobody asked for it";
    ASSERT_TRUE(step(item(Durability::sync)));
    EXPECT_EQ(disk_.unsynced_records(), 0u);
  }
  // Of a write that this node coordinates, and that changes nothing.
  const auto same = [&](Durability durability) {
    return run(replica_->change(
        key("c"), {}, durability, [] { return Result<void>(); },
        [](const VersionSet&, Hlc) -> Result<VersionSet> { return value(1, 2); }));
  };
  ASSERT_TRUE(same(Durability::buffered));
  EXPECT_GT(disk_.unsynced_records(), 0u);
  ASSERT_TRUE(same(Durability::sync));
  EXPECT_EQ(disk_.unsynced_records(), 0u);
  EXPECT_EQ(held("k") + held("k", kOther) + held("c"), 3u);
}

TEST_F(BucketReplicaTest, ASyncThatFailsIsNoAnswer) {
  ASSERT_TRUE(step({.key = key("k"), .offered = value(1, 1), .durability = Durability::buffered}));
  engine_->script(EngineOperation::submit, {EngineFault::unknown_lost});
  EXPECT_FALSE(step({.key = key("k"), .offered = value(1, 1)}));
}

TEST_F(BucketReplicaTest, NothingOutsideThePlacementIsWritten) {
  for (const NodeId hint_for : {NodeId(), kOther}) {
    const auto answers = handle({{.key = key("far"), .hint_for = hint_for, .offered = value(1, 1)},
                                 {.key = key("near"), .hint_for = hint_for, .offered = value(1, 1)}});
    ASSERT_TRUE(answers.has_value());
    EXPECT_EQ(code_of((*answers)[0]), "invalid_argument");
    EXPECT_EQ(code_of((*answers)[1]), "ok");
    EXPECT_EQ(held("far", hint_for), 0u);
  }
  const auto changed = run(replica_->change(
      key("far"), {}, Durability::sync, [] { return Result<void>(); },
      [](const VersionSet&, Hlc) -> Result<VersionSet> { return value(1, 1); }));
  EXPECT_EQ(code_of(changed), "invalid_argument");
  EXPECT_EQ(held("far"), 0u);
  EXPECT_EQ(replica_->statistics().refused_placement, 3u);
}

TEST_F(BucketReplicaTest, HintsHaveABound) {
  boot({.bytes_a_node = 100, .bytes = 1000});
  EXPECT_EQ(code_of(handle({{.key = key("a"), .hint_for = kOther, .offered = value(1, 1)}})->front()), "ok");
  EXPECT_EQ(code_of(handle({{.key = key("b"), .hint_for = kOther, .offered = value(1, 1)}})->front()), "overloaded");
  EXPECT_EQ(hints_.dropped(), 1u);
  EXPECT_EQ(hints_.count(), 1u);
  // The bound is of hints alone, and of each node.
  EXPECT_EQ(code_of(handle({{.key = key("b"), .offered = value(1, 1)}})->front()), "ok");
  EXPECT_EQ(code_of(handle({{.key = key("b"), .hint_for = NodeId{3}, .offered = value(1, 1)}})->front()), "ok");
}

TEST_F(BucketReplicaTest, AHintThatGrewWhileItWasDeliveredStays) {
  ASSERT_TRUE(handle({{.key = key("k"), .hint_for = kOther, .offered = value(1, 1)}})->front().has_value());
  ASSERT_TRUE(handle({{.key = key("k"), .hint_for = kOther, .offered = value(2, 1)}})->front().has_value());
  ASSERT_TRUE(run(replica_->forget_hints(kOther, {{key("k"), value(1, 1)}})).has_value());
  EXPECT_EQ(hints_.count(), 1u);
  ASSERT_TRUE(run(replica_->forget_hints(kOther, {{key("k"), merge(value(1, 1), value(2, 1))}})).has_value());
  EXPECT_EQ(hints_.count(), 0u);
  EXPECT_EQ(hints_.bytes(), 0u);
  EXPECT_EQ(held("k", kOther), 0u);
}

TEST_F(BucketReplicaTest, AnswersInOneMessageHaveABound) {
  VersionSet large = value(1, 1);
  large.versions.front().value.assign(16u << 20, 'x');
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(handle({{.key = key(name), .offered = large}})->front().has_value());
  const auto answers =
      handle({{.key = key("a"), .offered = {}}, {.key = key("b"), .offered = {}}, {.key = key("c"), .offered = {}}});
  ASSERT_TRUE(answers.has_value());
  EXPECT_EQ(code_of((*answers)[1]), "ok");
  EXPECT_EQ(code_of((*answers)[2]), "overloaded");
}

TEST_F(BucketReplicaTest, APageHasAllPartitionsInOrder) {
  for (const char* name : {"c", "a", "b"}) {
    DataKey at = key(name);
    at.partition = PartitionId{static_cast<std::uint16_t>(name[0] % 2)};
    ASSERT_TRUE(handle({{.key = at, .offered = value(1, 1)}})->front().has_value());
  }
  const auto page = run(replica_->page(TenantId{1}, "~b", {PartitionId{0}, PartitionId{1}}, {}, {}, 2));
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->entries.size(), 2u);
  EXPECT_EQ(page->entries[0].key + page->entries[1].key, "ab");
  EXPECT_TRUE(page->more);
  const auto one = run(replica_->page(TenantId{1}, "~b", {PartitionId{1}}, {}, {}, 9));
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->entries.size(), 2u);
}

TEST_F(BucketReplicaTest, PagesDoNotTakeThePoolFromReads) {
  ASSERT_TRUE(offer(key("k"), value(1, 1)));
  constexpr std::size_t kTooMany = BucketReplica::kPagesAtOnce + BucketReplica::kPagesWaiting + 3;
  std::map<std::string, std::size_t> outcomes;
  TaskGroup pages(runtime().executor, kTooMany);
  const auto ask = [](BucketReplica& replica, std::map<std::string, std::size_t>& out) -> Task<void> {
    const auto page = co_await replica.page(TenantId{1}, "~b", {PartitionId{0}}, {}, {}, 9);
    ++out[code_of(page)];
    co_return Result<void>();
  };
  for (std::size_t i = 0; i < kTooMany; ++i) ASSERT_TRUE(pages.spawn(ask(*replica_, outcomes)));
  settle();
  EXPECT_EQ(outcomes["overloaded"], 3u) << "the others run or wait";
  ASSERT_TRUE(run(pages.join()));
  EXPECT_EQ(outcomes["ok"], kTooMany - 3);
}

// What Family::expiring lists, as due times by user's key.
std::map<Bytes, std::uint64_t> expiring(Engine& engine) {
  std::map<Bytes, std::uint64_t> out;
  auto cursor = engine.scan(Family::expiring, {}, nullptr);
  LATIUM_CHECK(cursor.has_value());
  for (; (*cursor)->valid(); (*cursor)->next()) {
    const auto parsed = parse_expiring_key((*cursor)->key());
    LATIUM_CHECK(parsed.has_value());
    const auto at = parse_data_key(parsed->data_key);
    LATIUM_CHECK(at.has_value());
    EXPECT_TRUE(out.emplace(at->user_key, parsed->due_ms).second) << at->user_key << " is listed twice";
  }
  return out;
}

TEST_F(BucketReplicaTest, ADropRemovesWhatItNamesAndNothingElse) {
  const VersionSet held = lww(1, 5, true);
  ASSERT_TRUE(offer(lww_key("k"), held));
  ASSERT_TRUE(step({.key = lww_key("k"), .offered = {}, .drop = held.digest() + 1}));
  EXPECT_EQ(all_of(lww_key("k")), held) << "another digest: it has changed since";
  ASSERT_TRUE(step({.key = lww_key("k"), .offered = {}, .drop = held.digest()}));
  EXPECT_TRUE(all_of(lww_key("k")).versions.empty());
  EXPECT_EQ(replica_->statistics().dropped, 1u);
  EXPECT_EQ(check().keys, 0u) << "it is gone from the disk";
  EXPECT_EQ(root(), 0u);
  EXPECT_TRUE(expiring(*engine_).empty());
  boot({});
  EXPECT_TRUE(all_of(lww_key("k")).versions.empty());
}

TEST_F(BucketReplicaTest, ADropMakesNoBucketAndLeavesNoTrace) {
  ASSERT_TRUE(step({.key = lww_key("k"), .offered = {}, .drop = 7}));
  EXPECT_FALSE(directory_.bucket_exists(TenantId{1}, "l"));
  EXPECT_EQ(replica_->statistics().dropped, 0u);
  EXPECT_EQ(code_of(step({.key = lww_key("far"), .offered = {}, .drop = 7})), "invalid_argument");
}

TEST_F(BucketReplicaTest, WhatIsKnownToBeGoneIsRefused) {
  ASSERT_TRUE(run(partitions_->learn(TenantId{1}, {{PartitionId{0}, {.known = {{NodeId{1}, 5}}, .floor = Hlc{9}}}})));
  for (int start = 0; start < 2; ++start) {
    for (const DataKey& at : {lww_key("k"), key("k")}) {
      const auto refused = offer(at, at.bucket == "l" ? lww(1, 5) : value(1, 5));
      ASSERT_TRUE(refused.has_value());
      EXPECT_TRUE(refused->obsolete);
      EXPECT_TRUE(all_of(at).versions.empty());
    }
    EXPECT_EQ(replica_->statistics().refused_obsolete, 2u);
    EXPECT_EQ(check().keys, 0u);
    boot({});  // it is known after a start too
  }
  const auto later = offer(lww_key("k"), lww(1, 6));
  EXPECT_TRUE(later && !later->obsolete);
  const auto of_another = offer(key("k"), value(2, 1));
  EXPECT_TRUE(of_another && !of_another->obsolete);
  EXPECT_EQ(check().keys, 2u);
  // Nor is it kept for somebody else, who has had it too.
  const auto hint = step({.key = lww_key("h"), .hint_for = kOther, .offered = lww(1, 5)});
  EXPECT_TRUE(hint && hint->obsolete);
  EXPECT_EQ(hints_.count(), 0u);
  const auto news = step({.key = lww_key("h"), .hint_for = kOther, .offered = lww(1, 6)});
  EXPECT_TRUE(news && !news->obsolete);
  EXPECT_EQ(hints_.count(), 1u);
}

TEST_F(BucketReplicaTest, WhatIsHeldIsNotObsoleteWhenItIsOfferedAgain) {
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 5)));
  ASSERT_TRUE(run(partitions_->learn(TenantId{1}, {{PartitionId{0}, {.known = {{NodeId{1}, 5}}, .floor = {}}}})));
  const auto again = offer(lww_key("k"), lww(1, 5));
  EXPECT_TRUE(again && !again->obsolete);
  EXPECT_EQ(all_of(lww_key("k")), lww(1, 5));
}

// With siblings a deletion has no dot of its own: what it deletes being known says nothing of whether the deletion is.
TEST_F(BucketReplicaTest, ADeletionOfWhatIsHeldIsNews) {
  ASSERT_TRUE(offer(key("k"), value(1, 5)));
  ASSERT_TRUE(run(partitions_->learn(TenantId{1}, {{PartitionId{0}, {.known = {{NodeId{1}, 5}}, .floor = {}}}})));
  const VersionSet deletion = with_deletion(value(1, 5), value(1, 5).context);
  const auto taken = offer(key("k"), deletion);
  EXPECT_TRUE(taken && !taken->obsolete);
  EXPECT_EQ(all_of(key("k")), deletion);
  const auto elsewhere = offer(key("nothing is held"), deletion);
  EXPECT_TRUE(elsewhere && elsewhere->obsolete);
}

TEST_F(BucketReplicaTest, AWriterIsToldTheFloor) {
  ASSERT_TRUE(run(partitions_->learn(TenantId{1}, {{PartitionId{0}, {.known = {}, .floor = Hlc{77}}}})));
  for (const NodeId hint_for : {NodeId(), kOther}) {
    Hlc told;
    ASSERT_TRUE(run(replica_->change(
        lww_key("k"), hint_for, Durability::sync, [] { return Result<void>(); },
        [&](const VersionSet&, Hlc floor) -> Result<VersionSet> {
          told = floor;
          return lww(1, 100);
        })));
    EXPECT_EQ(told, Hlc{77});
  }
}

TEST_F(BucketReplicaTest, WhatIsToGoIsListedAndFollowsEachWrite) {
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 1)));
  EXPECT_TRUE(expiring(*engine_).empty()) << "a value that stays";
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 2, false, 5000)));
  EXPECT_EQ(expiring(*engine_), (std::map<Bytes, std::uint64_t>{{"k", 5000}}));
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 3, false, 6000)));
  EXPECT_EQ(expiring(*engine_), (std::map<Bytes, std::uint64_t>{{"k", 6000}}));
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 2, false, 5000)));
  EXPECT_EQ(expiring(*engine_), (std::map<Bytes, std::uint64_t>{{"k", 6000}})) << "an older write changes nothing";
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 4, true)));
  EXPECT_EQ(expiring(*engine_), (std::map<Bytes, std::uint64_t>{{"k", 0}}));
  ASSERT_TRUE(offer(lww_key("k"), lww(1, 5)));
  EXPECT_TRUE(expiring(*engine_).empty());
  // With siblings: a deletion is a context alone.
  ASSERT_TRUE(offer(key("s"), value(1, 1)));
  EXPECT_TRUE(expiring(*engine_).empty());
  ASSERT_TRUE(offer(key("s"), with_deletion(value(1, 1), value(1, 1).context)));
  EXPECT_EQ(expiring(*engine_), (std::map<Bytes, std::uint64_t>{{"s", 0}}));
  // A hint is not of this node's.
  ASSERT_TRUE(step({.key = lww_key("h"), .hint_for = kOther, .offered = lww(1, 9, true)}));
  EXPECT_EQ(expiring(*engine_).size(), 1u);
  boot({});
  EXPECT_EQ(expiring(*engine_).size(), 1u);
}

// Each write starts from what the one before decided, whether its batch reaches the disk or not: what is listed has to be right
// all the same, since nothing looks for what is not.
TEST_F(BucketReplicaTest, WhatIsToGoIsListedWhicheverBatchesFail) {
  const std::vector<std::vector<VersionSet>> histories = {
      {lww(1, 2, true), lww(1, 3)},        // a deletion that is replaced
      {lww(1, 2, true), lww(1, 2, true)},  // that is offered again
      {lww(1, 2, false, 5000), lww(1, 3, false, 6000), lww(1, 4, true)},
      {lww(1, 2, true), lww(1, 3, false, 5000), lww(1, 4)},
  };
  const auto send = [](BucketReplica& replica, DataKey at, VersionSet set) -> Task<void> {
    EXPECT_TRUE(co_await replica.handle({{.key = std::move(at), .offered = std::move(set)}}, [] { return Result<void>(); }));
    co_return Result<void>();
  };
  int number = 0;
  for (const auto& history : histories) {
    for (std::uint32_t faults = 0; faults < 27; ++faults) {
      const DataKey at = lww_key("k" + std::to_string(++number));
      ASSERT_TRUE(offer(at, lww(1, 1, false, 4000)));
      std::uint32_t left = faults;
      for (std::size_t i = 0; i < history.size(); ++i, left /= 3) {
        constexpr EngineFault kFaults[] = {EngineFault::none, EngineFault::unknown_lost, EngineFault::unknown_applied};
        engine_->script(EngineOperation::submit, {kFaults[left % 3]});
      }
      TaskGroup all(runtime().executor, 8);
      for (const VersionSet& set : history) ASSERT_TRUE(all.spawn(send(*replica_, at, set)));
      ASSERT_TRUE(run(all.join()));
      const auto expected = expiry_of(all_of(at));
      const auto listed = expiring(*engine_);
      const auto found = listed.find(at.user_key);
      EXPECT_EQ(expected, found == listed.end() ? std::nullopt : std::optional(found->second)) << at.user_key;
    }
  }
}

}  // namespace
}  // namespace latium::testing
