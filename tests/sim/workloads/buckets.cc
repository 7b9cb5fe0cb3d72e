#include "tests/sim/workloads/buckets.h"

#include <memory>
#include <utility>

#include "proto/client.pb.h"
#include "proto/repair.pb.h"
#include "proto/wire.pb.h"
#include "tests/sim/bucket_checker.h"
#include "tests/sim/workloads/cluster_run.h"

namespace latium::sim {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class BucketClient final : public ClusterClient {
 public:
  BucketClient(ClientSeams seams, BucketClientOptions options)
      : ClusterClient(std::move(seams)), options_(options), seen_(options.keys) {}

 private:
  struct Seen {
    Bytes context;
    std::vector<Bytes> values;
  };

  Awaitable<void> act() override {
    const std::size_t key = random().below(options_.keys);
    if (options_.registers && random().chance(0.2)) co_return co_await write_register(key);
    const bool siblings = random().chance(0.6);
    if (siblings && random().chance(0.4)) {
      (void)co_await read(siblings, key, random_level(), seen_[key]);
    } else {
      co_await write(siblings, key);
    }
  }

  // Every copy answers, twice in a row with nothing to repair, and nobody keeps hints. One client is enough: the others' reads
  // would only repeat it.
  Awaitable<bool> finish() override {
    if (number() != 0) co_return true;
    // The others are still at their last call, which ends by itself.
    if (!waited_) co_await pause(std::chrono::seconds(10), std::chrono::seconds(11));
    waited_ = true;
    for (std::size_t node = 0; node < nodes(); ++node) {
      const auto answer = co_await call_node(node, wire::METHOD_STATUS, client::StatusRequest().SerializeAsString());
      client::StatusResponse status;
      if (!answer || !status.ParseFromString(*answer)) co_return unfinished("a node does not tell its status");
      if (status.hints_count() > 0) co_return unfinished(std::to_string(status.hints_count()) + " hints are left");
    }
    for (; read_at_end_ < 2 * options_.keys; ++read_at_end_) {
      if (!co_await read_equal(read_at_end_ < options_.keys, read_at_end_ % options_.keys)) co_return false;
    }
    for (std::size_t node = 0; node < nodes(); ++node) {
      if (!co_await converged(node)) co_return false;
    }
    co_return true;
  }

  // What the node has is what the other copies have, and no deletion is remembered any more.
  Awaitable<bool> converged(std::size_t node) {
    const auto answer = co_await call_node(node, wire::METHOD_CONVERGENCE, repair::ConvergenceRequest().SerializeAsString());
    repair::ConvergenceResponse response;
    if (!answer || !response.ParseFromString(*answer)) co_return unfinished("a node does not tell whether it has converged");
    if (response.unreachable_size() > 0) co_return unfinished("a node does not reach " + response.unreachable(0));
    if (response.differing() > 0) co_return unfinished("the trees of copies differ");
    if (response.remembered() > 0) {
      co_return unfinished(std::to_string(response.remembered()) + " deletions are not forgotten");
    }
    co_return true;
  }

  bool unfinished(std::string why) {
    last_error_ = std::move(why);
    return false;
  }

  Awaitable<bool> read_equal(bool siblings, std::size_t key) {
    Seen seen;
    const auto response = co_await read(siblings, key, client::LEVEL_ALL, seen);
    // Nobody ever wrote into the bucket, so nobody wrote the key.
    if (!response && !never_written_) co_return false;
    if (response && response->behind_size() > 0) co_return unfinished("copies differ");
    const std::size_t id =
        history().begin(number(), siblings ? "final_siblings" : "final_lww", name(siblings, key), std::nullopt, now());
    for (const Bytes& value : seen.values) history().operation(id).pairs.emplace_back(value, Bytes());
    if (response) history().operation(id).token = response->version();
    history().end_ok(id, now());
    co_return true;
  }

  const std::string& tenant_of(std::size_t key) const { return tenants()[key % tenants().size()].name; }
  static Bytes name(bool siblings, std::size_t key) { return (siblings ? "s" : "l") + std::to_string(key); }
  client::Level random_level() {
    constexpr client::Level kLevels[] = {client::LEVEL_QUORUM, client::LEVEL_QUORUM, client::LEVEL_ONE, client::LEVEL_ALL};
    return kLevels[random().below(4)];
  }

  client::Level write_level() {
    const client::Level level = random_level();
    return level == client::LEVEL_ONE && !options_.level_one ? client::LEVEL_QUORUM : level;
  }

  Awaitable<void> write_register(std::size_t key) {
    client::RegisterCasRequest request;
    request.set_tenant(tenant_of(key));
    request.set_key("register" + std::to_string(key));
    request.set_request_high(static_cast<std::uint64_t>(number()) + 1);
    request.set_request_low(++written_);
    request.set_expect(client::RegisterCasRequest::EXPECT_ANYTHING);
    request.set_has_value(random().chance(0.8));
    if (request.has_value()) request.set_value("v");
    (void)co_await call(wire::METHOD_REGISTER_CAS, request.SerializeAsString());
  }

  Awaitable<std::optional<client::KvGetResponse>> read(bool siblings, std::size_t key, client::Level level, Seen& out) {
    client::KvGetRequest request;
    request.set_tenant(tenant_of(key));
    request.set_bucket(siblings ? "~s" : "l");
    request.set_key(name(siblings, key));
    request.set_level(level);
    never_written_ = false;
    const auto answer = co_await call(wire::METHOD_KV_GET, request.SerializeAsString());
    if (!answer) {
      last_error_ = answer.error().message;
      never_written_ = answer.error().code == ErrorCode::unknown_bucket;
      co_return std::nullopt;
    }
    client::KvGetResponse response;
    LATIUM_CHECK(response.ParseFromString(*answer));
    out = {response.context(), {response.values().begin(), response.values().end()}};
    co_return response;
  }

  // With the context of the last read or without one; a put of a value that nobody else writes, or a deletion.
  Awaitable<void> write(bool siblings, std::size_t key) {
    const bool removes = random().chance(0.25);
    Operation operation;
    operation.process = number();
    operation.op = std::string(siblings ? "sibling_" : "lww_") + (removes ? "remove" : "put");
    operation.key = name(siblings, key);
    Seen seen;
    if (siblings && (removes || random().chance(0.7))) seen = std::exchange(seen_[key], {});
    // A deletion without a context deletes what its coordinator holds, which no history shows.
    if (siblings && removes && seen.context.empty()) co_return;
    for (const Bytes& value : seen.values) operation.pairs.emplace_back(value, Bytes());
    const client::Level level = write_level();
    operation.one_copy = level == client::LEVEL_ONE;
    Method method = wire::METHOD_KV_DELETE;
    Bytes bytes;
    if (removes) {
      client::KvDeleteRequest request;
      request.set_tenant(tenant_of(key));
      request.set_bucket(siblings ? "~s" : "l");
      request.set_key(operation.key);
      request.set_level(level);
      request.set_context(seen.context);
      bytes = request.SerializeAsString();
    } else {
      operation.value = std::to_string(number()) + "-" + std::to_string(++written_);
      client::KvPutRequest request;
      request.set_tenant(tenant_of(key));
      request.set_bucket(siblings ? "~s" : "l");
      request.set_key(operation.key);
      request.set_value(*operation.value);
      request.set_level(level);
      request.set_context(seen.context);
      method = wire::METHOD_KV_PUT;
      bytes = request.SerializeAsString();
    }
    const std::size_t id = history().begin(std::move(operation), now());
    const auto answer = co_await call(method, std::move(bytes));
    if (!answer) {
      history().end_error(id, answer.error(), now());
      co_return;
    }
    client::KvPutResponse put;
    client::KvDeleteResponse removed;
    LATIUM_CHECK(removes ? removed.ParseFromString(*answer) : put.ParseFromString(*answer));
    history().operation(id).token = removes ? removed.version() : put.version();
    history().end_ok(id, now());
  }

  const BucketClientOptions options_;
  std::uint64_t written_ = 0;
  std::size_t read_at_end_ = 0;
  bool never_written_ = false;
  bool waited_ = false;
  std::vector<Seen> seen_;
};

}  // namespace

std::unique_ptr<ClusterClient> bucket_client(ClientSeams seams, BucketClientOptions options) {
  return std::make_unique<BucketClient>(std::move(seams), options);
}

namespace {

CheckReport check(const History& history) {
  return check_buckets(history);
}

}  // namespace

RunReport buckets(const RunOptions& options) {
  return run_cluster(options, [](ClientSeams seams) { return bucket_client(std::move(seams)); }, check);
}

// Days are long: what nodes do all the time they do less often.
RunReport outage(const RunOptions& options) {
  ClusterSetup setup;
  setup.outage = true;
  setup.heal_bound = minutes(30);
  setup.upkeep = {.compare_every = minutes(1), .collect_every = minutes(2), .hints = {}};
  // In every second run there is not room for all hints.
  if (options.seed % 2 == 0) setup.upkeep.hints = {.bytes_a_node = 400, .bytes = 800};
  setup.liveness.probe_interval = seconds(20);
  setup.liveness.probe_timeout = seconds(2);
  setup.liveness.down_probe_interval = seconds(60);
  setup.liveness.suspicion_min = seconds(40);
  setup.liveness.suspicion_max = seconds(60);
  setup.liveness.cross_interval = seconds(30);
  setup.liveness.cross_timeout = seconds(2);
  setup.liveness.gossip_interval = seconds(1);
  setup.liveness.sync_interval = seconds(60);
  setup.liveness.site_lease = minutes(5);
  setup.liveness.isolation_after = seconds(60);
  setup.liveness.pause_tolerance = seconds(20);
  const auto make = [](ClientSeams seams) { return bucket_client(std::move(seams), {.level_one = false}); };
  return run_cluster(options, make, check, {}, setup);
}

RunReport placement(const RunOptions& options) {
  ClusterSetup setup;
  setup.tenants = {{"everywhere", "everywhere: 1"},    {"home", "rennes:2"},
                   {"abroad", "paris:1,lyon:1"},       {"alone", "lyon:1"},
                   {"one", "any 1 of [rennes,paris]"}, {"two", "any 2 of [paris,lyon]"}};
  const auto make = [](ClientSeams seams) { return bucket_client(std::move(seams), {.keys = 6, .registers = true}); };
  return run_cluster(options, make, check, {}, setup);
}

}  // namespace latium::sim
