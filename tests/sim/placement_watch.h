// PlacementWatch: sees everything that the nodes of a run write to their disks, at the moment when they do, and fails the run if
// something of a tenant comes to a site that its placement does not name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ring/placement.h"
#include "store/write_batch.h"
#include "tests/sim/simulation.h"
#include "tests/sim/workloads/cluster_client.h"

namespace latium::sim {

/// Outlives the engines that it watches.
class PlacementWatch {
 public:
  /// `tenants`: as the run asks for them. What the nodes believe of their placement does not count.
  PlacementWatch(Simulation& simulation, const std::vector<RunTenant>& tenants);

  /// What a node on `site` has just written.
  void look(const std::string& site, const WriteBatch& batch);

  std::uint64_t looked_at() const { return looked_at_; }

 private:
  /// Nothing: it is nobody's.
  static std::optional<TenantId> owner_of(const WriteBatch::Operation& operation);

  Simulation& simulation_;
  std::map<std::string, Placement> placements_;
  std::map<TenantId, std::string> names_;  // from the records that the nodes keep
  std::uint64_t looked_at_ = 0;
};

}  // namespace latium::sim
