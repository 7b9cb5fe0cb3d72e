#include "node/node_core.h"

#include <algorithm>
#include <utility>

#include "node/join.h"
#include "node/tenants.h"
#include "node/topology_register.h"
#include "proto/cluster.pb.h"
#include "proto/wire.pb.h"
#include "runtime/backoff.h"
#include "runtime/deadline.h"
#include "store/async_engine.h"

namespace latium {

namespace {

constexpr std::string_view kClockKey = "clock";
constexpr std::size_t kBackgroundTasks = 16;
constexpr Duration kLookEvery = std::chrono::seconds(30);
constexpr Duration kLookTimeout = std::chrono::seconds(5);
constexpr Duration kSeedTimeout = std::chrono::seconds(35);

Result<void> restore_clock(Engine& engine, HlcClock& hlc) {
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kClockKey, ReadMode::may_block));
  if (found.presence != Presence::found) return {};
  if (found.value.size() != 8) return fail(ErrorCode::corruption, "the record 'clock' is not 8 bytes long");
  hlc.restore(Hlc{get_u64(found.value.data())});
  return {};
}

}  // namespace

NodeCore::NodeCore(Runtime& runtime, std::unique_ptr<Watched> watched, Transport& transport, HlcClock& hlc, NodeIdentity identity,
                   CoreOptions options, std::unique_ptr<TenantCatalog> catalog, std::unique_ptr<Cluster> cluster)
    : runtime_(runtime),
      watched_(std::move(watched)),
      engine_(watched_->engine),
      identity_(std::move(identity)),
      options_(std::move(options)),
      catalog_(std::move(catalog)),
      cluster_(std::move(cluster)),
      locks_(std::make_unique<Locks>(runtime, *cluster_, cluster_->registers(), options_.max_clock_offset)),
      table_records_(*cluster_),
      table_peers_(*cluster_),
      tables_(runtime, table_records_, table_peers_, cluster_->run() > 1),
      hlc_(hlc),
      dots_(identity_.node, cluster_->run()),
      kv_(runtime, engine_, *catalog_, hlc, dots_),
      rows_(*cluster_, engine_, *watched_->changes),
      transactions_(runtime, rows_, hlc),
      table_work_(runtime, tables_, table_records_, transactions_),
      sweeper_(transactions_, options_.upkeep.sweep_every),
      started_at_(runtime.clock.monotonic_now()),
      background_(runtime.executor, kBackgroundTasks) {
  watch_liveness(transport);
}

Result<std::unique_ptr<NodeCore>> NodeCore::open(Runtime& runtime, Engine& engine, Transport& transport, HlcClock& hlc,
                                                 NodeIdentity identity, CoreOptions options) {
  auto watched = std::make_unique<Watched>(engine);
  LATIUM_CHECKED(restore_clock(engine, hlc));
  LATIUM_TRY(auto catalog, TenantCatalog::open(watched->engine));
  LATIUM_TRY(auto cluster, Cluster::open(runtime, watched->engine, transport, *catalog, identity.node));
  std::unique_ptr<NodeCore> core(new NodeCore(runtime, std::move(watched), transport, hlc, std::move(identity),
                                              std::move(options), std::move(catalog), std::move(cluster)));
  LATIUM_TRY(core->buckets_,
             BucketService::open(runtime, core->engine_, transport, *core->cluster_, hlc, core->dots_, core->options_.upkeep));
  return core;
}

void NodeCore::watch_liveness(Transport& transport) {
  SwimOptions swim = options_.liveness;
  // Above that of the run before. Where the clock was set back meanwhile, the node refutes what is said of that run.
  swim.incarnation = std::clamp<std::uint64_t>(runtime_.clock.wall_ms(), 1, kMaxSwimIncarnation / 2);
  liveness_ = std::make_unique<LivenessService>(runtime_, transport, identity_.node, swim);
  liveness_->on_newer_epoch([this](Epoch, NodeId from) { topology_is_newer_at(from); });
  cluster_->set_liveness([this](NodeId node) { return liveness_->liveness(node); });
  cluster_->on_change([this] { follow_map(); });
  follow_map();
}

void NodeCore::follow_map() {
  const auto map = cluster_->ring();
  std::vector<LivenessMember> members;
  for (const TopologyNode& node : map->topology().nodes) {
    const auto address = Address::parse(node.address);
    members.push_back({node.id, node.site, address ? std::optional(*address) : std::nullopt});
  }
  liveness_->update(members, map->epoch());
}

// Every message of a member that is ahead says so: one fetch at a time will do, and the next message repeats one that failed.
void NodeCore::topology_is_newer_at(NodeId node) {
  if (fetching_topology_ || !background_.has_room()) return;
  const auto spawned = background_.spawn(fetch_topology(node));
  LATIUM_CHECK(spawned.has_value(), "a group with room refuses nothing");
  fetching_topology_ = true;
}

Task<void> NodeCore::fetch_topology(NodeId node) {
  (void)co_await cluster_->fetch_topology(node, saturating_add(runtime_.clock.monotonic_now(), kLookTimeout));
  fetching_topology_ = false;
  co_return Result<void>();
}

TopologyNode NodeCore::self() const {
  return {identity_.node,          identity_.site, options_.rack,   options_.weight_milli,
          options_.holds_replicas, NodeState::up,  options_.address};
}

Task<void> NodeCore::begin_if_first() {
  if (identity_.joins || cluster_->epoch()) co_return Result<void>();
  if (!options_.holds_replicas) {
    co_return fail(ErrorCode::invalid_argument,
                   "a node of role client holds nothing, so it cannot begin a cluster: start it with a seed");
  }
  std::uint32_t next_tenant_id = 1;
  for (const Tenant& tenant : catalog_->list()) next_tenant_id = std::max(next_tenant_id, tenant.id.value + 1);
  WriteBatch batch;
  begin_cluster(*cluster_, identity_.cluster, self(), next_tenant_id, batch);
  co_return co_await write(runtime_, engine_, std::move(batch), Durability::sync);
}

Task<void> NodeCore::join(std::string address) {
  options_.address = std::move(address);
  LATIUM_CO_CHECKED(co_await begin_if_first());
  const auto map = cluster_->ring();
  const TopologyNode* const known = map->node(identity_.node);
  if (known == nullptr || known->state != NodeState::up) {
    LATIUM_CO_CHECKED(co_await ask_to_join());
  }
  follow_map();
  LATIUM_CO_CHECKED(background_.spawn(liveness_->run()));
  LATIUM_CO_CHECKED(background_.spawn(look_after()));
  LATIUM_CO_CHECKED(background_.spawn(table_work_.run([this] { return tables_to_look_after(); })));
  LATIUM_CO_CHECKED(background_.spawn(sweeper_.run()));
  LATIUM_CO_CHECKED(background_.spawn(buckets_->delivery().run()));
  LATIUM_CO_CHECKED(background_.spawn(buckets_->anti_entropy().run()));
  LATIUM_CO_CHECKED(background_.spawn(buckets_->collection().run()));
  co_return Result<void>();
}

std::vector<CatalogPlace> NodeCore::tables_to_look_after() const {
  std::vector<CatalogPlace> out;
  for (const Tenant& tenant : catalog_->list()) {
    const auto set = cluster_->replicas(tenant.id, catalog_register(tenant.id, tenant.partitions, "").partition);
    if (!set) continue;
    const auto first = std::ranges::find_if(
        set->members, [this](NodeId node) { return node == identity_.node || liveness_->liveness(node) == Liveness::up; });
    if (first != set->members.end() && *first == identity_.node) out.push_back({tenant.id, tenant.partitions});
  }
  return out;
}

// One seed after the other, until one has this node taken in, or says that it cannot be.
Task<void> NodeCore::ask_to_join() {
  if (options_.seeds.empty()) {
    co_return fail(ErrorCode::invalid_argument,
                   "this node was made to join a cluster and is not in it yet: give it a seed again");
  }
  if (options_.address.empty()) {
    co_return fail(ErrorCode::invalid_argument,
                   "a node that joins a cluster has to be reached by it: give it an address to listen on");
  }
  const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), options_.join_timeout);
  const auto retryable = [](const Error& error) {
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded ||
           error.code == ErrorCode::unknown_outcome || error.code == ErrorCode::overloaded;
  };
  co_return co_await retry_with_backoff<void>(
      runtime_, {}, deadline,
      [this, deadline](std::uint32_t attempt) { return ask_seed(options_.seeds[attempt % options_.seeds.size()], deadline); },
      retryable);
}

Task<void> NodeCore::ask_seed(Address seed, MonotonicTime deadline) {
  cluster::JoinRequest request;
  request.set_node_id(identity_.node.value);
  request.set_site(identity_.site);
  request.set_rack(options_.rack);
  request.set_weight_milli(options_.weight_milli);
  request.set_storage(options_.holds_replicas);
  request.set_address(options_.address);
  const CallOptions call{std::min(deadline, saturating_add(runtime_.clock.monotonic_now(), kSeedTimeout))};
  LATIUM_CO_TRY(const Bytes bytes,
                co_await cluster_->transport().call(std::move(seed), wire::METHOD_JOIN, request.SerializeAsString(), call));
  cluster::JoinResponse response;
  if (!response.ParseFromString(bytes)) co_return fail(ErrorCode::corruption, "the seed's answer does not parse");
  LATIUM_CO_CHECKED(co_await cluster_->adopt_topology(response.topology()));
  identity_.cluster = cluster_->ring()->topology().cluster;
  WriteBatch batch;
  put_identity(batch, identity_);
  co_return co_await write(runtime_, engine_, std::move(batch), Durability::sync);
}

// Slowly, for as long as the node runs: what no request would bring about.
Task<void> NodeCore::look_after() {
  bool announced = false;
  while (true) {
    const MonotonicTime deadline = saturating_add(runtime_.clock.monotonic_now(), kLookTimeout);
    const auto map = cluster_->ring();
    const TopologyNode* const known = map->node(identity_.node);
    // A node that was moved to another address is not found by the others until they are told.
    if (!announced && known != nullptr && known->address != options_.address && !options_.address.empty()) {
      announced = (co_await take_in(*cluster_, self(), deadline)).has_value();
    } else {
      announced = true;
    }
    if (map->topology().nodes.size() > 1) (void)co_await forget_dropped_tenants(*cluster_, deadline);
    LATIUM_CO_CHECKED(co_await sleep_for(runtime_, announced ? kLookEvery : kLookTimeout));
  }
}

Task<void> NodeCore::stop() {
  background_.cancel();
  sweeper_.cancel();
  (void)co_await background_.join();
  LATIUM_CO_CHECKED(co_await table_work_.stop());
  // What transactions left to be done afterwards, others will do.
  (void)co_await transactions_.stop();
  LATIUM_CO_CHECKED(co_await tables_.stop());
  LATIUM_CO_CHECKED(co_await buckets_->stop());
  co_return co_await cluster_->stop();
}

Result<void> NodeCore::close() {
  Bytes stamp;
  put_u64(stamp, hlc_.latest().value);
  WriteBatch batch;
  batch.put(Family::system, kClockKey, stamp);
  Result<void> written = engine_.write(std::move(batch), Durability::buffered);
  // A full disk keeps the older stamp, which is only a floor.
  if (!written && written.error().code == ErrorCode::read_only) return {};
  return written;
}

}  // namespace latium
