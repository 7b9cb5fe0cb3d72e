// BucketDirectory: what buckets' copies need to know of tenants and of where their keys may lie. node/ has the real one.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "runtime/task.h"
#include "store/key_layout.h"

namespace latium {

/// Loop thread only.
class BucketDirectory {
 public:
  virtual ~BucketDirectory() = default;

  /// The one place that decides whether this node may write `key` to its disk: as a replica of it (no `hint_for`), or as a
  /// stand-in for the replica `hint_for`, on a site that the tenant's placement names. `invalid_argument`: it may not.
  /// `unknown_tenant`.
  virtual Result<void> may_hold(const DataKey& key, NodeId hint_for) const = 0;

  /// Who may hold hints for `replica` under the map in use: those of its site first.
  virtual std::vector<NodeId> stand_ins_for(TenantId tenant, PartitionId partition, NodeId replica) const = 0;

  /// "" for one that is not in the map.
  virtual std::string site_of(NodeId node) const = 0;

  /// A partition that this node is a replica of, perhaps the only one.
  struct Copied {
    TenantId tenant;
    PartitionId partition;
    std::vector<NodeId> replicas;
  };
  /// All of them, under the map in use.
  virtual std::vector<Copied> copied_partitions() const = 0;
  /// Who may coordinate writes of the tenant, as a replica or in place of one: the nodes that store, of all sites of its
  /// placement.
  virtual std::vector<NodeId> may_coordinate(TenantId tenant) const = 0;

  virtual bool bucket_exists(TenantId tenant, BytesView bucket) const = 0;
  /// On disk when it returns. `unknown_tenant`.
  virtual Task<void> make_bucket(TenantId tenant, Bytes bucket) = 0;
};

}  // namespace latium
