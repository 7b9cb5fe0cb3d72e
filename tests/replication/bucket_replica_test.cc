// One copy: what it takes in, what it keeps for others, what it refuses.
#include "replication/bucket_replica.h"

#include <set>

#include "store/memory_engine.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {
namespace {

constexpr NodeId kOther{2};

// Everything may lie here but keys that begin with "far".
class Directory final : public BucketDirectory {
 public:
  Result<void> may_hold(const DataKey& key, NodeId) const override {
    if (!key.user_key.starts_with("far")) return {};
    return fail(ErrorCode::invalid_argument, "not here");
  }
  std::vector<NodeId> stand_ins_for(TenantId, PartitionId, NodeId) const override { return {}; }
  std::string site_of(NodeId) const override { return "rennes"; }
  std::vector<Copied> copied_partitions() const override { return {{TenantId{1}, PartitionId{0}, {NodeId{1}, kOther}}}; }
  std::vector<NodeId> may_coordinate(TenantId) const override { return {NodeId{1}, kOther}; }
  bool bucket_exists(TenantId, BytesView bucket) const override { return made_.contains(Bytes(bucket)); }
  Task<void> make_bucket(TenantId, Bytes bucket) override {
    made_.insert(std::move(bucket));
    co_return Result<void>();
  }

 private:
  std::set<Bytes> made_;
};

class BucketReplicaTest : public Simulated {
 protected:
  void SetUp() override { boot({}); }
  void TearDown() override {
    replica_.reset();
    engine_.reset();
  }

  void boot(HintLimits limits) {
    replica_.reset();
    if (engine_) {
      engine_->abandon();
      engine_.reset();
      Random random(1);
      disk_.crash(random);
    }
    MemoryEngine::Options options;
    options.runtime = &runtime();
    auto engine = MemoryEngine::open(disk_, options);
    LATIUM_CHECK(engine.has_value());
    engine_ = std::move(*engine);
    hints_ = HintBook(limits);
    LATIUM_CHECK(hints_.open(*engine_, 1).has_value());
    partitions_ = std::make_unique<PartitionBook>(runtime(), *engine_);
    replica_ = std::make_unique<BucketReplica>(runtime(), *engine_, directory_, hints_, *partitions_);
  }

  static DataKey key(const Bytes& name) { return {TenantId{1}, PartitionId{0}, "~b", name}; }
  static VersionSet value(std::uint64_t actor, std::uint64_t counter) {
    VersionedValue version{
        .dot = {NodeId{actor}, counter}, .stamp = Hlc{counter}, .value = std::to_string(actor) + "-" + std::to_string(counter)};
    return with_write(VersionSet{Conflicts::siblings, {}, {}}, {}, std::move(version), true);
  }
  Result<std::vector<Result<BucketAnswer>>> handle(std::vector<BucketItem> items) {
    return run(replica_->handle(std::move(items), [] { return Result<void>(); }));
  }
  std::size_t held(const Bytes& name, NodeId hint_for = {}) {
    const auto answers = handle({{.key = key(name), .hint_for = hint_for, .offered = {}}});
    return answers && (*answers)[0] ? (*answers)[0]->held.versions.size() : 0;
  }

  SimulatedDisk disk_;
  std::unique_ptr<MemoryEngine> engine_;
  Directory directory_;
  HintBook hints_;
  std::unique_ptr<PartitionBook> partitions_;
  std::unique_ptr<BucketReplica> replica_;
};

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
      [](const VersionSet&) -> Result<VersionSet> { return value(1, 1); }));
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

}  // namespace
}  // namespace latium::testing
