#include "replication/tree.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/hash.h"
#include "replication/version.h"

namespace latium {

namespace {

// Of the names' hashes, so that they are none that others use.
constexpr std::uint64_t kSeed = 0x6c656166;

KeyRange leaf_range(TenantId tenant, PartitionId partition) {
  return {leaf_key(tenant, partition, 0), leaf_key(tenant, partition, kTreeLeaves)};
}

KeyRange data_range(TenantId tenant, PartitionId partition) {
  Bytes prefix = tenant_prefix(tenant);
  put_u16_be(prefix, partition.value);
  return KeyRange::prefix(prefix);
}

// Keeps `out` within its bytes by leaving out its last leaves.
class Budget {
 public:
  Budget(LeafContents& out, std::size_t bytes_max) : out_(out), left_(bytes_max) {}

  void add(LeafContents::Key key) {
    const std::size_t bytes = key.name.size() + key.versions.size();
    bytes_[key.leaf] += bytes;
    used_ += bytes;
    out_.keys.push_back(std::move(key));
    while (used_ > left_ && out_.leaves.count() > 1) leave_out_some();
  }

 private:
  // A quarter, so that what was read is gone through seldom.
  void leave_out_some() {
    std::size_t count = std::max<std::size_t>(1, out_.leaves.count() / 4);
    for (std::size_t leaf = kTreeLeaves; leaf-- > 0 && count > 0;) {
      if (!out_.leaves.test(leaf)) continue;
      out_.leaves.reset(leaf);
      used_ -= std::exchange(bytes_[leaf], 0);
      --count;
    }
    std::erase_if(out_.keys, [&](const LeafContents::Key& key) { return !out_.leaves.test(key.leaf); });
  }

  LeafContents& out_;
  std::size_t left_;
  std::size_t used_ = 0;
  std::vector<std::size_t> bytes_ = std::vector<std::size_t>(kTreeLeaves);
};

}  // namespace

TreeEntry tree_entry(BytesView name, std::uint64_t digest) {
  const std::uint64_t of_name = xxh3_64(name, kSeed);
  TreeEntry entry{.leaf = static_cast<std::uint16_t>(of_name % kTreeLeaves), .hash = 0};
  if (digest == 0) return entry;
  Bytes both;
  put_u64(both, of_name);
  put_u64(both, digest);
  entry.hash = xxh3_64(both, kSeed);
  return entry;
}

std::uint64_t PartitionTree::root() const {
  std::uint64_t root = 0;
  for (const std::uint64_t leaf : leaves_) root ^= leaf;
  return root;
}

std::array<std::uint64_t, kTreeGroups> PartitionTree::groups() const {
  std::array<std::uint64_t, kTreeGroups> groups{};
  for (std::size_t i = 0; i < kTreeLeaves; ++i) groups[i / kLeavesAGroup] ^= std::rotl(leaves_[i], static_cast<int>(i % 64));
  return groups;
}

Bytes leaf_key(TenantId tenant, PartitionId partition, std::uint16_t leaf) {
  Bytes key = tenant_prefix(tenant);
  put_u16_be(key, partition.value);
  put_u16_be(key, leaf);
  return key;
}

Bytes encode_leaf(std::uint64_t hash) {
  Bytes value;
  put_u64(value, hash);
  return value;
}

Result<PartitionTree> read_tree(Engine& engine, TenantId tenant, PartitionId partition, const Snapshot* snapshot) {
  PartitionTree tree;
  LATIUM_TRY(const auto cursor, engine.scan(Family::trees, leaf_range(tenant, partition), snapshot));
  for (; cursor->valid(); cursor->next()) {
    if (cursor->key().size() != kPartitionPrefixBytes + 2 || cursor->value().size() != 8) {
      return fail(ErrorCode::corruption, "a leaf of partition " + std::to_string(partition.value) + " of tenant " +
                                             std::to_string(tenant.value) + " is damaged");
    }
    tree.set_leaf(get_u16_be(cursor->key().data() + kPartitionPrefixBytes), get_u64(cursor->value().data()));
  }
  LATIUM_CHECKED(cursor->status());
  return tree;
}

Result<LeafContents> read_leaves(Engine& engine, TenantId tenant, PartitionId partition, LeafSet leaves, std::size_t bytes_max) {
  const std::shared_ptr<const Snapshot> moment = engine.snapshot();
  LATIUM_TRY(PartitionTree kept, read_tree(engine, tenant, partition, moment.get()));
  LeafContents out{.leaves = leaves, .keys = {}, .wrong = {}};
  Budget budget(out, bytes_max);
  LATIUM_TRY(const auto cursor, engine.scan(Family::data, data_range(tenant, partition), moment.get()));
  for (; cursor->valid(); cursor->next()) {
    const BytesView name = name_in_partition(cursor->key());
    const TreeEntry entry = tree_entry(name, digest_of(cursor->value()));
    if (!out.leaves.test(entry.leaf)) continue;
    kept.toggle(entry);
    budget.add({entry.leaf, entry.hash, Bytes(name), Bytes(cursor->value())});
  }
  LATIUM_CHECKED(cursor->status());
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    // What is left is what the tree should not have, or lacks.
    if (out.leaves.test(i) && kept.leaf(i) != 0) out.wrong.push_back({static_cast<std::uint16_t>(i), kept.leaf(i)});
  }
  return out;
}

Result<TreeCheck> check_tree(Engine& engine, TenantId tenant, PartitionId partition) {
  const std::shared_ptr<const Snapshot> moment = engine.snapshot();
  LATIUM_TRY(PartitionTree kept, read_tree(engine, tenant, partition, moment.get()));
  TreeCheck out;
  LATIUM_TRY(const auto cursor, engine.scan(Family::data, data_range(tenant, partition), moment.get()));
  for (; cursor->valid(); cursor->next(), ++out.keys) {
    kept.toggle(tree_entry(name_in_partition(cursor->key()), digest_of(cursor->value())));
  }
  LATIUM_CHECKED(cursor->status());
  for (std::size_t i = 0; i < kTreeLeaves; ++i) {
    if (kept.leaf(i) != 0) out.wrong.push_back({static_cast<std::uint16_t>(i), kept.leaf(i)});
  }
  return out;
}

}  // namespace latium
