// Three nodes that hold every register, or the first of them alone, in one runtime in virtual time, with a wire between them that
// does what a test says.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proto/replica.pb.h"
#include "proto/wire.pb.h"
#include "replication/registers.h"
#include "runtime/sync.h"
#include "store/memory_engine.h"
#include "tests/runtime/simulated.h"

namespace latium::testing {

enum class Fate : std::uint8_t { arrives, request_is_lost, answer_is_lost, waits };

/// Which way a message goes, and one step in it. The message has the worst fate of its steps.
struct Step {
  std::size_t from;
  std::size_t to;
  const AcceptorOp& op;

  template <class Op>
  bool is() const {
    return std::holds_alternative<Op>(op);
  }
};

class ThreeReplicas : public Simulated {
 protected:
  static constexpr std::size_t kNodes = 3;
  static constexpr std::uint32_t kTenant = 1;

  class Node;

  // As node/ has it, for one tenant and a map that never changes.
  class View final : public ClusterView {
   public:
    View(ThreeReplicas& world, std::size_t number) : world_(world), number_(number) {}
    NodeId self() const override { return id(number_); }
    Epoch epoch() const override { return Epoch{1}; }
    Bytes encoded_topology() const override { return {}; }
    Task<void> adopt_topology(Bytes) override { co_return Result<void>(); }
    Result<ReplicaSet> replicas(TenantId, PartitionId) const override { return ReplicaSet::of(world_.members_); }
    bool knows_tenant(TenantId) const override { return true; }
    Result<Bytes> tenant_record(TenantId) const override { return Bytes(); }
    Task<void> adopt_tenant(Bytes) override { co_return Result<void>(); }
    Result<PeerView> peer(NodeId node) const override {
      const bool suspect = world_.suspects_.contains(node);
      return PeerView{.address = {"node", static_cast<std::uint16_t>(node.value)},
                      .liveness = suspect ? Liveness::suspect : Liveness::up};
    }

   private:
    ThreeReplicas& world_;
    const std::size_t number_;
  };

  class Wire final : public Transport {
   public:
    Wire(ThreeReplicas& world, std::size_t from) : world_(world), from_(from) {}
    Result<Address> listen(const Address& address, RequestHandler&) override { return address; }
    TransportStatistics statistics() const override { return {}; }
    Task<void> stop() override { co_return Result<void>(); }
    Task<Bytes> call(Address peer, Method method, Bytes request, CallOptions options) override {
      return world_.deliver(from_, peer.port - std::size_t{1}, method, std::move(request), options.deadline);
    }

   private:
    ThreeReplicas& world_;
    const std::size_t from_;
  };

  class Node {
   public:
    Node(ThreeReplicas& world, std::size_t number) : world_(world), number_(number), view_(world, number), wire_(world, number) {
      boot();
    }

    /// The machine loses power and starts again. Nothing of the node may be under way.
    void restart() {
      LATIUM_CHECK(world_.run(links_->stop()).has_value());
      registers_.reset();
      links_.reset();
      replica_.reset();
      engine_->abandon();
      engine_.reset();
      Random random(1);
      disk_.crash(random);
      boot();
    }
    void stop() { LATIUM_CHECK(world_.run(links_->stop()).has_value()); }

    Registers& registers() { return *registers_; }
    RegisterReplica& replica() { return *replica_; }

   private:
    void boot() {
      MemoryEngine::Options options;
      options.runtime = &world_.runtime();
      auto engine = MemoryEngine::open(disk_, options);
      LATIUM_CHECK(engine.has_value());
      engine_ = std::move(*engine);
      replica_ = std::make_unique<RegisterReplica>(world_.runtime(), *engine_);
      LATIUM_CHECK(replica_->open().has_value());
      links_ = std::make_unique<ReplicaLinks>(world_.runtime(), view_, wire_, *replica_);
      registers_ = std::make_unique<Registers>(world_.runtime(), view_, wire_, *links_, BallotSource(id(number_), ++starts_));
    }

    ThreeReplicas& world_;
    const std::size_t number_;
    std::uint32_t starts_ = 0;
    SimulatedDisk disk_;
    View view_;
    Wire wire_;
    std::unique_ptr<MemoryEngine> engine_;
    std::unique_ptr<RegisterReplica> replica_;
    std::unique_ptr<ReplicaLinks> links_;
    std::unique_ptr<Registers> registers_;
  };

  void SetUp() override {
    for (std::size_t i = 0; i < kNodes; ++i) nodes_.push_back(std::make_unique<Node>(*this, i));
  }
  void TearDown() override {
    heal();
    ASSERT_TRUE(simulation_.run_for(seconds(30))) << simulation_.failure();
    tasks_.cancel();
    ASSERT_TRUE(run(tasks_.join()).has_value());
    for (const auto& node : nodes_) node->stop();
  }

  static NodeId id(std::size_t number) { return NodeId{number + 1}; }
  static RegisterKey key() { return user_register(TenantId{kTenant}, 4, "key"); }
  Registers& at(std::size_t node) { return nodes_[node]->registers(); }

  /// Until heal().
  void wire(std::function<Fate(const Step&)> fate) {
    fate_ = std::move(fate);
    go_on_.clear();
  }
  /// Of commands that a node gives on to another. Until heal().
  void wire_forwards(Fate fate) { forward_fate_ = fate; }
  /// What has waited arrives; what comes now may wait again.
  void go_on() {
    go_on_.set();
    go_on_.clear();
  }
  /// Everything arrives, also what has waited.
  void heal() {
    fate_ = nullptr;
    forward_fate_ = Fate::arrives;
    go_on_.set();
  }

  /// From now on all nodes doubt that this one is there.
  void suspect(std::size_t node) { suspects_.insert(id(node)); }

  /// Looks for something in the register, which leaves a promise at all replicas: it is then made with a prepare, as by a node
  /// that had promises for it.
  void look_at(const RegisterKey& where) {
    const CasCommand command{CasCommand::Expect::value, "something", 0, "other"};
    EXPECT_EQ(text_of(run(at(2).execute(where, command, {77, 77}, in(seconds(5))))), "refused");
    pass(milliseconds(20));
  }

  /// Writes `value` whatever is there; none deletes.
  Task<CommandOutcome> write(std::size_t node, std::optional<Bytes> value, RequestId request, Duration time = seconds(5)) {
    return at(node).execute(key(), CasCommand{CasCommand::Expect::anything, {}, 0, std::move(value)}, request, in(time));
  }
  /// Writes it only where nothing is.
  Task<CommandOutcome> create(std::size_t node, Bytes value, RequestId request, Duration time = seconds(5)) {
    return at(node).execute(key(), CasCommand{CasCommand::Expect::absent, {}, 0, std::move(value)}, request, in(time));
  }

  /// Runs beside the test; its result is there when it has ended.
  using Pending = std::shared_ptr<std::optional<Result<CommandOutcome>>>;
  Pending start(Task<CommandOutcome> task) {
    auto result = std::make_shared<std::optional<Result<CommandOutcome>>>();
    LATIUM_CHECK(tasks_.spawn(keep(std::move(task), result)).has_value());
    settle();
    return result;
  }
  void wait_for(const Pending& pending) {
    ASSERT_TRUE(simulation_.run_until([&] { return pending->has_value(); }, simulation_.now() + seconds(60)));
  }

  /// "value", "(absent)", or the error's code.
  std::string read(std::size_t node) { return text_of(run(at(node).read(key(), in(seconds(5))))); }
  std::string read_local(std::size_t node) { return text_of(run(at(node).read_local(key(), in(seconds(5))))); }
  static std::string text_of(const Result<ReadOutcome>& outcome) {
    if (!outcome) return std::string(to_string(outcome.error().code));
    return outcome->state.present ? outcome->state.value : "(absent)";
  }
  static std::string text_of(const Result<CommandOutcome>& outcome) {
    if (!outcome) return std::string(to_string(outcome.error().code));
    return outcome->result.applied ? "applied" : "refused";
  }

  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<NodeId> members_ = {id(0), id(1), id(2)};

 private:
  static Task<void> keep(Task<CommandOutcome> task, Pending result) {
    result->emplace(co_await std::move(task));
    co_return Result<void>();
  }

  static std::unexpected<Error> lost() { return fail(ErrorCode::unavailable, Certainty::unknown, "the connection was lost"); }

  Task<Bytes> deliver(std::size_t from, std::size_t to, Method method, Bytes bytes, MonotonicTime deadline) {
    LATIUM_CO_CHECKED(co_await sleep_for(runtime(), milliseconds(1)));
    if (method == wire::METHOD_CLUSTER_INFO) co_return Bytes();
    if (method == wire::METHOD_REGISTER_FORWARD) co_return co_await forward(to, std::move(bytes), deadline);
    LATIUM_CHECK(method == wire::METHOD_REGISTERS, "nothing else is sent");
    replica::RegistersRequest request;
    LATIUM_CHECK(request.ParseFromString(bytes));
    std::vector<ReplicaItem> items;
    Fate fate = Fate::arrives;
    for (const auto& item : request.items()) {
      LATIUM_CO_TRY(ReplicaItem parsed, from_message(item));
      if (fate_) fate = std::max(fate, fate_({from, to, parsed.op}));
      items.push_back(std::move(parsed));
    }
    if (fate == Fate::request_is_lost) co_return lost();
    if (fate == Fate::waits) LATIUM_CO_CHECKED(co_await go_on_.wait());
    LATIUM_CO_TRY(const auto answers, co_await nodes_[to]->replica().handle(std::move(items), [] { return Result<void>(); }));
    if (fate == Fate::answer_is_lost) co_return lost();
    replica::RegistersResponse response;
    for (const auto& answer : answers) to_message(answer, *response.add_answers());
    co_return response.SerializeAsString();
  }

  Task<Bytes> forward(std::size_t to, Bytes bytes, MonotonicTime deadline) {
    const Fate fate = forward_fate_;
    if (fate == Fate::request_is_lost) co_return lost();
    if (fate == Fate::waits) LATIUM_CO_CHECKED(co_await go_on_.wait());
    replica::ForwardRequest request;
    LATIUM_CHECK(request.ParseFromString(bytes));
    LATIUM_CO_TRY(RegisterKey key, from_message(request.key()));
    LATIUM_CO_TRY(RegisterCommand command, from_message(request.command()));
    LATIUM_CO_TRY(const CommandOutcome outcome,
                  co_await at(to).execute_forwarded(std::move(key), std::move(command),
                                                    {request.request_high(), request.request_low()}, deadline));
    if (fate == Fate::answer_is_lost) co_return lost();
    replica::ForwardResponse response;
    response.set_applied(outcome.result.applied);
    response.set_row_refusal(static_cast<std::uint32_t>(outcome.result.refusal));
    response.set_not_before(outcome.result.not_before.value);
    to_message(outcome.result.state, *response.mutable_state());
    to_message(outcome.stats, *response.mutable_stats());
    co_return response.SerializeAsString();
  }

  std::function<Fate(const Step&)> fate_;
  Fate forward_fate_ = Fate::arrives;
  std::set<NodeId> suspects_;
  Event go_on_;
  TaskGroup tasks_{runtime().executor, 16};
};

}  // namespace latium::testing
