// The rows of tables in the cluster's registers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "node/cluster.h"
#include "node/table_changes.h"
#include "relational/row_store.h"

namespace latium {

/// Loop thread only, but for what is read here. Cluster, engine and what watches it outlive it and its calls.
class RegisterRows final : public RowStore {
 public:
  RegisterRows(Cluster& cluster, Engine& engine, const TableChanges& changes)
      : cluster_(cluster), engine_(engine), changes_(changes) {}

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override;
  Task<TogetherEnd> change_together(const RowsTogether& rows, MonotonicTime deadline) override;
  Task<OneStepOutcome> prewrite_in_one_step(RowsInOneStep rows, MonotonicTime deadline) override;
  Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime deadline) override;
  /// One message to the nearest replica of each partition, or (`latest`) to each replica, until a majority has answered; none
  /// to this node.
  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit, Reading how,
                     MonotonicTime deadline) override;
  Task<RowsLeft> left_over(Bytes after, std::size_t count) override;
  Result<std::optional<RowState>> read_here(const RegisterKey& key, bool may_block) override;
  Result<std::optional<RowsHere>> scan_here(TenantId tenant, const std::vector<PartitionId>& partitions, const TupleRange& range,
                                            std::size_t limit, std::size_t bytes) override;
  std::optional<std::uint64_t> at_rest(TenantId tenant, TableId table) override { return changes_.at_rest(tenant, table); }
  bool is_unchanged(TenantId tenant, TableId table, std::uint64_t since) override { return changes_.is(tenant, table) == since; }
  bool is_alone(TenantId tenant, const std::vector<PartitionId>& partitions) override;
  bool is_here(TenantId tenant, const std::vector<PartitionId>& partitions) override {
    return tenant_here(tenant, partitions) != nullptr;
  }

 private:
  struct Page;
  struct Progress;
  static Task<void> list_into(Task<void> listing, std::size_t partition, const Page& page, Progress& progress);
  Task<void> ask(NodeId node, TenantId tenant, PartitionId partition, Bytes prefix, Bytes after, std::size_t limit,
                 MonotonicTime deadline, Page& out);
  Task<void> list_at(NodeId node, TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit,
                     MonotonicTime deadline, Page& out);
  Task<void> list_nearest(TenantId tenant, PartitionId partition, TupleRange range, std::size_t limit, MonotonicTime deadline,
                          Page& out);

  /// Of the replicas that are up, as far as this node knows, it is the first.
  bool is_first(TenantId tenant, PartitionId partition) const;
  /// Nothing: not all of the partitions are replicated here.
  std::shared_ptr<const TenantHandle> tenant_here(TenantId tenant, std::span<const PartitionId> partitions) const;

  Cluster& cluster_;
  Engine& engine_;
  const TableChanges& changes_;
};

}  // namespace latium
