// Every step of hint delivery, of read repair and of a write with its tree, and a node that dies right behind it: nothing is
// lost, nothing comes twice, and every tree says what is there.
#include <set>

#include "proto/wire.pb.h"
#include "tests/sim/repair_cluster.h"

namespace latium::sim {
namespace {

using std::chrono::milliseconds;

constexpr int kKeysEach = 3;

/// A client of one node: requests that nobody waits for.
class Caller final : public Process {
 public:
  explicit Caller(NodeSeams seams) : seams_(seams), tasks_(seams.runtime.executor, 1024) {}
  void call(Address node, Method method, Bytes request) {
    LATIUM_CHECK(tasks_.spawn(send(std::move(node), method, std::move(request))).has_value());
  }
  int answered() const { return answered_; }
  Task<void> stop() override {
    tasks_.cancel();
    LATIUM_CO_CHECKED(co_await seams_.transport.stop());
    co_return co_await tasks_.join();
  }

 private:
  Task<void> send(Address node, Method method, Bytes request) {
    const MonotonicTime deadline = saturating_add(seams_.runtime.clock.monotonic_now(), seconds(4));
    const auto answer = co_await seams_.transport.call(std::move(node), method, std::move(request), CallOptions{deadline});
    answered_ += answer ? 1 : 0;
    co_return Result<void>();
  }

  NodeSeams seams_;
  TaskGroup tasks_;
  int answered_ = 0;
};

/// One run of a scenario: a cluster of its own, which somebody may crash at a step.
class Run : public RepairCluster {
 public:
  void TestBody() override {}
  virtual ~Run() = default;

  /// Everything up to the moment from which steps count.
  virtual void prepare() = 0;
  /// Begins what is to be interrupted.
  virtual void begin() = 0;
  /// What began has come to its end.
  virtual bool over() = 0;
  /// After a crash and a start, some time later.
  virtual void judge() = 0;

  /// Runs until it is over, or until something happens for the n-th time: a message is sent or received, a batch is in the log,
  /// a log is synced. How often anything happened.
  std::uint64_t play(std::uint64_t steps) {
    const std::uint64_t first = happened();
    begin();
    EXPECT_TRUE(simulation_.run_until([&] { return over() || happened() - first >= steps; }, simulation_.now() + minutes(2)));
    return happened() - first;
  }
  void crash(std::size_t victim, Crash how) {
    nodes_[victim]->kill(how);
    pass(milliseconds(300));
    ASSERT_TRUE(nodes_[victim]->start());
    ASSERT_TRUE(soon(minutes(2), [&] { return core_of(nodes_[victim]->process()) != nullptr && all_know_all(); }));
    judge();
  }

 protected:
  static Bytes name(int i) { return "k" + std::to_string(i); }
  void call(std::size_t node, Method method, const google::protobuf::Message& request) {
    if (!caller_) {
      SimHost::Options host{.name = "caller", .site = "rennes", .identity = {}, .engine = {}};
      caller_ = std::make_unique<SimHost>(simulation_, network_, std::move(host),
                                          [](NodeSeams seams) { return std::make_unique<Caller>(seams); });
      ASSERT_TRUE(caller_->start());
    }
    static_cast<Caller&>(caller_->process()).call(addresses_[node], method, request.SerializeAsString());
  }
  int answered() { return caller_ ? static_cast<Caller&>(caller_->process()).answered() : 0; }

  std::uint64_t happened() {
    std::uint64_t count = 0;
    for (const auto& node : nodes_) {
      if (!node->running()) continue;
      const auto sent = node->transport().statistics();
      const auto written = node->engine().statistics();
      count += sent.requests_sent + sent.requests_received + written.commit_batches + written.commit_groups + written.syncs;
    }
    return count;
  }
  void expect_right_trees() {
    for (std::size_t i = 0; i < kNodes; ++i) {
      const auto checked = simulation_.run(core(i).buckets().partitions().check(tenant(), PartitionId{0}));
      ASSERT_TRUE(checked.has_value());
      EXPECT_TRUE(checked->wrong.empty()) << "node " << i;
    }
  }
  /// Each has one value, the same everywhere.
  void expect_one_value(const Bytes& bucket, const Bytes& key) {
    EXPECT_TRUE(equal_disks(bucket, key)) << bucket << "/" << key;
    for (std::size_t i = 0; i < kNodes; ++i) {
      ASSERT_FALSE(on_disk(i, bucket, key).empty()) << bucket << "/" << key << " is lost at node " << i;
      EXPECT_EQ(held(i, bucket, key).versions.size(), 1u) << bucket << "/" << key;
    }
  }

 private:
  std::unique_ptr<SimHost> caller_;
};

/// Crashes each victim in both ways behind each step of the scenario.
template <class Scenario>
void crash_everywhere(const std::vector<std::size_t>& victims) {
  std::uint64_t steps = 0;
  {
    Scenario whole;
    whole.prepare();
    steps = whole.play(~std::uint64_t{0});
    ASSERT_TRUE(whole.over());
  }
  ASSERT_GT(steps, 5u);
  for (const std::size_t victim : victims) {
    for (const Crash how : {Crash::process, Crash::machine}) {
      for (std::uint64_t step = 0; step <= steps; ++step) {
        SCOPED_TRACE("node " + std::to_string(victim) + (how == Crash::machine ? " loses power" : " is killed") + " at step " +
                     std::to_string(step) + " of " + std::to_string(steps));
        Scenario run;
        run.prepare();
        run.play(step);
        run.crash(victim, how);
        if (::testing::Test::HasFailure()) return;
      }
    }
  }
}

class HintDeliveryRun final : public Run {
 public:
  void prepare() override {
    form({.compare_every = kNever, .collect_every = kNever, .hints = {}});
    nodes_[2]->kill(Crash::process);
    for (int i = 0; i < kKeysEach; ++i) {
      ASSERT_TRUE(put(0, "l", name(i), "v"));
      ASSERT_TRUE(put(0, "~s", name(i), "v"));
    }
    ASSERT_TRUE(soon(minutes(1), [&] { return core(0).buckets().hints().count() == 2 * kKeysEach; }));
  }
  void begin() override { ASSERT_TRUE(nodes_[2]->start()); }
  bool over() override { return core(0).buckets().hints().count() == 0; }
  void judge() override {
    ASSERT_TRUE(soon(minutes(5), [&] { return over(); })) << "hints are left";
    for (int i = 0; i < kKeysEach; ++i) {
      expect_one_value("l", name(i));
      expect_one_value("~s", name(i));
    }
    for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(entries(i, Family::hints), 0u);
    EXPECT_EQ(core(0).buckets().hints().bytes(), 0u);
    expect_right_trees();
  }
};

TEST(CrashPointsTest, HintDelivery) {
  crash_everywhere<HintDeliveryRun>({0, 2});
}

class ReadRepairRun final : public Run {
 public:
  void prepare() override {
    form({.compare_every = kNever, .collect_every = kNever, .hints = {}});
    for (int i = 0; i < kKeysEach; ++i) {
      ASSERT_TRUE(put(1, "l", name(i), "v"));
      ASSERT_TRUE(put(1, "~s", name(i), "v"));
    }
    pass(seconds(2));
    for (int i = 0; i < kKeysEach; ++i) {
      lose(2, "l", name(i));
      lose(2, "~s", name(i));
    }
  }
  void begin() override { read_all(); }
  bool over() override {
    for (int i = 0; i < kKeysEach; ++i) {
      if (on_disk(2, "l", name(i)).empty() || on_disk(2, "~s", name(i)).empty()) return false;
    }
    return true;
  }
  void judge() override {
    pass(seconds(5));
    // Asked of the node itself: a caller's connection to a machine that has lost power may be dead without a sign, and a read
    // that never arrives repairs nothing.
    for (int i = 0; i < kKeysEach; ++i) {
      EXPECT_EQ(get(0, "l", name(i), client::LEVEL_ALL).values_size(), 1);
      EXPECT_EQ(get(0, "~s", name(i), client::LEVEL_ALL).values_size(), 1);
    }
    pass(seconds(5));
    for (int i = 0; i < kKeysEach; ++i) {
      expect_one_value("l", name(i));
      expect_one_value("~s", name(i));
    }
    expect_right_trees();
  }

 private:
  void read_all() {
    for (int i = 0; i < 2 * kKeysEach; ++i) {
      client::KvGetRequest request;
      request.set_tenant("acme");
      request.set_bucket(i % 2 == 0 ? "l" : "~s");
      request.set_key(name(i / 2));
      request.set_level(client::LEVEL_ALL);
      call(0, wire::METHOD_KV_GET, request);
    }
  }
};

TEST(CrashPointsTest, ReadRepair) {
  crash_everywhere<ReadRepairRun>({0, 2});
}

/// A put, one over it, and a deletion, of keys of both kinds; hints and anti-entropy see to whoever missed something.
class WriteRun final : public Run {
 public:
  void prepare() override {
    form({.compare_every = seconds(1), .collect_every = seconds(2), .hints = {}});
    for (const Bytes bucket : {"l", "~s"}) {
      ASSERT_TRUE(put(0, bucket, "over", "old"));
      ASSERT_TRUE(put(0, bucket, "gone", "v"));
      over_[bucket] = get(0, bucket, "over", client::LEVEL_ALL).context();
      gone_[bucket] = get(0, bucket, "gone", client::LEVEL_ALL).context();
    }
    pass(seconds(2));
  }
  void begin() override {
    for (const Bytes bucket : {"l", "~s"}) {
      send_put(bucket, "new", "v", {});
      send_put(bucket, "over", "v", over_[bucket]);
      client::KvDeleteRequest deletion;
      deletion.set_tenant("acme");
      deletion.set_bucket(bucket);
      deletion.set_key("gone");
      deletion.set_level(client::LEVEL_QUORUM);
      deletion.set_context(gone_[bucket]);
      call(0, wire::METHOD_KV_DELETE, deletion);
    }
  }
  bool over() override { return answered() == 6; }
  void judge() override {
    expect_right_trees();
    const bool all_acknowledged = answered() == 6;
    ASSERT_TRUE(soon(minutes(5), [&] { return converged() && nothing_remembered(); }));
    for (const Bytes bucket : {"l", "~s"}) {
      expect_one_value(bucket, "over");
      if (all_acknowledged || on_any_disk(bucket, "new")) expect_one_value(bucket, "new");
      if (all_acknowledged) EXPECT_FALSE(on_any_disk(bucket, "gone")) << bucket;
      if (on_any_disk(bucket, "gone")) expect_one_value(bucket, "gone");
      const auto found = get(1, bucket, "over", client::LEVEL_ALL);
      ASSERT_EQ(found.values_size(), 1);
      if (all_acknowledged) EXPECT_EQ(found.values(0), "v");
    }
    for (std::size_t i = 0; i < kNodes; ++i) EXPECT_EQ(entries(i, Family::expiring), 0u);
    expect_right_trees();
  }

 private:
  void send_put(const Bytes& bucket, const Bytes& key, const Bytes& value, const Bytes& context) {
    client::KvPutRequest request;
    request.set_tenant("acme");
    request.set_bucket(bucket);
    request.set_key(key);
    request.set_value(value);
    request.set_context(context);
    request.set_level(client::LEVEL_QUORUM);
    call(0, wire::METHOD_KV_PUT, request);
  }

  std::map<Bytes, Bytes> over_;
  std::map<Bytes, Bytes> gone_;
};

TEST(CrashPointsTest, AWriteAndItsTree) {
  crash_everywhere<WriteRun>({0, 1});
}

}  // namespace
}  // namespace latium::sim
