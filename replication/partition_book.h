// PartitionBook: what this node keeps in memory of each partition of buckets that it works on: the root of its tree, and what is
// known of it.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "replication/knowledge.h"
#include "replication/tree.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"
#include "store/engine.h"

namespace latium {

struct PartitionState {
  Knowledge knowledge;
  std::uint64_t root = 0;     ///< of the tree, with all that was decided
  std::uint64_t changes = 0;  ///< of the root, since the start
  std::uint64_t writing = 0;  ///< batches that are on their way to the disk
  std::uint64_t mends = 0;    ///< of leaves, since the start
  bool doubtful = false;      ///< a batch failed: the root may not be that of what is on the disk
};

/// Where a partition's Knowledge lies in Family::trees: behind its leaves.
Bytes knowledge_key(TenantId tenant, PartitionId partition);

/// Loop thread only. The engine outlives it; it outlives its tasks.
class PartitionBook {
 public:
  PartitionBook(Runtime& runtime, Engine& engine) : runtime_(runtime), engine_(engine) {}

  /// Reads it on first use, one seek in the tree. The state stays where it is. Before the first write of the partition: the root
  /// that is read would lack what is under way.
  Task<PartitionState*> load(TenantId tenant, PartitionId partition);
  /// Null: not loaded.
  PartitionState* find(TenantId tenant, PartitionId partition);

  /// Adds to what is known of some partitions. In force from some moment of the call on, on the disk when it returns.
  Task<void> learn(TenantId tenant, std::vector<std::pair<PartitionId, Knowledge>> more);

  /// Returns once everything that was decided before is in what a snapshot shows.
  Task<void> settle();

  /// The tree on the disk; if nothing was written meanwhile, its root is the root from now on.
  Task<PartitionTree> tree(TenantId tenant, PartitionId partition);
  /// The root, if need be read anew.
  Task<std::uint64_t> root(TenantId tenant, PartitionId partition);

  /// read_leaves() and check_tree(); leaves that are wrong on the disk are mended when they return.
  Task<LeafContents> contents(TenantId tenant, PartitionId partition, LeafSet leaves, std::size_t bytes_max);
  Task<TreeCheck> check(TenantId tenant, PartitionId partition);
  std::uint64_t mended() const { return mended_; }  ///< leaves, since the start

 private:
  Task<void> mend(TenantId tenant, PartitionId partition, std::uint64_t mends, std::vector<TreeEntry> wrong);

  struct Entry {
    PartitionState state;
    bool loaded = false;
    bool loading = false;
    Event ended;
  };
  static std::uint64_t number(TenantId tenant, PartitionId partition) {
    return std::uint64_t{tenant.value} << 16 | partition.value;
  }

  Runtime& runtime_;
  Engine& engine_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Entry>> entries_;
  std::uint64_t mended_ = 0;
};

}  // namespace latium
