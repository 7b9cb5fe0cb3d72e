#include "node/bucket_service.h"

#include <algorithm>
#include <utility>

#include "ring/partition.h"
#include "runtime/offload.h"

namespace latium {

BucketService::BucketService(Runtime& runtime, Engine& engine, Transport& transport, Cluster& cluster, HlcClock& hlc,
                             DotSource& dots, const UpkeepOptions& upkeep)
    : runtime_(runtime),
      cluster_(cluster),
      hints_(upkeep.hints),
      partitions_(runtime, engine),
      pace_(runtime, {}, [this] { return buckets_->under_way() >= kBusyFrom; }),
      replica_(std::make_unique<BucketReplica>(runtime, engine, *this, hints_, partitions_)) {
  links_ = std::make_unique<BucketLinks>(runtime, cluster, transport, *replica_);
  buckets_ = std::make_unique<Buckets>(runtime, cluster, *this, transport, *replica_, *links_, hlc, dots);
  delivery_ = std::make_unique<HintDelivery>(runtime, engine, cluster, *replica_, *links_, hints_);
  exchange_ = std::make_unique<Exchange>(runtime, cluster, transport, *links_, partitions_, pace_);
  anti_entropy_ =
      std::make_unique<AntiEntropy>(runtime, cluster, *this, transport, partitions_, *exchange_, upkeep.compare_every);
  collection_ = std::make_unique<Collection>(runtime, engine, cluster, *this, transport, *links_, partitions_, hints_, dots,
                                             *exchange_, pace_, upkeep.collect_every);
}

Result<std::unique_ptr<BucketService>> BucketService::open(Runtime& runtime, Engine& engine, Transport& transport,
                                                           Cluster& cluster, HlcClock& hlc, DotSource& dots,
                                                           const UpkeepOptions& upkeep) {
  std::unique_ptr<BucketService> service(new BucketService(runtime, engine, transport, cluster, hlc, dots, upkeep));
  LATIUM_CHECKED(service->hints_.open(engine, runtime.clock.wall_ms()));
  return service;
}

Result<void> BucketService::may_hold(const DataKey& key, NodeId hint_for) const {
  const auto tenant = cluster_.catalog().find(key.tenant);
  if (!tenant || tenant->dropped()) {
    return fail(ErrorCode::unknown_tenant, "tenant " + std::to_string(key.tenant.value) + " is not known here, or dropped");
  }
  if (partition_of(key.tenant, key.user_key, tenant->partitions) != key.partition) {
    return fail(ErrorCode::invalid_argument, describe(key) + " does not lie in partition " + std::to_string(key.partition.value));
  }
  const auto map = cluster_.ring();
  const auto replicas = tenant->replicas(*map)->replicas(key.partition);
  const NodeId self = cluster_.self();
  const NodeId owner = hint_for ? hint_for : self;
  if (std::ranges::find(replicas, owner) == replicas.end()) {
    return fail(ErrorCode::invalid_argument, "node " + to_hex(owner.value) + " is no replica of " + describe(key));
  }
  if (!hint_for) return {};
  const TopologyNode* const own = map->node(self);
  if (own != nullptr && own->storage && tenant->placement.names(own->site)) return {};
  return fail(ErrorCode::invalid_argument, "node " + to_hex(self.value) + " may not keep hints of tenant '" + tenant->name +
                                               "': its placement is " + tenant->placement.to_string());
}

std::vector<NodeId> BucketService::stand_ins_for(TenantId tenant, PartitionId partition, NodeId replica) const {
  const auto handle = cluster_.catalog().find(tenant);
  if (!handle) return {};
  const auto map = cluster_.ring();
  return map->stand_ins_for(replica, map->preference_list(tenant, handle->placement, partition));
}

std::string BucketService::site_of(NodeId node) const {
  const auto map = cluster_.ring();
  const TopologyNode* const found = map->node(node);
  return found == nullptr ? std::string() : found->site;
}

std::vector<BucketDirectory::Copied> BucketService::copied_partitions() const {
  std::vector<Copied> out;
  const auto map = cluster_.ring();
  for (const Tenant& tenant : cluster_.catalog().list()) {
    const auto handle = cluster_.catalog().find(tenant.id);
    if (!handle || handle->dropped()) continue;
    const auto ring = handle->replicas(*map);
    for (std::uint16_t i = 0; i < handle->partitions; ++i) {
      const auto replicas = ring->replicas(PartitionId{i});
      if (std::ranges::find(replicas, cluster_.self()) == replicas.end()) continue;
      out.push_back({tenant.id, PartitionId{i}, {replicas.begin(), replicas.end()}});
    }
  }
  return out;
}

std::vector<NodeId> BucketService::may_coordinate(TenantId tenant) const {
  std::vector<NodeId> out;
  const auto handle = cluster_.catalog().find(tenant);
  if (!handle) return out;
  const auto map = cluster_.ring();
  for (const TopologyNode& node : map->topology().nodes) {
    if (node.storage && handle->placement.names(node.site)) out.push_back(node.id);
  }
  return out;
}

bool BucketService::bucket_exists(TenantId tenant, BytesView bucket) const {
  const auto handle = cluster_.catalog().find(tenant);
  if (!handle) return false;
  const auto found = cluster_.catalog().bucket(handle->name, bucket);
  return found && (*found)->exists();
}

Task<void> BucketService::make_bucket(TenantId tenant, Bytes bucket) {
  TenantCatalog& catalog = cluster_.catalog();
  const auto handle = catalog.find(tenant);
  if (!handle) co_return fail(ErrorCode::unknown_tenant, "tenant " + std::to_string(tenant.value) + " is not known here");
  LATIUM_CO_TRY(auto found, catalog.bucket(handle->name, bucket));
  co_return co_await offload<void>(runtime_, [&catalog, found] { return catalog.ensure_exists(*found); });
}

}  // namespace latium
