// The links to replicas: what they keep in memory for one that does not answer is bounded.
#include "replication/replica_links.h"

#include "proto/replica.pb.h"
#include "runtime/task_group.h"
#include "tests/replication/one_replica.h"

namespace latium::testing {
namespace {

// Node 1 of two, under a map that never changes.
class PairView final : public ClusterView {
 public:
  NodeId self() const override { return NodeId{1}; }
  Epoch epoch() const override { return Epoch{1}; }
  Bytes encoded_topology() const override { return {}; }
  Task<void> adopt_topology(Bytes) override { co_return Result<void>(); }
  Result<ReplicaSet> replicas(TenantId, PartitionId) const override { return ReplicaSet::of({NodeId{1}, kOther}); }
  bool knows_tenant(TenantId) const override { return true; }
  Result<Bytes> tenant_record(TenantId) const override { return Bytes(); }
  Task<void> adopt_tenant(Bytes) override { co_return Result<void>(); }
  Result<PeerView> peer(NodeId node) const override {
    return PeerView{.address = {"node", static_cast<std::uint16_t>(node.value)}};
  }
};

// Nothing comes back before `lost` is set.
class SilentWire final : public Transport {
 public:
  Result<Address> listen(const Address& address, RequestHandler&) override { return address; }
  TransportStatistics statistics() const override { return {}; }
  Task<void> stop() override { co_return Result<void>(); }
  Task<Bytes> call(Address, Method, Bytes request, CallOptions) override {
    bytes += request.size();
    replica::BucketsRequest parsed;
    LATIUM_CHECK(parsed.ParseFromString(request));
    steps.push_back(parsed.items_size());
    LATIUM_CO_CHECKED(co_await lost.wait());
    co_return fail(ErrorCode::unavailable, Certainty::unknown, "the connection was lost");
  }

  Event lost;
  std::size_t bytes = 0;
  std::vector<int> steps;  // of each message
};

class ReplicaLinksTest : public OneReplica {
 protected:
  void SetUp() override {
    OneReplica::SetUp();
    links_ = std::make_unique<BucketLinks>(runtime(), view_, wire_, *replica_);
  }
  void TearDown() override {
    wire_.lost.set();
    pass(seconds(1));
    ASSERT_TRUE(run(links_->stop()).has_value());
    links_.reset();
    OneReplica::TearDown();
  }
  /// Offers a value of so many bytes to the other node; its outcome is counted.
  void send(std::size_t bytes) {
    VersionSet set = value(1, ++written_);
    set.versions.front().value.assign(bytes, 'x');
    BucketItem item{.key = key("k" + std::to_string(written_)), .offered = std::move(set)};
    links_->send(kOther, Epoch{1}, std::move(item), [this](const Result<BucketAnswer>& answer) { ++outcomes_[code_of(answer)]; });
  }

  PairView view_;
  SilentWire wire_;
  std::unique_ptr<BucketLinks> links_;
  std::uint64_t written_ = 0;
  std::map<std::string, int> outcomes_;
};

TEST_F(ReplicaLinksTest, WhatWaitsForOneNodeIsBoundedInBytes) {
  for (int i = 0; i < 200; ++i) {
    send(1u << 20);
    if (i % 10 == 0) pass(milliseconds(5));
  }
  EXPECT_GT(outcomes_["overloaded"], 100);
  EXPECT_LT(wire_.bytes, 65u << 20) << "what is on its way counts too";
  EXPECT_EQ(outcomes_.size(), 1u) << "the others wait";
  // What ends makes room.
  wire_.lost.set();
  pass(seconds(1));
  EXPECT_EQ(outcomes_["overloaded"] + outcomes_["unavailable"], 200);
  wire_.lost.clear();
  const int refused = outcomes_["overloaded"];
  send(1u << 20);
  pass(milliseconds(5));
  EXPECT_EQ(outcomes_["overloaded"], refused);
}

TEST_F(ReplicaLinksTest, WhatIsSentAsOneIsOneMessageAndAnsweredAsOne) {
  for (int i = 0; i < 1'000; ++i) send(1);
  std::vector<BucketItem> items;
  for (std::uint64_t i = 1; i <= 100; ++i) items.push_back({.key = key("one" + std::to_string(i)), .offered = value(1, i)});
  std::vector<std::size_t> answers;
  const auto count = [&](const std::vector<Result<BucketAnswer>>& came) { answers.push_back(came.size()); };
  links_->send_as_one(kOther, Epoch{1}, items, count);
  for (int i = 0; i < 10; ++i) send(1);
  pass(milliseconds(5));
  EXPECT_EQ(wire_.steps, (std::vector{1'100, 10})) << "a message has 1,024 steps, and what is one is not cut";
  wire_.lost.set();
  pass(seconds(1));
  EXPECT_EQ(answers, std::vector<std::size_t>{100});
  // Room for all of them, or for none.
  wire_.lost.clear();
  for (int i = 0; i < 16'384; ++i) send(1);
  links_->send_as_one(kOther, Epoch{1}, items, [&](const std::vector<Result<BucketAnswer>>& came) {
    count(came);
    for (const auto& answer : came) EXPECT_EQ(code_of(answer), "overloaded");
  });
  EXPECT_EQ(answers, (std::vector<std::size_t>{100, 100}));
}

TEST_F(ReplicaLinksTest, OneStepIsTakenHoweverLarge) {
  send(80u << 20);
  send(1);
  pass(milliseconds(5));
  EXPECT_GT(wire_.bytes, 80u << 20);
  EXPECT_EQ(outcomes_["overloaded"], 1) << "the small one behind it";
}

}  // namespace
}  // namespace latium::testing
