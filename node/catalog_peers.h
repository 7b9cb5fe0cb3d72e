// What nodes tell each other about changes of tables.
#pragma once

#include "node/cluster.h"
#include "relational/catalog_peers.h"

namespace latium {

/// All nodes of the cluster. `cluster` outlives it.
class ClusterCatalogPeers final : public CatalogPeers {
 public:
  explicit ClusterCatalogPeers(Cluster& cluster) : cluster_(cluster) {}

  /// One round trip to a majority of the voters, then one to all nodes. `unavailable`, `deadline_exceeded`.
  Task<void> others_gave_up(CatalogPlace place, Bytes key, std::uint64_t version, MonotonicTime deadline) override;

 private:
  Cluster& cluster_;
};

}  // namespace latium
