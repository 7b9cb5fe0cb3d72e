// One copy of a bucket in virtual time, on a disk that can lose its power.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "replication/bucket_replica.h"
#include "store/fault_engine.h"
#include "store/memory_engine.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {

inline constexpr NodeId kOther{2};

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

class OneReplica : public Simulated {
 protected:
  void SetUp() override { boot({}); }
  void TearDown() override {
    replica_.reset();
    engine_.reset();
  }

  /// A power cut, and a start on what is left.
  void boot(HintLimits limits) {
    replica_.reset();
    partitions_.reset();
    if (engine_) {
      memory_->abandon();
      engine_.reset();
      Random random(1);
      disk_.crash(random);
    }
    MemoryEngine::Options options;
    options.runtime = &runtime();
    auto engine = MemoryEngine::open(disk_, options);
    LATIUM_CHECK(engine.has_value());
    memory_ = engine->get();
    engine_ = std::make_unique<FaultEngine>(std::move(*engine), EngineFaultRates{}, Random(1));
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
  static DataKey lww_key(const Bytes& name) { return {TenantId{1}, PartitionId{0}, "l", name}; }
  static VersionSet lww(std::uint64_t actor, std::uint64_t counter, bool tombstone = false, std::uint64_t expires_ms = 0) {
    return {Conflicts::last_write_wins,
            {},
            {{.dot = {NodeId{actor}, counter},
              .stamp = Hlc{counter},
              .expires_ms = expires_ms,
              .tombstone = tombstone,
              .value = tombstone ? Bytes() : std::to_string(counter)}}};
  }
  /// One item's answer.
  Result<BucketAnswer> step(BucketItem item) {
    const auto answers = handle({std::move(item)});
    if (!answers) return fail(answers.error());
    return answers->front();
  }
  Result<BucketAnswer> offer(const DataKey& at, VersionSet set) { return step({.key = at, .offered = std::move(set)}); }
  VersionSet all_of(const DataKey& at) {
    const auto answer = step({.key = at, .offered = {}});
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->held : VersionSet();
  }
  TreeCheck check() {
    const auto checked = check_tree(*engine_, TenantId{1}, PartitionId{0});
    EXPECT_TRUE(checked.has_value());
    return checked ? *checked : TreeCheck();
  }
  std::uint64_t root_on_disk() {
    const auto tree = read_tree(*engine_, TenantId{1}, PartitionId{0});
    EXPECT_TRUE(tree.has_value());
    return tree ? tree->root() : 0;
  }
  std::uint64_t root() {
    const auto root = run(partitions_->root(TenantId{1}, PartitionId{0}));
    EXPECT_TRUE(root.has_value());
    return root ? *root : 0;
  }

  Result<std::vector<Result<BucketAnswer>>> handle(std::vector<BucketItem> items) {
    return run(replica_->handle(std::move(items), [] { return Result<void>(); }));
  }
  std::size_t held(const Bytes& name, NodeId hint_for = {}) {
    const auto answers = handle({{.key = key(name), .hint_for = hint_for, .offered = {}}});
    return answers && (*answers)[0] ? (*answers)[0]->held.versions.size() : 0;
  }

  SimulatedDisk disk_;
  MemoryEngine* memory_ = nullptr;  // inside engine_
  std::unique_ptr<FaultEngine> engine_;
  Directory directory_;
  HintBook hints_;
  std::unique_ptr<PartitionBook> partitions_;
  std::unique_ptr<BucketReplica> replica_;
};

}  // namespace latium::testing
