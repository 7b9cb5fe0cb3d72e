// The rows of tables in the cluster's registers.
#pragma once

#include <string>
#include <vector>

#include "node/cluster.h"
#include "relational/row_store.h"

namespace latium {

/// Loop thread only. The cluster outlives it and its calls.
class RegisterRows final : public RowStore {
 public:
  explicit RegisterRows(Cluster& cluster) : cluster_(cluster) {}

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override;
  Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime deadline) override;
  /// One message to the nearest replica of each partition, or (`latest`) to each replica; none to this node.
  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit, Reading how,
                     MonotonicTime deadline) override;

 private:
  struct Page;
  Task<void> ask(NodeId node, TenantId tenant, PartitionId partition, Bytes prefix, Bytes after, std::size_t limit,
                 MonotonicTime deadline, Page& out);
  Task<void> list_at(NodeId node, TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit,
                     MonotonicTime deadline, Page& out);
  Task<void> list_nearest(TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit, MonotonicTime deadline,
                          Page& out);

  Cluster& cluster_;
};

}  // namespace latium
