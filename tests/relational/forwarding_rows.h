// ForwardingRows: rows that are those of another store, for tests that do something about some of the calls.
#pragma once

#include <utility>
#include <vector>

#include "relational/row_store.h"

namespace latium::testing {

class ForwardingRows : public RowStore {
 public:
  explicit ForwardingRows(RowStore& rows) : rows_(rows) {}

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override {
    return rows_.change(std::move(key), std::move(command), deadline);
  }
  Task<TogetherEnd> change_together(const RowsTogether& rows, MonotonicTime deadline) override {
    return rows_.change_together(rows, deadline);
  }
  Task<OneStepOutcome> prewrite_in_one_step(RowsInOneStep rows, MonotonicTime deadline) override {
    return rows_.prewrite_in_one_step(std::move(rows), deadline);
  }
  Task<RowRead> read(RegisterKey key, Reading how, MonotonicTime deadline) override {
    return rows_.read(std::move(key), how, deadline);
  }
  Task<RowKeys> list(TenantId tenant, std::vector<PartitionId> partitions, TupleRange range, std::size_t limit, Reading how,
                     MonotonicTime deadline) override {
    return rows_.list(tenant, std::move(partitions), std::move(range), limit, how, deadline);
  }
  Task<RowsLeft> left_over(Bytes after, std::size_t count) override { return rows_.left_over(std::move(after), count); }
  Result<std::optional<RowState>> read_here(const RegisterKey& key, bool may_block) override {
    return rows_.read_here(key, may_block);
  }
  Result<std::optional<RowsHere>> scan_here(TenantId tenant, const std::vector<PartitionId>& partitions, const TupleRange& range,
                                            std::size_t limit, std::size_t bytes) override {
    return rows_.scan_here(tenant, partitions, range, limit, bytes);
  }
  std::optional<std::uint64_t> at_rest(TenantId tenant, TableId table) override { return rows_.at_rest(tenant, table); }
  bool is_unchanged(TenantId tenant, TableId table, std::uint64_t since) override {
    return rows_.is_unchanged(tenant, table, since);
  }
  bool is_alone(TenantId tenant, const std::vector<PartitionId>& partitions) override {
    return rows_.is_alone(tenant, partitions);
  }
  bool is_here(TenantId tenant, const std::vector<PartitionId>& partitions) override { return rows_.is_here(tenant, partitions); }

 private:
  RowStore& rows_;
};

/// The rows as a process sees them that dies after some commands: nothing that it does later has an effect.
class DyingRows final : public ForwardingRows {
 public:
  DyingRows(RowStore& rows, std::size_t commands) : ForwardingRows(rows), left_(commands) {}

  Task<RowChange> change(RegisterKey key, RowCommand command, MonotonicTime deadline) override {
    if (left_ == 0) co_return fail(ErrorCode::cancelled, Certainty::unknown, "the process has died");
    --left_;
    co_return co_await ForwardingRows::change(std::move(key), std::move(command), deadline);
  }
  Task<OneStepOutcome> prewrite_in_one_step(RowsInOneStep rows, MonotonicTime deadline) override {
    if (left_ == 0) co_return fail(ErrorCode::cancelled, Certainty::unknown, "the process has died");
    const auto outcome = co_await ForwardingRows::prewrite_in_one_step(std::move(rows), deadline);
    if (!outcome || outcome->end != OneStepEnd::not_tried) --left_;
    co_return outcome;
  }

 private:
  std::size_t left_;
};

}  // namespace latium::testing
