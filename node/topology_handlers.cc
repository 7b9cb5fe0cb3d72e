#include <algorithm>
#include <utility>

#include "node/handlers.h"
#include "node/message.h"
#include "node/tenants.h"
#include "proto/client.pb.h"
#include "ring/partition.h"

namespace latium {

namespace {

void fill(NodeCore& core, const Ring& ring, const TopologyNode& node, client::NodeInfo& out) {
  const Topology& topology = ring.topology();
  out.set_id(node.id.value);
  out.set_address(node.address);
  out.set_site(node.site);
  out.set_rack(node.rack);
  out.set_role(node.storage ? "storage" : "client");
  out.set_state(node.state == NodeState::up ? "up" : "joining");
  const auto peer = core.cluster().peer(node.id);
  out.set_liveness(std::string(to_string(peer ? peer->liveness : Liveness::down)));
  out.set_voter(std::ranges::find(topology.voters, node.id) != topology.voters.end());
  out.set_weight_milli(node.weight_milli);
}

void fill(NodeCore& core, const Ring& ring, const PreferenceList& list, PartitionId partition,
          client::RingShowResponse::Partition& out) {
  out.set_partition(partition.value);
  for (const NodeId id : list.replicas) {
    if (const auto* node = ring.node(id)) fill(core, ring, *node, *out.add_replicas());
  }
  for (const NodeId id : list.stand_ins) {
    if (const auto* node = ring.node(id)) fill(core, ring, *node, *out.add_stand_ins());
  }
}

}  // namespace

Task<Bytes> handle_topology(NodeCore& core, Bytes bytes, MonotonicTime) {
  LATIUM_CO_CHECKED(parse_request<client::TopologyRequest>(bytes));
  const auto ring = core.cluster().ring();
  std::vector<const TopologyNode*> nodes;
  for (const TopologyNode& node : ring->topology().nodes) nodes.push_back(&node);
  std::ranges::sort(nodes, {}, [](const TopologyNode* node) { return std::tie(node->site, node->address); });
  client::TopologyResponse response;
  response.set_epoch(ring->epoch().value);
  response.set_cluster_id(ring->topology().cluster.value);
  for (const TopologyNode* node : nodes) fill(core, *ring, *node, *response.add_nodes());
  for (const Tenant& tenant : core.catalog().list()) {
    auto& out = *response.add_tenants();
    out.set_id(tenant.id.value);
    out.set_name(tenant.name);
    out.set_placement(tenant.placement.to_string());
    out.set_partitions(tenant.partitions);
  }
  co_return response.SerializeAsString();
}

Task<Bytes> handle_ring_show(NodeCore& core, Bytes bytes, MonotonicTime deadline) {
  LATIUM_CO_TRY(const auto request, parse_request<client::RingShowRequest>(bytes));
  LATIUM_CO_TRY(const auto tenant, co_await find_tenant(core.cluster(), request.tenant(), deadline));
  const auto ring = core.cluster().ring();
  client::RingShowResponse response;
  response.set_epoch(ring->epoch().value);
  const auto add = [&](PartitionId partition) {
    fill(core, *ring, ring->preference_list(tenant->id, tenant->placement, partition), partition, *response.add_partitions());
  };
  if (!request.key().empty()) {
    add(partition_of(tenant->id, request.key(), tenant->partitions));
  } else {
    for (std::uint16_t partition = 0; partition < tenant->partitions; ++partition) add(PartitionId{partition});
  }
  co_return response.SerializeAsString();
}

}  // namespace latium
