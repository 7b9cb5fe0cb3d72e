// The topology's register: the one value that says what each epoch means. It changes by compare-and-set only.
#pragma once

#include <optional>

#include "node/cluster.h"

namespace latium {

/// Keys of the cluster's own registers.
RegisterKey topology_register();
inline constexpr std::string_view kTenantRegisterPrefix = "tenant/";
RegisterKey tenant_register(std::string_view name);
RegisterKey tenant_ids_register();

/// The topology as its register holds it: linearizable. Taken over here when it is newer than the map in use.
Task<Topology> read_topology(Cluster& cluster, MonotonicTime deadline);

/// Makes `next`, whose epoch is one above `expected`, the topology, if `expected` still is. Nothing: it was not. Takes it over.
/// `unknown_outcome` as for every register.
Task<std::optional<Topology>> replace_topology(Cluster& cluster, Topology expected, Topology next, MonotonicTime deadline);

/// What a node begins a cluster with: itself, and the tenants that it has from before. Into `batch`.
void begin_cluster(Cluster& cluster, ClusterId id, TopologyNode self, std::uint32_t next_tenant_id, WriteBatch& batch);

}  // namespace latium
