// Lists the registers of a partition, and copies the cluster's own ones to new voters.
#pragma once

#include <map>
#include <vector>

#include "node/cluster.h"

namespace latium {

/// All registers of a prefix of the system's partition as a majority of each group of voters has them: for each, the state of the
/// highest ballot. A state that was chosen before the call is in it, or a later one. Under the map in use; `stale_topology`
/// when that changes meanwhile.
Task<std::map<Bytes, RegisterPage::Entry>> list_system_registers(Cluster& cluster, Bytes prefix, MonotonicTime deadline);

/// Which registers there are in one partition of a tenant that is known here: every one that was made before the call is among
/// them. Their states may be such as never come to be: of a fast accept that not all replicas took. `unavailable` when no
/// majority of its replicas answers.
Task<std::map<Bytes, RegisterPage::Entry>> list_registers(Cluster& cluster, TenantId tenant, PartitionId partition, Bytes prefix,
                                                          MonotonicTime deadline);

/// During a transition of `joint`: brings every register to a majority of the new voters. Returns the tenants among them.
Task<std::vector<Tenant>> copy_system_registers(Cluster& cluster, Topology joint, MonotonicTime deadline);

/// The tenants that the cluster has, in order of name: linearizable for those created before the call.
Task<std::vector<Tenant>> list_tenants(Cluster& cluster, MonotonicTime deadline);

}  // namespace latium
