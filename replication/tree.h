// The Merkle trees that replicas compare: one a partition, of 4,096 leaves in 64 groups. A leaf is the exclusive or of the hashes
// of its keys with what is held of them, so a write changes it without a look at the other keys, and in any order.
// Source: DeCandia et al., "Dynamo" (SOSP 2007), section 4.7. Byte table: docs/formats.md.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/engine.h"
#include "store/key_layout.h"

namespace latium {

inline constexpr std::size_t kTreeLeaves = 4096;
inline constexpr std::size_t kTreeGroups = 64;
inline constexpr std::size_t kLeavesAGroup = kTreeLeaves / kTreeGroups;

using LeafSet = std::bitset<kTreeLeaves>;

/// A key's name inside its partition: its name in Family::data without the partition's prefix.
inline BytesView name_in_partition(BytesView data_key) {
  return data_key.substr(kPartitionPrefixBytes);
}

/// What one key adds to the tree.
struct TreeEntry {
  std::uint16_t leaf = 0;
  std::uint64_t hash = 0;
};
/// `digest`: VersionSet::digest(); 0, nothing is held, adds nothing.
TreeEntry tree_entry(BytesView name_in_partition, std::uint64_t digest);

class PartitionTree {
 public:
  void toggle(const TreeEntry& entry) { leaves_[entry.leaf] ^= entry.hash; }
  std::uint64_t leaf(std::size_t number) const { return leaves_[number]; }
  void set_leaf(std::size_t number, std::uint64_t hash) { leaves_[number] = hash; }

  std::uint64_t root() const;
  std::array<std::uint64_t, kTreeGroups> groups() const;
  std::span<const std::uint64_t> leaves_of(std::size_t group) const {
    return std::span(leaves_).subspan(group * kLeavesAGroup, kLeavesAGroup);
  }

 private:
  std::array<std::uint64_t, kTreeLeaves> leaves_{};
};

/// Where a leaf lies in Family::trees: tenant u32 BE | partition u16 BE | leaf u16 BE. Its value is merged by exclusive or.
Bytes leaf_key(TenantId tenant, PartitionId partition, std::uint16_t leaf);
Bytes encode_leaf(std::uint64_t hash);

/// The tree as it is kept. Blocks. `corruption`.
Result<PartitionTree> read_tree(Engine& engine, TenantId tenant, PartitionId partition, const Snapshot* snapshot = nullptr);

/// What is held of some leaves, from the data itself.
struct LeafContents {
  struct Key {
    std::uint16_t leaf;
    std::uint64_t hash;  ///< TreeEntry::hash
    Bytes name;          ///< name_in_partition()
    Bytes versions;      ///< encoded
  };
  LeafSet leaves;  ///< those that were looked at in full
  std::vector<Key> keys;
  /// Leaves that are kept wrongly, with what makes them right: an operand of merge_xor.
  std::vector<TreeEntry> wrong;
};
/// Reads the whole partition, which is in the order of the keys and not of the leaves. Of more than `bytes_max` in `leaves`, the
/// last leaves are left out; one is always looked at. Blocks. `corruption`.
Result<LeafContents> read_leaves(Engine& engine, TenantId tenant, PartitionId partition, LeafSet leaves, std::size_t bytes_max);

/// Of all leaves: the trees computed anew.
struct TreeCheck {
  std::uint64_t keys = 0;
  std::vector<TreeEntry> wrong;
};
Result<TreeCheck> check_tree(Engine& engine, TenantId tenant, PartitionId partition);

}  // namespace latium
