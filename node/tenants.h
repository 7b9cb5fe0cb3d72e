// Tenants of the cluster: each is a register of the voters; nodes keep copies of those that they have to do with.
#pragma once

#include <memory>
#include <string>

#include "node/cluster.h"

namespace latium {

/// `already_exists`, `unsatisfiable_placement` (names what is missing), `invalid_argument`; `unavailable` while no majority of
/// the voters answers. Empty placement: one replica at `own_site`. Known here, and to every node that is up, when it returns.
Task<Tenant> create_tenant(Cluster& cluster, std::string own_site, std::string name, std::string placement,
                           std::uint16_t partitions, MonotonicTime deadline);

/// Removes the tenant and all its data. Nodes that are down learn of it when they look again. `unknown_tenant`.
Task<void> drop_tenant(Cluster& cluster, std::string name, MonotonicTime deadline);

/// The tenant, from what this node knows, or else from the voters: then it is known here from now on. `unknown_tenant`.
Task<std::shared_ptr<TenantHandle>> find_tenant(Cluster& cluster, std::string name, MonotonicTime deadline);

/// Drops what this node keeps of tenants that the cluster does not have any more. Best effort; run now and then.
Task<void> forget_dropped_tenants(Cluster& cluster, MonotonicTime deadline);

}  // namespace latium
