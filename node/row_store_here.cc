// Rows of replicas on this node, read on whatever thread asks.
#include <algorithm>
#include <queue>
#include <utility>

#include "node/row_store.h"

namespace latium {

namespace {

std::unexpected<Error> named(const RegisterKey& key, Error why) {
  return fail(why.code, why.message + " (" + key.describe() + ")");
}

Result<RowState> row_in(BytesView stored, const RegisterKey& key) {
  auto row = [&]() -> Result<RowState> {
    LATIUM_TRY(const RegisterState state, decode_last_chosen(stored));
    return row_of(state);
  }();
  if (!row) return named(key, std::move(row).error());
  return std::move(*row);
}

/// The same, and whether it is all that was accepted.
Result<RowState> row_in(BytesView stored, const RegisterKey& key, bool& newest) {
  const auto record = decode_acceptor(stored);
  if (!record) return named(key, record.error());
  auto row = row_of(record->last_chosen());
  if (!row) return named(key, std::move(row).error());
  newest = record->accepted == record->chosen && !row->intent;
  return std::move(*row);
}

// One partition's registers in a range of keys.
struct Walk {
  PartitionId partition;
  std::unique_ptr<Cursor> cursor;

  BytesView key() const { return cursor->key().substr(6); }  // behind tenant and partition
};

struct Later {
  bool operator()(const Walk* a, const Walk* b) const { return a->key() > b->key(); }
};

}  // namespace

std::shared_ptr<const TenantHandle> RegisterRows::tenant_here(TenantId tenant, std::span<const PartitionId> partitions) const {
  auto handle = cluster_.catalog().find(tenant);
  if (!handle) return nullptr;
  const auto nodes = handle->replicas(*cluster_.ring());
  for (const PartitionId partition : partitions) {
    const auto replicas = nodes->replicas(partition);
    if (std::ranges::find(replicas, cluster_.self()) == replicas.end()) return nullptr;
  }
  return handle;
}

Result<std::optional<RowState>> RegisterRows::read_here(const RegisterKey& key, bool may_block) {
  const auto tenant = tenant_here(key.tenant, {&key.partition, 1});
  if (!tenant) return std::nullopt;
  LATIUM_TRY(const ReadResult found,
             engine_.get(Family::registers, key.stored(), may_block ? ReadMode::may_block : ReadMode::cached_only));
  // Nothing is left of a tenant that is dropped meanwhile.
  if (found.presence == Presence::not_cached || tenant->dropped()) return std::nullopt;
  if (found.presence == Presence::absent) return std::optional<RowState>(std::in_place);
  LATIUM_TRY(RowState row, row_in(found.value, key));
  return std::optional(std::move(row));
}

Result<std::optional<RowsHere>> RegisterRows::scan_here(TenantId tenant, const std::vector<PartitionId>& partitions,
                                                        const TupleRange& range, std::size_t limit, std::size_t bytes) {
  const auto handle = tenant_here(tenant, partitions);
  if (!handle) return std::nullopt;
  std::vector<Walk> walks(partitions.size());
  std::priority_queue<Walk*, std::vector<Walk*>, Later> next;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    KeyRange keys{stored_table_key(tenant, partitions[i], range.begin), stored_table_key(tenant, partitions[i], range.end)};
    walks[i].partition = partitions[i];
    LATIUM_TRY(walks[i].cursor, engine_.scan(Family::registers, std::move(keys)));
    if (walks[i].cursor->valid()) next.push(&walks[i]);
    LATIUM_CHECKED(walks[i].cursor->status());
  }
  RowsHere out;
  std::size_t taken = 0;
  while (!next.empty()) {
    if (out.rows.size() == limit || taken > bytes) {
      out.more = true;
      break;
    }
    Walk& walk = *next.top();
    next.pop();
    RegisterKey key{tenant, walk.partition, Bytes(walk.key())};
    bool newest = true;
    LATIUM_TRY(RowState row, row_in(walk.cursor->value(), key, newest));
    out.newest = out.newest && newest;
    taken += walk.cursor->value().size();
    out.rows.push_back({std::move(key), std::move(row)});
    walk.cursor->next();
    if (walk.cursor->valid()) next.push(&walk);
    LATIUM_CHECKED(walk.cursor->status());
  }
  if (handle->dropped()) return std::nullopt;
  return std::optional(std::move(out));
}

bool RegisterRows::is_alone(TenantId tenant, const std::vector<PartitionId>& partitions) {
  return std::ranges::all_of(partitions, [&](PartitionId partition) {
    const auto set = cluster_.replicas(tenant, partition);
    return set && set->size() == 1 && set->members.front() == cluster_.self();
  });
}

}  // namespace latium
