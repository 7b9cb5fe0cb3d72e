#include "replication/partition_book.h"

#include <utility>

#include "runtime/offload.h"
#include "store/async_engine.h"

namespace latium {

namespace {

struct Loaded {
  Knowledge knowledge;
  std::uint64_t root = 0;
};

Result<Loaded> read_partition(Engine& engine, TenantId tenant, PartitionId partition) {
  Loaded out;
  LATIUM_TRY(const PartitionTree tree, read_tree(engine, tenant, partition));
  out.root = tree.root();
  LATIUM_TRY(const ReadResult found, engine.get(Family::trees, knowledge_key(tenant, partition), ReadMode::may_block));
  if (found.presence == Presence::found) {
    LATIUM_TRY(out.knowledge, decode_knowledge(found.value));
  }
  return out;
}

}  // namespace

Bytes knowledge_key(TenantId tenant, PartitionId partition) {
  return leaf_key(tenant, partition, 0xffff);
}

PartitionState* PartitionBook::find(TenantId tenant, PartitionId partition) {
  const auto found = entries_.find(number(tenant, partition));
  return found == entries_.end() || !found->second->loaded ? nullptr : &found->second->state;
}

Task<PartitionState*> PartitionBook::load(TenantId tenant, PartitionId partition) {
  std::unique_ptr<Entry>& place = entries_[number(tenant, partition)];
  if (!place) place = std::make_unique<Entry>();
  Entry& entry = *place;  // entries are never removed
  while (entry.loading) LATIUM_CO_CHECKED(co_await entry.ended.wait());
  if (entry.loaded) co_return &entry.state;
  entry.loading = true;
  entry.ended.clear();
  auto loaded = co_await offload<Loaded>(
      runtime_, [engine = &engine_, tenant, partition] { return read_partition(*engine, tenant, partition); });
  entry.loading = false;
  entry.ended.set();
  LATIUM_CO_CHECKED(loaded);
  entry.state.knowledge = std::move(loaded->knowledge);
  entry.state.root = loaded->root;
  entry.loaded = true;
  co_return &entry.state;
}

Task<void> PartitionBook::learn(TenantId tenant, std::vector<std::pair<PartitionId, Knowledge>> more) {
  for (const auto& [partition, knowledge] : more) LATIUM_CO_CHECKED(co_await load(tenant, partition));
  // From here to the submit nothing else runs: of two calls, the later one writes what both know.
  WriteBatch batch;
  for (const auto& [partition, knowledge] : more) {
    PartitionState* const state = find(tenant, partition);
    // Should the write fail, this node refuses more than it has to until its next start.
    state->knowledge.merge(knowledge);
    batch.put(Family::trees, knowledge_key(tenant, partition), encode_knowledge(state->knowledge));
  }
  if (batch.empty()) co_return Result<void>();
  co_return co_await write(runtime_, engine_, std::move(batch), Durability::sync);
}

// Batches apply in the order in which they come.
Task<void> PartitionBook::settle() {
  WriteBatch nothing;
  nothing.remove(Family::trees, "settle");
  co_return co_await write(runtime_, engine_, std::move(nothing), Durability::sync);
}

Task<PartitionTree> PartitionBook::tree(TenantId tenant, PartitionId partition) {
  LATIUM_CO_TRY(PartitionState* const state, co_await load(tenant, partition));
  if (state->suspects.any() && state->writing == 0) {
    // Those of batches that fail meanwhile stay.
    const LeafSet suspects = std::exchange(state->suspects, {});
    const auto read = co_await contents(tenant, partition, suspects, 0);
    if (!read) state->suspects |= suspects;
    LATIUM_CO_CHECKED(read);
    state->suspects |= suspects & ~read->leaves;
  }
  const std::uint64_t changes = state->changes;
  const bool quiet = state->writing == 0;
  LATIUM_CO_TRY(PartitionTree tree, co_await offload<PartitionTree>(runtime_, [engine = &engine_, tenant, partition] {
                  return read_tree(*engine, tenant, partition);
                }));
  if (quiet && changes == state->changes) state->root = tree.root();
  co_return tree;
}

Task<std::uint64_t> PartitionBook::root(TenantId tenant, PartitionId partition) {
  LATIUM_CO_TRY(const PartitionState* const state, co_await load(tenant, partition));
  if (state->suspects.none()) co_return state->root;
  LATIUM_CO_TRY(const PartitionTree read, co_await tree(tenant, partition));
  co_return read.root();
}

Task<LeafContents> PartitionBook::contents(TenantId tenant, PartitionId partition, LeafSet leaves, std::size_t bytes_max) {
  LATIUM_CO_TRY(const Permit permit, co_await reading_.acquire());
  LATIUM_CO_TRY(LeafContents here,
                co_await offload<LeafContents>(runtime_, [engine = &engine_, tenant, partition, leaves, bytes_max] {
                  return read_leaves(*engine, tenant, partition, leaves, bytes_max);
                }));
  LATIUM_CO_CHECKED(co_await mend(tenant, partition, here.wrong));
  co_return here;
}

Task<TreeCheck> PartitionBook::check(TenantId tenant, PartitionId partition) {
  LATIUM_CO_TRY(const Permit permit, co_await reading_.acquire());
  LATIUM_CO_TRY(TreeCheck check, co_await offload<TreeCheck>(runtime_, [engine = &engine_, tenant, partition] {
                  return check_tree(*engine, tenant, partition);
                }));
  LATIUM_CO_CHECKED(co_await mend(tenant, partition, check.wrong));
  co_return check;
}

// On the disk when it returns, so that the next one who reads the leaf finds it right.
Task<void> PartitionBook::mend(TenantId tenant, PartitionId partition, std::vector<TreeEntry> wrong) {
  if (wrong.empty()) co_return Result<void>();
  LATIUM_CO_TRY(PartitionState* const state, co_await load(tenant, partition));
  WriteBatch batch;
  for (const TreeEntry& entry : wrong) {
    batch.merge_xor(Family::trees, leaf_key(tenant, partition, entry.leaf), encode_leaf(entry.hash));
    // The root in memory may be of the leaf as it should be, or as it was.
    state->suspects.set(entry.leaf);
  }
  ++state->changes;
  mended_ += wrong.size();
  co_return co_await write(runtime_, engine_, std::move(batch), Durability::buffered);
}

}  // namespace latium
