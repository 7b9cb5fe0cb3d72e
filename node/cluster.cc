#include "node/cluster.h"

#include <algorithm>
#include <utility>

#include "proto/cluster.pb.h"
#include "proto/wire.pb.h"
#include "runtime/offload.h"

namespace latium {

namespace {

constexpr std::string_view kRunKey = "run";
constexpr std::size_t kExchangesAtOnce = 4096;

// On disk before the first ballot of this start.
Result<std::uint32_t> count_start(Engine& engine) {
  LATIUM_TRY(const ReadResult found, engine.get(Family::system, kRunKey, ReadMode::may_block));
  if (found.presence == Presence::found && found.value.size() != 4) {
    return fail(ErrorCode::corruption, "the record 'run' is not 4 bytes long");
  }
  const std::uint32_t run = found.presence == Presence::found ? get_u32(found.value.data()) + 1 : 1;
  Bytes value;
  put_u32(value, run);
  WriteBatch batch;
  batch.put(Family::system, kRunKey, value);
  LATIUM_CHECKED(engine.write(std::move(batch), Durability::sync));
  return run;
}

// Whoever else is in the cluster may carry out a write later than its caller knows of, so its deletions have to be remembered.
bool is_only(const Ring& map, const TenantRing& replicas, NodeId self) {
  if (map.topology().nodes.size() > 1) return false;
  for (std::uint16_t partition = 0; partition < replicas.partitions(); ++partition) {
    const auto nodes = replicas.replicas(PartitionId{partition});
    if (nodes.size() != 1 || nodes.front() != self) return false;
  }
  return true;
}

}  // namespace

Cluster::Cluster(Runtime& runtime, Engine& engine, Transport& transport, TenantCatalog& catalog, NodeId self)
    : runtime_(runtime),
      transport_(transport),
      catalog_(catalog),
      self_(self),
      replica_(std::make_unique<RegisterReplica>(runtime, engine)) {}

Result<std::unique_ptr<Cluster>> Cluster::open(Runtime& runtime, Engine& engine, Transport& transport, TenantCatalog& catalog,
                                               NodeId self) {
  std::unique_ptr<Cluster> cluster(new Cluster(runtime, engine, transport, catalog, self));
  LATIUM_TRY(cluster->map_, ClusterMap::open(runtime, engine));
  LATIUM_CHECKED(cluster->replica_->open());
  LATIUM_TRY(cluster->run_, count_start(engine));
  cluster->links_ = std::make_unique<ReplicaLinks>(runtime, *cluster, transport, *cluster->replica_);
  cluster->registers_ =
      std::make_unique<Registers>(runtime, *cluster, transport, *cluster->links_, BallotSource(self, cluster->run_));
  cluster->update_tenants();
  return cluster;
}

Task<void> Cluster::adopt_topology(Bytes encoded) {
  LATIUM_CO_TRY(Topology topology, decode_topology(encoded));
  co_return co_await adopt(std::move(topology));
}

Task<void> Cluster::adopt(Topology topology) {
  LATIUM_CO_TRY(const bool newer, co_await map_->adopt(std::move(topology)));
  if (!newer) co_return Result<void>();
  update_tenants();
  runtime_.events.emit(Severity::info, "topology_adopted", {{"epoch", std::to_string(epoch().value)}});
  if (changed_) changed_();
  co_return Result<void>();
}

void Cluster::update_tenants() {
  const auto map = ring();
  for (const Tenant& tenant : catalog_.list()) {
    if (const auto handle = catalog_.find(tenant.id)) handle->set_only_here(is_only(*map, *handle->replicas(*map), self_));
  }
}

Result<ReplicaSet> Cluster::replicas(TenantId tenant, PartitionId partition) const {
  const auto map = ring();
  if (tenant == kSystemTenant) {
    const Topology& topology = map->topology();
    if (topology.voters.empty()) return fail(ErrorCode::unavailable, "this node has not joined its cluster yet: retry");
    if (topology.transition) return ReplicaSet::joint(topology.voters, topology.transition->voters);
    return ReplicaSet::of(topology.voters);
  }
  const auto handle = catalog_.find(tenant);
  if (!handle)
    return fail(ErrorCode::unknown_tenant, "tenant " + std::to_string(tenant.value) + " is not known here, or dropped");
  if (partition.value >= handle->partitions) {
    return fail(ErrorCode::invalid_argument, "tenant '" + handle->name + "' has no partition " + std::to_string(partition.value));
  }
  const auto nodes = handle->replicas(*map)->replicas(partition);
  if (nodes.empty()) {
    return fail(ErrorCode::unavailable, "tenant '" + handle->name + "' has no replica: its sites have no nodes");
  }
  return ReplicaSet::of({nodes.begin(), nodes.end()});
}

Result<Bytes> Cluster::tenant_record(TenantId tenant) const {
  const auto handle = catalog_.find(tenant);
  if (!handle)
    return fail(ErrorCode::unknown_tenant, "tenant " + std::to_string(tenant.value) + " is not known here, or dropped");
  return encode_tenant({handle->id, handle->name, 1, handle->placement, handle->partitions, {}});
}

Task<void> Cluster::adopt_tenant(Bytes record) {
  LATIUM_CO_TRY(Tenant tenant, decode_tenant(record));
  co_return co_await adopt_tenant(std::move(tenant));
}

Task<void> Cluster::adopt_tenant(Tenant tenant) {
  // A join that is under way has looked through the tenants there were; one that it did not see must get no data before the
  // newcomer owns its share.
  if (!catalog_.find(tenant.id) && ring()->topology().transition) {
    co_return fail(ErrorCode::unavailable, "tenant '" + tenant.name + "' is not taken up while a node is joining: retry");
  }
  tenant.buckets.clear();
  LATIUM_CO_CHECKED(co_await offload<void>(runtime_, [catalog = &catalog_, tenant] { return catalog->adopt(tenant); }));
  if (const auto handle = catalog_.find(tenant.id)) {
    const auto map = ring();
    handle->set_only_here(is_only(*map, *handle->replicas(*map), self_));
  }
  co_return Result<void>();
}

Result<PeerView> Cluster::peer(NodeId node) const {
  if (const Epoch now = epoch(); peers_epoch_ != now) {
    peers_.clear();
    peers_epoch_ = now;
  }
  auto known = peers_.find(node);
  if (known == peers_.end()) {
    const auto map = ring();
    const TopologyNode* const found = map->node(node);
    if (found == nullptr) return fail(ErrorCode::unavailable, "node " + to_hex(node.value) + " is not in the cluster's map");
    const TopologyNode* const own = map->node(self_);
    LATIUM_TRY(Address address, Address::parse(found->address));
    known = peers_.emplace(node, PeerView{std::move(address), own != nullptr && own->site == found->site}).first;
  }
  PeerView out = known->second;
  if (liveness_) out.liveness = liveness_(node);
  return out;
}

Task<void> Cluster::exchange_topology(NodeId node, MonotonicTime deadline) {
  cluster::TopologyFetchRequest request;
  request.set_topology(encoded_topology());
  co_return co_await ask_for_topology(node, std::move(request), deadline);
}

Task<void> Cluster::fetch_topology(NodeId node, MonotonicTime deadline) {
  co_return co_await ask_for_topology(node, {}, deadline);
}

Task<void> Cluster::ask_for_topology(NodeId node, cluster::TopologyFetchRequest request, MonotonicTime deadline) {
  LATIUM_CO_TRY(const PeerView peer, this->peer(node));
  request.set_epoch(epoch().value);
  LATIUM_CO_TRY(const Bytes bytes, co_await transport_.call(peer.address, wire::METHOD_TOPOLOGY_FETCH,
                                                            request.SerializeAsString(), {.deadline = deadline}));
  cluster::TopologyFetchResponse response;
  if (!response.ParseFromString(bytes)) co_return fail(ErrorCode::corruption, "a topology's answer does not parse");
  if (!response.topology().empty()) LATIUM_CO_CHECKED(co_await adopt_topology(response.topology()));
  co_return Result<void>();
}

namespace {

Task<void> exchange_quietly(Cluster& cluster, NodeId node, MonotonicTime deadline) {
  (void)co_await cluster.exchange_topology(node, deadline);
  co_return Result<void>();
}

}  // namespace

Task<void> Cluster::spread_topology(MonotonicTime deadline) {
  TaskGroup group(runtime_.executor, kExchangesAtOnce);
  const auto map = ring();
  for (const TopologyNode& node : map->topology().nodes) {
    if (node.id == self_ || !group.has_room()) continue;
    LATIUM_CO_CHECKED(group.spawn(exchange_quietly(*this, node.id, deadline)));
  }
  co_return co_await group.join();
}

Task<void> Cluster::stop() {
  return links_->stop();
}

}  // namespace latium
