// Audit: whether a node has anything of a tenant on its disk that the tenant's placement does not allow there.
#pragma once

#include <string>
#include <vector>

#include "node/cluster.h"

namespace latium {

struct AuditFinding {
  Family family;
  PartitionId partition;
  std::string reason;
  std::uint64_t count = 0;
  Bytes example;  ///< one key's name as it is on the disk
};

struct AuditReport {
  std::uint64_t looked_at = 0;  ///< entries of the tenant, of all families
  std::vector<AuditFinding> found;
};

/// Reads all that this node has of the tenant, on the pool.
Task<AuditReport> audit_placement(Cluster& cluster, Engine& engine, std::shared_ptr<const TenantHandle> tenant);

}  // namespace latium
