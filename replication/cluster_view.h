// ClusterView: what the registers' protocol needs to know of the cluster. node/ has the real one, tests have small ones.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "net/transport.h"
#include "replication/quorum.h"
#include "ring/swim_messages.h"
#include "runtime/task.h"

namespace latium {

/// How to reach another node.
struct PeerView {
  Address address;
  bool same_site = false;            ///< as this node
  Liveness liveness = Liveness::up;  ///< as far as this node knows; decides whom to ask first, nothing else

  bool up() const { return liveness == Liveness::up; }
};

/// Loop thread only.
class ClusterView {
 public:
  virtual ~ClusterView() = default;

  virtual NodeId self() const = 0;
  /// Of the map in use here, on disk already.
  virtual Epoch epoch() const = 0;
  virtual Bytes encoded_topology() const = 0;
  /// Takes over a map: on disk, and in use, when it returns. One that is not newer: nothing happens.
  virtual Task<void> adopt_topology(Bytes encoded) = 0;

  /// Who holds a register under the map in use. `unknown_tenant`: its record is not here.
  virtual Result<ReplicaSet> replicas(TenantId tenant, PartitionId partition) const = 0;
  virtual bool knows_tenant(TenantId tenant) const = 0;
  /// latium.storage.TenantRecord. `unknown_tenant`.
  virtual Result<Bytes> tenant_record(TenantId tenant) const = 0;
  /// Keeps the record of a tenant. `unknown_tenant`: it was dropped; `unavailable`: not now.
  virtual Task<void> adopt_tenant(Bytes record) = 0;

  /// `unavailable`: not in the map.
  virtual Result<PeerView> peer(NodeId node) const = 0;
};

/// The only replica is this node's.
inline bool is_sole(const ClusterView& cluster, const ReplicaSet& set) {
  return set.size() == 1 && set.members.front() == cluster.self();
}

}  // namespace latium
