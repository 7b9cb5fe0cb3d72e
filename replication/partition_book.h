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
  /// Leaves of batches that failed, and of what was mended: they, and the root, may not be right.
  LeafSet suspects{};
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

  /// Returns once everything that was decided before is on the disk, and in what a snapshot shows.
  Task<void> settle();

  /// The tree on the disk; if nothing was written meanwhile, its root is the root from now on.
  Task<PartitionTree> tree(TenantId tenant, PartitionId partition);
  /// The root, if need be read anew.
  Task<std::uint64_t> root(TenantId tenant, PartitionId partition);

  /// read_leaves(), and mends those that are wrong. One at a time in this node: two would mend the same leaf twice, and each
  /// reads a whole partition.
  Task<LeafContents> contents(TenantId tenant, PartitionId partition, LeafSet leaves, std::size_t bytes_max);
  /// check_tree(), in the same way.
  Task<TreeCheck> check(TenantId tenant, PartitionId partition);
  std::uint64_t mended() const { return mended_; }  ///< leaves, since the start

 private:
  Task<void> mend(TenantId tenant, PartitionId partition, std::vector<TreeEntry> wrong);

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
  Semaphore reading_{1, 4096};
  std::uint64_t mended_ = 0;
};

}  // namespace latium
